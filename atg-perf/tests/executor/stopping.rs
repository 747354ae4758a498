//! Fatal errors, cancellation, the time for the whole run, and dropping it.

use std::sync::mpsc;
use std::time::Duration;

use atg_core::pipeline::CancellationToken;
use atg_perf::{AdaptiveExecutor, Classification, ExecutorOptions, RunEnd};
use futures::{StreamExt, stream};
use tokio::time::{sleep, timeout};

use crate::support::{Gauge, Report, fixed, ms, words};

/// Takes as many milliseconds as its input; 1,000 is fatal.
async fn wait(time: u64) -> Result<u64, String> {
    sleep(ms(time)).await;
    if time == 1_000 { Err("no right to it".to_owned()) } else { Ok(time) }
}

fn executor(options: ExecutorOptions) -> AdaptiveExecutor<String> {
    AdaptiveExecutor::new(options).with_classifier(|_| Classification::Fatal)
}

#[tokio::test(start_paused = true)]
async fn after_a_fatal_error_others_may_go_on_for_a_while() {
    let cases: [(Duration, [&str; 2]); 3] = [
        (Duration::ZERO, ["cancelled", "cancelled"]),
        (ms(2_000), ["succeeded", "cancelled"]),
        (Duration::MAX, ["succeeded", "succeeded"]),
    ];
    for (fatal_grace, others) in cases {
        let outcome = executor(ExecutorOptions { fatal_grace, ..fixed(4) })
            .run([100, 1_000, 2_000, 9_000, 1_500, 1, 1], wait)
            .await;
        // The fifth starts after the first and runs beside them.
        let fifth = if fatal_grace.is_zero() { "cancelled" } else { "succeeded" };
        let expected =
            [(0, "succeeded"), (1, "failed"), (2, others[0]), (3, others[1]), (4, fifth)];
        assert_eq!(words(&outcome.reports), expected);
        assert_eq!(outcome.end, RunEnd::Fatal { index: 1 });
        assert_eq!(outcome.progress.not_started(), Some(2));
    }
}

#[tokio::test(start_paused = true)]
async fn a_second_fatal_error_does_not_prolong_the_grace() {
    let outcome = executor(ExecutorOptions { fatal_grace: ms(1_500), ..fixed(4) })
        .run([1_000, 500, 9_000, 2_400, 1_000, 1], wait)
        .await;
    // The fifth starts after the second, and fails in the middle of the grace.
    let expected =
        [(0, "failed"), (1, "succeeded"), (2, "cancelled"), (3, "succeeded"), (4, "failed")];
    assert_eq!(words(&outcome.reports), expected);
    assert!(outcome.progress.elapsed <= ms(2_510), "{:?}", outcome.progress.elapsed);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_keeps_what_it_has() {
    for (cancellation_grace, third) in [(Duration::ZERO, "cancelled"), (ms(600), "succeeded")] {
        let token = CancellationToken::new();
        let executor = AdaptiveExecutor::new(ExecutorOptions { cancellation_grace, ..fixed(3) })
            .with_cancellation(token.clone());
        let cancel = async {
            sleep(ms(950)).await;
            token.cancel();
        };
        let inputs = [300, 700, 1_500, 5_000, 5_000, 5_000];
        let (outcome, ()) = tokio::join!(executor.run(inputs, wait), cancel);
        let cancelled = "cancelled";
        let expected =
            [(0, "succeeded"), (1, "succeeded"), (2, third), (3, cancelled), (4, cancelled)];
        assert_eq!(words(&outcome.reports), expected);
        assert_eq!(outcome.end, RunEnd::Cancelled);
        assert_eq!(outcome.progress.not_started(), Some(1));
        // A run with a token that is cancelled already starts nothing.
        let outcome = executor.run(inputs, wait).await;
        assert_eq!((outcome.reports.len(), outcome.progress.not_started()), (0, Some(6)));
    }
}

#[tokio::test(start_paused = true)]
async fn the_time_for_the_whole_run_loses_no_result_and_allows_no_grace() {
    let options = ExecutorOptions {
        overall_timeout: Some(ms(2_500)),
        fatal_grace: Duration::MAX,
        ..fixed(2)
    };
    let outcome = executor(options).run(vec![700; 20], wait).await;
    assert_eq!(outcome.end, RunEnd::DeadlineExceeded);
    assert_eq!((outcome.progress.succeeded, outcome.progress.cancelled), (6, 2));
    assert_eq!(outcome.progress.not_started(), Some(12));
    // During the grace of a fatal error as well; the first reason stays.
    let outcome = executor(options).run([1_000, 9_000, 1], wait).await;
    assert_eq!(words(&outcome.reports), [(0, "failed"), (1, "cancelled")]);
    assert_eq!(outcome.end, RunEnd::Fatal { index: 0 });
    assert!(outcome.progress.elapsed <= ms(2_510));
}

#[tokio::test(start_paused = true)]
async fn a_run_of_which_all_was_started_and_not_all_done_is_not_complete() {
    let options = ExecutorOptions { overall_timeout: Some(ms(950)), ..fixed(4) };
    let outcome = AdaptiveExecutor::new(options).run([300, 700, 5_000], wait).await;
    assert_eq!(words(&outcome.reports), [(0, "succeeded"), (1, "succeeded"), (2, "cancelled")]);
    assert_eq!(outcome.end, RunEnd::DeadlineExceeded);
    assert_eq!(outcome.progress.not_started(), Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_run_that_was_done_when_it_was_stopped_is_complete() {
    let token = CancellationToken::new();
    let options = ExecutorOptions { cancellation_grace: Duration::MAX, ..fixed(4) };
    let executor = AdaptiveExecutor::new(options).with_cancellation(token.clone());
    let cancel = async {
        sleep(ms(100)).await;
        token.cancel();
    };
    let (outcome, ()) = tokio::join!(executor.run([300, 300, 300], wait), cancel);
    assert_eq!(outcome.end, RunEnd::Completed);
    assert!(outcome.is_success());
}

#[tokio::test(start_paused = true)]
async fn a_dropped_run_leaves_its_reports_and_stops_its_tasks() {
    let within = Gauge::default();
    let gauge = within.clone();
    let executor = AdaptiveExecutor::new(ExecutorOptions { ordered: true, ..fixed(4) });
    let mut results =
        executor.results(stream::iter([100, 900, 200, 300, 5_000, 7_000]), move |time| {
            let guard = within.enter();
            async move {
                let result = wait(time).await;
                drop(guard);
                result
            }
        });
    let mut reports = Vec::new();
    assert!(timeout(ms(500), results.collect_into(&mut reports)).await.is_err());
    assert_eq!(words(&reports), [(0, "succeeded")]);
    // 2 and 3 wait for 1.
    assert_eq!(results.progress().succeeded, 3);
    assert_eq!(words(&results.into_finished()), [(2, "succeeded"), (3, "succeeded")]);
    sleep(ms(1)).await;
    assert_eq!(gauge.now(), 0);
}

#[tokio::test(start_paused = true)]
async fn collecting_goes_on_where_it_was_left_off() {
    let mut results = AdaptiveExecutor::new(fixed(2)).results(stream::iter(vec![300; 20]), wait);
    let mut reports: Vec<Report> = Vec::new();
    let mut pauses = 0;
    while timeout(ms(400), results.collect_into(&mut reports)).await.is_err() {
        pauses += 1;
        assert_eq!(results.end(), None);
    }
    assert!(pauses >= 5);
    assert_eq!((reports.len(), results.end()), (20, Some(&RunEnd::Completed)));
    assert_eq!(results.next().await, None);
    assert_eq!(results.collect_into(&mut reports).await, RunEnd::Completed);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_blocks_its_thread_is_left_behind() {
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = std::sync::Mutex::new(Some(blocked));
    let token = CancellationToken::new();
    let executor = AdaptiveExecutor::new(fixed(2)).with_cancellation(token.clone());
    let results = executor.results(stream::iter(0..2_u64), move |task| {
        let blocked = (task == 0).then(|| blocked.lock().unwrap().take()).flatten();
        let token = token.clone();
        async move {
            if let Some(blocked) = blocked {
                token.cancel();
                // Until the other end is dropped.
                let _ = blocked.recv();
            }
            Ok::<_, String>(task)
        }
    });
    let outcome = results.outcome().await;
    assert_eq!(outcome.reports.len(), 2);
    assert!(words(&outcome.reports).contains(&(0, "cancelled")));
    drop(release);
}
