//! What a pace logs, in paused time: long waits, seldom, with their key, and nothing else.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../log_support/mod.rs"]
mod log;

use std::sync::Arc;
use std::time::Duration;

use atg_core::{OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Priority, QuotaHint};
use atg_perf::simulated::key;
use atg_perf::{FixedPace, QuotaLimit, QuotaPace};
use futures::FutureExt;
use tokio::time::{sleep, timeout};

use log::Log;

const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn observation(result: PaceResult) -> PaceObservation {
    PaceObservation { result, quota: QuotaHint::default(), elapsed: Duration::ZERO }
}

fn reads() -> PaceKey {
    key(OperationClass::Read, "subscription-7")
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_long_refusals_is_one_line_with_the_key() {
    let (log, _listening) = Log::listen();
    let pace = QuotaPace::new();
    for _ in 0..16 {
        pace.observe(&reads(), &observation(PaceResult::Throttled(Some(secs(300)))));
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["WARN", "subscription-7", "operation=Read", "seconds=300"] {
        assert!(lines[0].contains(part), "{part}: {lines:#?}");
    }
    pace.observe(
        &key(OperationClass::Read, "b"),
        &observation(PaceResult::Throttled(Some(secs(30)))),
    );
    assert_eq!(log.lines().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_long_wait_that_no_refusal_asked_for_is_told_of_once() {
    let (log, _listening) = Log::listen();
    let pace = QuotaPace::new();
    let queries = key(OperationClass::Query, "tenant-9");
    let permit = pace.acquire(&queries, Priority::Bulk).await;
    let quota = QuotaHint { remaining: Some(0), resets_after: Some(Duration::MAX) };
    pace.observe(&queries, &PaceObservation { quota, ..observation(PaceResult::Answered) });
    drop(permit);
    assert_eq!(log.lines(), [""; 0]);
    let waiting = pace.acquire(&queries, Priority::Bulk);
    let others = async {
        for _ in 0..10 {
            sleep(secs(5)).await;
            pace.observe(&queries, &observation(PaceResult::Answered));
        }
    };
    let (permit, ()) = futures::join!(waiting, others);
    drop(permit);
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    for part in ["WARN", "tenant-9", "operation=Query", "seconds=3600"] {
        assert!(lines[0].contains(part), "{part}: {lines:#?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pace_too_slow_to_be_meant_is_told_of() {
    let (log, _listening) = Log::listen();
    let limit = QuotaLimit::Window { limit: 1, period: Duration::MAX };
    let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
    drop(pace.acquire(&reads(), Priority::Bulk).await);
    assert!(timeout(secs(3_599), pace.acquire(&reads(), Priority::Bulk)).await.is_err());
    assert!(timeout(secs(2), pace.acquire(&reads(), Priority::Bulk)).await.is_ok());
    assert_eq!(log.lines().len(), 1, "the second wait was short");
}

#[tokio::test(start_paused = true)]
async fn requests_that_never_come_back_are_told_of_after_half_a_minute() {
    let (log, _listening) = Log::listen();
    let pace = QuotaPace::new().with_in_flight(1);
    let reads = reads();
    let held = pace.acquire(&reads, Priority::Bulk).await;
    let mut waiting = pace.acquire(&reads, Priority::Bulk);
    assert!(timeout(secs(29), &mut waiting).await.is_err());
    assert_eq!(log.lines().len(), 0);
    assert!(timeout(secs(3_600), &mut waiting).await.is_err());
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("subscription-7") && lines[0].contains("seconds=30"), "{lines:#?}");
    drop(held);
    assert!(waiting.now_or_never().is_some(), "the wake-up is not lost");
}

#[tokio::test(start_paused = true)]
async fn a_busy_queue_is_no_warning() {
    let (log, _listening) = Log::listen();
    let pace = Arc::new(FixedPace::new(1, 1));
    let tasks = (0..100).map(|_| {
        let pace = Arc::clone(&pace);
        async move { drop(pace.acquire(&reads(), Priority::Bulk).await) }
    });
    futures::future::join_all(tasks).await;
    // A word a minute.
    let lines = log.lines();
    assert!((1..=2).contains(&lines.len()), "{lines:#?}");
    assert!(lines[0].contains("INFO") && lines[0].contains("waiting in line"), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_stands_still_is_told_of() {
    let (log, _listening) = Log::listen();
    let (pace, reads) = (QuotaPace::new().with_in_flight(1), reads());
    let held = pace.acquire(&reads, Priority::Bulk).await;
    // The first in line is kept beside other work, and looks no more.
    let mut first = pace.acquire(&reads, Priority::Bulk);
    assert!(timeout(secs(1), &mut first).await.is_err());
    drop(held);
    let behind = pace.acquire(&reads, Priority::Bulk);
    assert!(timeout(secs(36_000), behind).await.is_err());
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("WARN") && lines[0].contains("waiting in line"), "{lines:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_line_that_moved_for_long_is_warned_of_when_it_stops() {
    let (log, _listening) = Log::listen();
    let (pace, reads) = (QuotaPace::new().with_in_flight(1), reads());
    let gone = std::cell::Cell::new(0);
    // Each keeps its permit for a second; the hundredth for good.
    let line = (0..200).map(|_| async {
        let permit = pace.acquire(&reads, Priority::Bulk).await;
        gone.set(gone.get() + 1);
        if gone.get() == 100 {
            std::mem::forget(permit);
        } else {
            sleep(secs(1)).await;
        }
    });
    assert!(timeout(secs(3_600), futures::future::join_all(line)).await.is_err());
    let lines = log.lines();
    let warned = lines.iter().filter(|line| line.contains("WARN")).count();
    assert!(lines[0].contains("INFO") && lines.len() - warned <= 4, "{lines:#?}");
    // Once a minute, and by each of those who wait once.
    assert!((1..=60).contains(&warned), "{lines:#?}");
}

#[cfg(feature = "keyed-limiter")]
#[tokio::test(start_paused = true)]
async fn long_waits_for_a_users_limit_are_told_of_once_a_minute() {
    let (log, _listening) = Log::listen();
    let limiter = atg_perf::KeyedLimiter::new("1/minute".parse().unwrap());
    limiter.check(&"anna").unwrap();
    sleep(secs(35)).await;
    // 25 s are not long.
    limiter.until_ready(&"anna").await;
    assert_eq!(log.lines(), [""; 0]);
    // They wait for one to ten minutes.
    futures::future::join_all((0..10).map(|_| limiter.until_ready(&"anna"))).await;
    let lines = log.lines();
    assert!((1..=10).contains(&lines.len()), "{lines:#?}");
    assert!(lines[0].contains("seconds=60") && lines[0].contains("limit=1/minute"), "{lines:#?}");
    assert!(!lines.concat().contains("anna"), "{lines:#?}");
}
