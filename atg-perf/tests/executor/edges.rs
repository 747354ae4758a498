//! Nothing to do, much to do, and senseless options.

use std::time::Duration;

use atg_perf::{AdaptiveExecutor, ExecutorOptions, RunEnd};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use crate::support::{Gauge, fixed, ms};

async fn at_once(task: u64) -> Result<u64, String> {
    Ok(task)
}

#[tokio::test(start_paused = true)]
async fn no_task_is_a_complete_run() {
    let outcome = AdaptiveExecutor::default().run([], at_once).await;
    assert_eq!((outcome.reports.len(), outcome.progress.total), (0, Some(0)));
    assert!(outcome.is_success());
    let mut results = AdaptiveExecutor::default().results(stream::empty(), at_once);
    assert_eq!((results.next().await, results.next().await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_tasks_at_once() {
    let within = Gauge::default();
    let gauge = within.clone();
    let outcome = AdaptiveExecutor::new(fixed(10_000))
        .run(0..10_000_u64, move |task| {
            let guard = within.enter();
            async move {
                sleep(ms(100)).await;
                drop(guard);
                Ok::<_, String>(task)
            }
        })
        .await;
    assert_eq!((gauge.most(), outcome.progress.succeeded), (10_000, 10_000));
    assert!(outcome.progress.elapsed <= ms(102));
}

#[tokio::test(start_paused = true)]
async fn a_run_can_be_spawned() {
    let executor = AdaptiveExecutor::default();
    let run = tokio::spawn(async move { executor.run(0..100, at_once).await });
    assert!(run.await.unwrap().is_success());
}

#[tokio::test(start_paused = true)]
async fn senseless_options_are_brought_into_range() {
    let options = ExecutorOptions {
        minimum_workers: 0,
        maximum_workers: 0,
        first_workers: 0,
        shortest_timeout: Duration::ZERO,
        longest_timeout: Duration::ZERO,
        timeout_factor: f64::NAN,
        run_ahead: 0,
        ordered: true,
        ..ExecutorOptions::default()
    };
    let outcome = AdaptiveExecutor::new(options).run(0..100, at_once).await;
    assert!(outcome.is_success());
    assert_eq!((outcome.progress.workers, outcome.progress.timeout), (1, ms(1)));
    let huge = ExecutorOptions {
        minimum_workers: usize::MAX,
        maximum_workers: usize::MAX,
        first_workers: usize::MAX,
        shortest_timeout: Duration::MAX,
        longest_timeout: Duration::MAX,
        timeout_factor: f64::INFINITY,
        overall_timeout: Some(Duration::MAX),
        fatal_grace: Duration::MAX,
        cancellation_grace: Duration::MAX,
        ordered: true,
        run_ahead: usize::MAX,
    };
    let outcome = AdaptiveExecutor::new(huge).run(0..100, at_once).await;
    assert!(outcome.is_success());
}

#[tokio::test(start_paused = true)]
async fn no_time_at_all_starts_nothing() {
    let options =
        ExecutorOptions { overall_timeout: Some(Duration::ZERO), ..ExecutorOptions::default() };
    let outcome = AdaptiveExecutor::new(options).run(0..100, at_once).await;
    assert_eq!(outcome.end, RunEnd::DeadlineExceeded);
    assert_eq!((outcome.progress.started, outcome.progress.not_started()), (0, Some(100)));
}
