//! Who goes when: among the requests of one key, and of several; and what a dropped wait returns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use atg_core::{
    OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Priority, QuotaHint, Unpaced,
};
use atg_perf::simulated::key;
use atg_perf::{FixedPace, QuotaLimit, QuotaPace};
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::Instant;

fn reads(scope: &str) -> PaceKey {
    key(OperationClass::Read, scope)
}

const SECOND: Duration = Duration::from_secs(1);

/// Ten a second, one at once, by either pace.
fn paces() -> [Arc<dyn Pace>; 2] {
    let limit = QuotaLimit::Bucket { capacity: 1, refill_per_second: 10 };
    let quota = QuotaPace::new().with_limit(OperationClass::Read, limit);
    [Arc::new(FixedPace::new(10, 1)), Arc::new(quota)]
}

fn observation(result: PaceResult) -> PaceObservation {
    PaceObservation { result, quota: QuotaHint::default(), elapsed: Duration::ZERO }
}

#[tokio::test(start_paused = true)]
async fn first_come_is_first_served_however_many_there_are() {
    for pace in paces() {
        let order = Mutex::new(Vec::new());
        let (reads, order) = (&reads("a"), &order);
        let start = Instant::now();
        join_all((0..100).map(|number| {
            let pace = Arc::clone(&pace);
            async move {
                drop(pace.acquire(reads, Priority::Bulk).await);
                order.lock().unwrap().push(number);
            }
        }))
        .await;
        assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
        assert_eq!(start.elapsed().as_millis(), 9_900);
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_is_waited_for_goes_before_a_queue_of_a_thousand() {
    for pace in paces() {
        let reads = reads("a");
        drop(pace.acquire(&reads, Priority::Bulk).await);
        let queue: Vec<_> = (0..1_000)
            .map(|_| {
                let mut waiting = pace.acquire(&reads, Priority::Bulk).map(drop).boxed();
                assert!((&mut waiting).now_or_never().is_none());
                waiting
            })
            .collect();
        let start = Instant::now();
        let bulk = async { join_all(queue).await.len() };
        let interactive = async {
            for _ in 0..5 {
                drop(pace.acquire(&reads, Priority::Interactive).await);
            }
            start.elapsed()
        };
        let (all, first) = tokio::join!(bulk, interactive);
        assert_eq!(all, 1_000);
        // The first in line had been promised its turn; nobody else went before.
        assert!(first <= SECOND, "{first:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_is_held_holds_no_other() {
    for pace in paces() {
        let held_key = reads("held");
        drop(pace.acquire(&held_key, Priority::Bulk).await);
        let refusal = observation(PaceResult::Throttled(Some(Duration::from_secs(600))));
        pace.observe(&held_key, &refusal);
        let held: Vec<_> =
            (0..50).map(|_| pace.acquire(&held_key, Priority::Interactive).map(drop)).collect();
        let start = Instant::now();
        let others = async {
            for number in 0..100 {
                drop(pace.acquire(&reads(&number.to_string()), Priority::Bulk).await);
            }
            start.elapsed()
        };
        let (_, others) = tokio::join!(join_all(held), others);
        assert_eq!(others, Duration::ZERO);
        assert_eq!(start.elapsed(), Duration::from_millis(600_000 + 4_900));
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_waits_return_everything() {
    for pace in paces() {
        let reads = reads("a");
        drop(pace.acquire(&reads, Priority::Bulk).await);
        for round in 0_u32..50 {
            let mut waiting: Vec<_> = [Priority::Bulk, Priority::Interactive]
                .into_iter()
                .cycle()
                .take(20)
                .map(|priority| pace.acquire(&reads, priority))
                .collect();
            for one in &mut waiting {
                assert!(one.now_or_never().is_none());
            }
            // From the front, from the back, and the odd ones.
            match round % 3 {
                0 => waiting.clear(),
                1 => while waiting.pop().is_some() {},
                _ => drop(waiting.into_iter().step_by(2).collect::<Vec<_>>()),
            }
        }
        let start = Instant::now();
        drop(pace.acquire(&reads, Priority::Bulk).await);
        assert_eq!(start.elapsed().as_millis(), 100);
    }
}

#[tokio::test(start_paused = true)]
async fn dropped_permits_without_an_answer_return_their_place() {
    let limit = QuotaLimit::Bucket { capacity: 1_000, refill_per_second: 1 };
    let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
    let reads = reads("a");
    for _ in 0..100 {
        // Eight before the first answer, and that never comes.
        let permits = join_all((0..8).map(|_| pace.acquire(&reads, Priority::Bulk))).await;
        assert!(pace.acquire(&reads, Priority::Bulk).now_or_never().is_none());
        drop(permits);
    }
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_does_not_cut_the_rate() {
    for pace in paces() {
        let reads = reads("a");
        let start = Instant::now();
        for number in 0..200 {
            let permit = pace.acquire(&reads, Priority::Bulk).await;
            let failed = [PaceResult::ServerFailed, PaceResult::Lost][number % 2];
            pace.observe(&reads, &observation(failed));
            drop(permit);
        }
        assert!(start.elapsed().as_millis() <= 19_900, "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_steady_pace_is_steady_whatever_it_is_told() {
    let pace = FixedPace::new(10, 3);
    let start = Instant::now();
    for number in 0..203_u64 {
        let permit = pace.acquire(&reads("a"), Priority::Bulk).await;
        let remaining = Some(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (number % 64));
        let quota = QuotaHint { remaining, resets_after: Some(Duration::MAX) };
        let elapsed = Duration::MAX;
        let result = PaceResult::Answered;
        pace.observe(&reads("a"), &PaceObservation { result, quota, elapsed });
        drop(permit);
    }
    assert_eq!(start.elapsed().as_millis(), 20_000);
    let zero = FixedPace::new(0, 0);
    let start = Instant::now();
    drop(zero.acquire(&reads("a"), Priority::Bulk).await);
    drop(zero.acquire(&reads("a"), Priority::Bulk).await);
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn unpaced_is_unpaced() {
    for _ in 0..1_000 {
        assert!(Unpaced.acquire(&reads("a"), Priority::Bulk).now_or_never().is_some());
    }
}
