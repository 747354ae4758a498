//! How `QuotaPace` makes requests wait, in paused time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atg_core::{
    OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority, QuotaHint,
};
use atg_perf::{QuotaLimit, QuotaPace};
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::Instant;

fn key(operation: OperationClass) -> PaceKey {
    let (principal, scope, region) = ("app".into(), "tenant".into(), "".into());
    PaceKey { principal, scope, region, operation }
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn answered() -> PaceObservation {
    let (result, quota) = (PaceResult::Answered, QuotaHint::default());
    PaceObservation { result, quota, elapsed: Duration::ZERO }
}

fn refused(after: Option<Duration>) -> PaceObservation {
    PaceObservation { result: PaceResult::Throttled(after), ..answered() }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_holds_the_whole_key_and_no_other() {
    let pace = QuotaPace::new();
    let (read, write) = (key(OperationClass::Read), key(OperationClass::Write));
    drop(pace.acquire(&read, Priority::Bulk).await);
    pace.observe(&read, &refused(Some(ms(7_000))));
    let start = Instant::now();
    drop(pace.acquire(&write, Priority::Bulk).await);
    assert_eq!(start.elapsed(), Duration::ZERO);
    drop(pace.acquire(&read, Priority::Interactive).await);
    assert_eq!(start.elapsed(), ms(7_000));
}

#[tokio::test(start_paused = true)]
async fn a_refusal_with_quota_left_uses_none_of_it_up() {
    for (remaining, at_once) in [(Some(100), 100), (Some(0), 0), (None, 0)] {
        for operation in [OperationClass::Read, OperationClass::Query] {
            let limit = match operation {
                OperationClass::Query => {
                    QuotaLimit::Window { limit: 250, period: Duration::from_secs(60) }
                }
                _ => QuotaLimit::Bucket { capacity: 250, refill_per_second: 1 },
            };
            let pace = QuotaPace::new().with_limit(operation, limit).with_in_flight(1);
            let key = key(operation);
            drop(pace.acquire(&key, Priority::Bulk).await);
            let told = QuotaHint { remaining: Some(240), resets_after: Some(ms(60_000)) };
            pace.observe(&key, &PaceObservation { quota: told, ..answered() });
            let quota = QuotaHint { remaining, resets_after: None };
            pace.observe(&key, &PaceObservation { quota, ..refused(Some(ms(900))) });
            let start = Instant::now();
            assert!(pace.acquire(&key, Priority::Bulk).now_or_never().is_none());
            tokio::time::advance(ms(900)).await;
            let mut gone = 0;
            while pace.acquire(&key, Priority::Bulk).now_or_never().is_some() {
                gone += 1;
            }
            assert_eq!((gone, start.elapsed()), (at_once, ms(900)), "{remaining:?} {operation:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_class_begins_with_azures_limit() {
    for (operation, at_once, next) in [
        (OperationClass::Read, 250, ms(40)),
        (OperationClass::Write, 200, ms(100)),
        (OperationClass::Delete, 200, ms(100)),
        (OperationClass::Query, 15, ms(5_000)),
    ] {
        let (pace, key, start) = (QuotaPace::new(), key(operation), Instant::now());
        for _ in 0..at_once {
            drop(pace.acquire(&key, Priority::Bulk).await);
        }
        assert_eq!(start.elapsed(), Duration::ZERO, "{operation:?}");
        drop(pace.acquire(&key, Priority::Bulk).await);
        assert_eq!(start.elapsed(), next, "{operation:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wait_beyond_the_clock_is_a_wait() {
    let limit = QuotaLimit::Window { limit: 1, period: Duration::MAX };
    let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
    let read = key(OperationClass::Read);
    drop(pace.acquire(&read, Priority::Bulk).await);
    let next = tokio::time::timeout(ms(1_000), pace.acquire(&read, Priority::Bulk)).await;
    assert!(next.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_refill_however_fast_holds_nobody_for_good() {
    for refill_per_second in [999_999_999, 1_000_000_000, 1_000_000_001, u32::MAX] {
        let limit = QuotaLimit::Bucket { capacity: 5, refill_per_second };
        let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
        for _ in 0..3 {
            drop(soon(pace.acquire(&key(OperationClass::Read), Priority::Bulk)).await);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_rate_that_nobody_tries_does_not_rise() {
    for (capacity, each) in [(1, 2), (2, 2), (4, 5), (20, 5)] {
        let limit = QuotaLimit::Bucket { capacity, refill_per_second: 1 };
        let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
        let read = key(OperationClass::Read);
        for _ in 0..720 {
            drop(pace.acquire(&read, Priority::Bulk).await);
            pace.observe(&read, &answered());
            tokio::time::sleep(Duration::from_secs(each)).await;
        }
        let start = Instant::now();
        for _ in 0..capacity + 10 {
            drop(pace.acquire(&read, Priority::Bulk).await);
        }
        assert!(start.elapsed() >= ms(9_900), "{capacity}: {:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_of_no_time_is_a_millisecond() {
    let limit = QuotaLimit::Window { limit: 2, period: Duration::ZERO };
    let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
    let start = Instant::now();
    for _ in 0..20 {
        drop(pace.acquire(&key(OperationClass::Read), Priority::Bulk).await);
    }
    assert_eq!(start.elapsed(), ms(9));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_nothing_says_less_than_the_reset() {
    let pace = QuotaPace::new();
    let read = key(OperationClass::Read);
    let quota = QuotaHint { remaining: Some(0), resets_after: Some(ms(7_000)) };
    pace.observe(&read, &PaceObservation { quota, ..refused(Some(Duration::ZERO)) });
    let start = Instant::now();
    drop(pace.acquire(&read, Priority::Bulk).await);
    // Nothing was left, so the first comes back 40 ms later.
    assert_eq!(start.elapsed(), ms(7_040));
}

#[tokio::test(start_paused = true)]
async fn a_late_refusal_of_the_window_before_leaves_this_one_whole() {
    let pace = QuotaPace::new();
    let query = key(OperationClass::Query);
    let told = QuotaHint { remaining: Some(14), resets_after: Some(ms(5_000)) };
    drop(pace.acquire(&query, Priority::Bulk).await);
    pace.observe(&query, &PaceObservation { quota: told, ..answered() });
    tokio::time::advance(ms(4_900)).await;
    let late = pace.acquire(&query, Priority::Bulk).await;
    tokio::time::advance(ms(200)).await;
    drop(pace.acquire(&query, Priority::Bulk).await);
    let quota = QuotaHint { remaining: Some(0), resets_after: Some(ms(50)) };
    let refusal = PaceObservation { quota, elapsed: ms(200), ..refused(Some(ms(50))) };
    pace.observe(&query, &refusal);
    drop(late);
    tokio::time::advance(ms(50)).await;
    let mut gone = 0;
    while pace.acquire(&query, Priority::Bulk).now_or_never().is_some() {
        gone += 1;
    }
    assert_eq!(gone, 14);
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_and_a_lost_answer_hold_nothing() {
    let pace = QuotaPace::new();
    let read = key(OperationClass::Read);
    let start = Instant::now();
    for result in [PaceResult::ServerFailed, PaceResult::Lost].repeat(50) {
        drop(pace.acquire(&read, Priority::Bulk).await);
        pace.observe(&read, &PaceObservation { result, ..answered() });
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(start_paused = true)]
async fn no_hint_however_odd_stops_the_pace_for_good() {
    for operation in [OperationClass::Read, OperationClass::Query] {
        let pace = QuotaPace::new();
        let key = key(operation);
        for remaining in [None, Some(0), Some(u64::MAX)] {
            for resets_after in [None, Some(Duration::ZERO), Some(Duration::MAX)] {
                for result in [PaceResult::Answered, PaceResult::Throttled(resets_after)] {
                    let quota = QuotaHint { remaining, resets_after };
                    let observation = PaceObservation { result, quota, elapsed: Duration::MAX };
                    drop(pace.acquire(&key, Priority::Bulk).await);
                    pace.observe(&key, &observation);
                }
            }
        }
        let start = Instant::now();
        drop(pace.acquire(&key, Priority::Bulk).await);
        assert!(start.elapsed() <= Duration::from_secs(3_601));
    }
}

fn one_a_second() -> QuotaPace {
    let limit = QuotaLimit::Bucket { capacity: 1, refill_per_second: 1 };
    QuotaPace::new().with_limit(OperationClass::Read, limit)
}

#[tokio::test(start_paused = true)]
async fn turns_come_in_order_and_interactive_first() {
    let pace = Arc::new(one_a_second());
    let order = Arc::new(Mutex::new(Vec::new()));
    drop(pace.acquire(&key(OperationClass::Read), Priority::Bulk).await);
    let tasks = ["b0", "b1", "i0", "b2", "i1"].map(|name| {
        let (pace, order) = (Arc::clone(&pace), Arc::clone(&order));
        async move {
            let priority =
                if name.starts_with('i') { Priority::Interactive } else { Priority::Bulk };
            drop(pace.acquire(&key(OperationClass::Read), priority).await);
            order.lock().unwrap().push((name, Instant::now()));
        }
    });
    let start = Instant::now();
    join_all(tasks).await;
    let order = order.lock().unwrap();
    let names: Vec<_> = order.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["i0", "i1", "b0", "b1", "b2"]);
    let times: Vec<_> = order.iter().map(|(_, at)| (*at - start).as_secs()).collect();
    assert_eq!(times, [1, 2, 3, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_takes_nothing_and_blocks_nobody() {
    let pace = one_a_second();
    let read = key(OperationClass::Read);
    drop(pace.acquire(&read, Priority::Bulk).await);
    let start = Instant::now();
    let mut first = Box::pin(pace.acquire(&read, Priority::Interactive));
    let mut second = Box::pin(pace.acquire(&read, Priority::Bulk));
    let mut third = Box::pin(pace.acquire(&read, Priority::Bulk));
    for waiting in [&mut first, &mut second, &mut third] {
        assert!(waiting.now_or_never().is_none());
    }
    // The first of the bulk line gave way to the interactive one: its drop is a wake-up.
    drop(first);
    drop(soon(second).await);
    assert_eq!(start.elapsed(), ms(1_000));
    drop(soon(third).await);
    assert_eq!(start.elapsed(), ms(2_000));

    let mut first = Box::pin(pace.acquire(&read, Priority::Bulk));
    let mut second = Box::pin(pace.acquire(&read, Priority::Bulk));
    assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
    drop(first);
    drop(soon(second).await);
    assert_eq!(start.elapsed(), ms(3_000));
}

/// What comes within an hour; nothing else may happen.
async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(3_600), what).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn nobody_overtakes_who_waits() {
    let pace = one_a_second();
    let read = key(OperationClass::Read);
    drop(pace.acquire(&read, Priority::Bulk).await);
    let mut first = Box::pin(pace.acquire(&read, Priority::Bulk));
    assert!((&mut first).now_or_never().is_none());
    // The quota is there again, but the one who waits has not yet woken up.
    tokio::time::advance(ms(1_500)).await;
    let mut late = Box::pin(pace.acquire(&read, Priority::Bulk));
    assert!((&mut late).now_or_never().is_none());
    drop(soon(first).await);
    drop(soon(late).await);
}

#[tokio::test(start_paused = true)]
async fn the_cap_counts_permits_alive() {
    let pace = QuotaPace::new().with_in_flight(2);
    let read = key(OperationClass::Read);
    let held: Vec<Permit> =
        join_all((0..2).map(|_| pace.acquire(&read, Priority::Bulk))).await.into_iter().collect();
    let mut third = Box::pin(pace.acquire(&read, Priority::Bulk));
    assert!((&mut third).now_or_never().is_none());
    drop(held);
    assert!(third.now_or_never().is_some());
}

#[tokio::test(start_paused = true)]
async fn thousands_of_keys_are_independent() {
    let pace = QuotaPace::new();
    let start = Instant::now();
    for number in 0..10_000 {
        let scope = format!("subscription-{number}").into();
        let key = PaceKey { scope, ..key(OperationClass::Read) };
        drop(pace.acquire(&key, Priority::Bulk).await);
        pace.observe(&key, &refused(None));
    }
    assert_eq!(start.elapsed(), Duration::ZERO);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_on_two_threads_lose_no_wake_up() {
    let limit = QuotaLimit::Bucket { capacity: 1_000_000, refill_per_second: 1 };
    let pace = QuotaPace::new().with_limit(OperationClass::Read, limit).with_in_flight(3);
    let pace = Arc::new(pace);
    let tasks: Vec<_> = (0..64_u32)
        .map(|number| {
            let pace = Arc::clone(&pace);
            tokio::spawn(async move {
                let priority = if number % 8 == 0 { Priority::Interactive } else { Priority::Bulk };
                for _ in 0..200 {
                    let permit = pace.acquire(&key(OperationClass::Read), priority).await;
                    tokio::task::yield_now().await;
                    pace.observe(&key(OperationClass::Read), &answered());
                    drop(permit);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
}
