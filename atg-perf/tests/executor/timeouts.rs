//! Timeouts that follow what tasks take.

use std::future::pending;
use std::sync::{Mutex, mpsc};
use std::time::Duration;

use atg_perf::{AdaptiveExecutor, ExecutorOptions, RunEnd, TaskOutcome};
use futures::{StreamExt, stream};
use tokio::time::{Instant, sleep};

use crate::log_support::Log;
use crate::support::{Report, fixed, ms, word, words};

fn options() -> ExecutorOptions {
    ExecutorOptions { shortest_timeout: ms(50), ..fixed(8) }
}

fn limits(reports: &[Report]) -> Vec<Duration> {
    let limit = |report: &Report| match report.outcome {
        TaskOutcome::TimedOut { limit } => Some(limit),
        _ => None,
    };
    reports.iter().filter_map(limit).collect()
}

#[tokio::test(start_paused = true)]
async fn a_task_that_never_ends_is_given_up_after_thrice_what_others_took() {
    let outcome = AdaptiveExecutor::new(options())
        .run(0..2_000_u64, |task| async move {
            if task % 100 == 99 {
                pending::<()>().await;
            }
            sleep(ms(100 + task % 50)).await;
            Ok::<_, String>(task)
        })
        .await;
    let limits = limits(&outcome.reports);
    assert_eq!((limits.len(), outcome.progress.timed_out), (20, 20));
    assert!(limits.iter().all(|limit| (ms(430)..=ms(470)).contains(limit)), "{limits:?}");
    for report in outcome.reports {
        if let TaskOutcome::TimedOut { limit } = report.outcome {
            assert!(report.elapsed >= limit && report.elapsed <= limit + ms(2));
        }
    }
}

/// Runs so many tasks of which one blocks its thread until the run is over; fails unless it alone is
/// given up, and named in the log.
async fn one_blocks(tasks: u64, workers: usize) {
    let (log, _listening) = Log::listen();
    let (release, blocked) = mpsc::channel::<()>();
    let blocked = Mutex::new(Some(blocked));
    let options = ExecutorOptions { longest_timeout: ms(1_000), ..fixed(workers) };
    let outcome = AdaptiveExecutor::new(options)
        .run(0..tasks, move |task| {
            let blocked = (task == 0).then(|| blocked.lock().unwrap().take()).flatten();
            async move {
                // Until the other end is dropped.
                blocked.map(|blocked| blocked.recv());
                Ok::<_, String>(task)
            }
        })
        .await;
    assert_eq!((outcome.end, outcome.reports.len() as u64), (RunEnd::Completed, tasks));
    for (index, word) in words(&outcome.reports) {
        assert_eq!(word, if index == 0 { "timed out" } else { "succeeded" }, "{index}");
    }
    let lines = log.lines();
    let warned = lines.iter().filter(|line| line.contains("left behind index=0"));
    assert_eq!((warned.count(), lines.len()), (1, 1), "{lines:?}");
    drop(release);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_task_that_blocks_its_thread_is_timed_out_and_left_behind() {
    one_blocks(50, 2).await;
    // Nothing else wakes the run.
    one_blocks(1, 1).await;
    one_blocks(3, 1).await;
}

#[tokio::test(start_paused = true)]
async fn results_that_nobody_took_for_long_are_kept() {
    let options = ExecutorOptions { shortest_timeout: ms(50), ..fixed(8) };
    let wait = |task: u64| async move {
        sleep(ms(10)).await;
        Ok::<_, String>(task)
    };
    let mut results = AdaptiveExecutor::new(options).results(stream::iter(0..200_u64), wait);
    let mut reports: Vec<Report> = Vec::new();
    while let Some(report) = results.next().await {
        reports.push(report);
        sleep(Duration::from_secs(30)).await;
    }
    assert_eq!(reports.len(), 200);
    assert!(words(&reports).iter().all(|(_, word)| *word == "succeeded"), "{reports:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tasks_that_wait_for_a_thread_lose_none_of_their_time() {
    // Each takes less than its time; with the wait for a thread, many take far more.
    let options = ExecutorOptions { longest_timeout: ms(500), ..fixed(40) };
    let outcome = AdaptiveExecutor::new(options)
        .run(0..40_u64, |task| async move {
            std::thread::sleep(ms(200));
            Ok::<_, String>(task)
        })
        .await;
    assert_eq!(outcome.progress.succeeded, 40, "{:?}", words(&outcome.reports));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_all_hang_end_after_the_longest() {
    let options = ExecutorOptions { longest_timeout: ms(700), ..fixed(5) };
    let began = Instant::now();
    let outcome =
        AdaptiveExecutor::new(options).run(0..20_u64, |_| pending::<Result<u64, String>>()).await;
    assert_eq!(limits(&outcome.reports), [ms(700); 20]);
    // Four rounds, each rounded up to the timer's next tick.
    assert!(began.elapsed() >= ms(2_800) && began.elapsed() <= ms(2_810));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_becomes_slow_gets_the_time_it_takes() {
    let outcome = AdaptiveExecutor::new(options())
        .run(0..3_000_u64, |task| async move {
            sleep(if task < 1_000 { ms(100) } else { ms(5_000) }).await;
            Ok::<_, String>(task)
        })
        .await;
    let late: Vec<_> = outcome.reports[2_000..].iter().map(|r| word(&r.outcome)).collect();
    assert_eq!(late, ["succeeded"; 1_000]);
    // Three a doubling, from 0.3 to 9.6 s, and those that were under way at each.
    let lost = outcome.progress.timed_out;
    assert!((15..=80).contains(&lost), "{lost}");
}

#[tokio::test(start_paused = true)]
async fn without_a_bound_nothing_times_out() {
    let options = ExecutorOptions {
        shortest_timeout: Duration::MAX,
        longest_timeout: Duration::MAX,
        ..fixed(8)
    };
    let day = Duration::from_secs(86_400);
    let outcome = AdaptiveExecutor::new(options)
        .run(0..100_u64, move |task| async move {
            sleep(if task == 99 { day * 3 } else { ms(1) }).await;
            Ok::<_, String>(task)
        })
        .await;
    assert!(outcome.is_success());
    assert_eq!(outcome.progress.timeout, Duration::MAX);
}
