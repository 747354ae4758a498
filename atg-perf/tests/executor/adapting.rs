//! Workers against small services.

use std::sync::Arc;
use std::time::Duration;

use atg_perf::{AdaptiveExecutor, Classification, ExecutorOptions, Progress};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::support::{Gauge, Seen, ms};

/// 60 to 140 ms.
fn work(task: u64) -> Duration {
    ms(60 + task.wrapping_mul(2_654_435_761) / 65_536 % 81)
}

fn options() -> ExecutorOptions {
    ExecutorOptions { maximum_workers: 64, ..ExecutorOptions::default() }
}

/// Runs 10,000 tasks with so many workers at first, and returns the progress at the end and the
/// mean number of workers in the second half.
async fn run<F, Fut>(first_workers: usize, function: F) -> (Progress, f64)
where
    F: Fn(u64) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<u64, &'static str>> + Send + 'static,
{
    let seen = Seen::default();
    let executor = AdaptiveExecutor::new(ExecutorOptions { first_workers, ..options() })
        .with_observer(seen.observer())
        .with_classifier(|_| Classification::Overload);
    let outcome = executor.run(0..10_000, function).await;
    (outcome.progress, seen.settled_workers())
}

#[tokio::test(start_paused = true)]
async fn they_end_near_what_a_service_can_take() {
    for (first, places, from, to) in [(4, 10, 8.0, 13.5), (64, 10, 8.0, 13.5), (4, 40, 32.0, 52.0)]
    {
        let service = Arc::new(Semaphore::new(places));
        let (progress, workers) = run(first, move |task| {
            let service = Arc::clone(&service);
            async move {
                let _place = service.acquire().await.unwrap();
                sleep(work(task)).await;
                Ok(task)
            }
        })
        .await;
        assert!((from..=to).contains(&workers), "{workers} for {places} places");
        // The whole, its search included, against the best there can be.
        let best = 10_000.0 * 0.1 / f64::from(u32::try_from(places).unwrap());
        let taken = progress.elapsed.as_secs_f64();
        assert!(taken < best * 1.15, "{taken} s, {best} s at the best");
    }
}

#[tokio::test(start_paused = true)]
async fn they_leave_where_a_service_degrades() {
    for first in [4, 64] {
        let within = Gauge::default();
        let (progress, workers) = run(first, move |task| {
            let within = within.clone();
            async move {
                let (_guard, count) = within.enter();
                let crowd = f64::from(u32::try_from(count).unwrap()) / 12.0;
                sleep(work(task).mul_f64(crowd.powi(2).max(1.0))).await;
                Ok(task)
            }
        })
        .await;
        assert!((8.0..=14.0).contains(&workers), "{workers}");
        let (best, taken) = (10_000.0 * 0.1 / 12.0, progress.elapsed.as_secs_f64());
        assert!(taken < best * 1.35, "{taken} s, {best} s at the best");
    }
}

#[tokio::test(start_paused = true)]
async fn they_stay_under_what_is_refused() {
    let within = Gauge::default();
    let gauge = within.clone();
    let (progress, workers) = run(64, move |task| {
        let within = within.clone();
        async move {
            let (_guard, count) = within.enter();
            if count > 20 {
                sleep(ms(10)).await;
                return Err("too many requests");
            }
            sleep(work(task)).await;
            Ok(task)
        }
    })
    .await;
    assert!((11.0..=22.0).contains(&workers), "{workers}");
    assert!(progress.failed < 300, "{}", progress.failed);
    assert!(gauge.most() == 64 && gauge.now() == 0);
}

#[tokio::test(start_paused = true)]
async fn they_grow_to_the_most_where_that_pays_and_stay_within_bounds() {
    let within = Gauge::default();
    let gauge = within.clone();
    let (progress, workers) = run(1, move |task| {
        let guard = within.enter();
        async move {
            sleep(work(task)).await;
            drop(guard);
            Ok(task)
        }
    })
    .await;
    assert!(workers > 55.0, "{workers}");
    assert_eq!((gauge.most(), progress.succeeded), (64, 10_000));
}

#[tokio::test(start_paused = true)]
async fn progress_tells_it_all() {
    let seen = Seen::default();
    let executor = AdaptiveExecutor::new(options()).with_observer(seen.observer());
    let task = |task: u64| async move {
        sleep(ms(100)).await;
        if task % 10 == 3 { Err("three") } else { Ok(task) }
    };
    let outcome = executor.run(0..1_000, task).await;
    let all = seen.all();
    assert_eq!(all.len(), 1_001);
    assert_eq!(all.last(), Some(&outcome.progress));
    for pair in all.windows(2) {
        assert!(pair[0].ended() <= pair[1].ended() && pair[0].started <= pair[1].started);
        assert!(pair.iter().all(|progress| progress.total == Some(1_000)));
        assert!(pair.iter().all(|p| p.started == p.ended() + p.running()));
    }
    let middle = all[700];
    let rate = f64::from(u32::try_from(middle.workers).unwrap()) * 9.0;
    assert!(middle.goodput > rate * 0.3 && middle.goodput < rate * 1.1, "{middle:?}");
    assert_eq!(middle.timeout, Duration::from_secs(1));
    assert_eq!((outcome.progress.succeeded, outcome.progress.failed), (900, 100));
    assert!(!outcome.is_success());
}
