//! Panics of what the caller wrote.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atg_perf::{AdaptiveExecutor, Classification, RunEnd, TaskOutcome};
use tokio::time::sleep;

use crate::support::{fixed, ms};

#[tokio::test(start_paused = true)]
async fn a_task_that_panics_is_its_own_failure_with_its_words() {
    let outcome = AdaptiveExecutor::new(fixed(3))
        .run(0..6_u64, |task| async move {
            sleep(ms(10)).await;
            match task {
                1 => panic!("plain words"),
                2 => panic!("words of {task}"),
                3 => std::panic::panic_any(task),
                _ => Ok::<_, String>(task),
            }
        })
        .await;
    let mut messages: Vec<_> = outcome
        .reports
        .iter()
        .filter_map(|report| match &report.outcome {
            TaskOutcome::Panicked { message } => Some((report.index, message.as_str())),
            _ => None,
        })
        .collect();
    messages.sort_unstable();
    assert_eq!(messages, [(1, "plain words"), (2, "words of 2"), (3, "a panic without a text")]);
    assert_eq!((outcome.progress.succeeded, outcome.end), (3, RunEnd::Completed));
}

#[tokio::test(start_paused = true)]
async fn inputs_that_panic_end_the_run_and_lose_no_result() {
    let inputs = (0..100_u64).inspect(|input| assert!(*input < 10, "input {input}"));
    let outcome = AdaptiveExecutor::new(fixed(4))
        .run(inputs, |task| async move {
            sleep(ms(10)).await;
            Ok::<_, String>(task)
        })
        .await;
    assert_eq!(outcome.end, RunEnd::InputsPanicked { message: "input 10".to_owned() });
    assert_eq!((outcome.progress.succeeded, outcome.progress.started), (10, 10));
    assert_eq!(outcome.progress.not_started(), None);
}

#[tokio::test(start_paused = true)]
async fn a_classifier_or_an_observer_that_panics_harms_nobody() {
    let calls = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&calls);
    let executor = AdaptiveExecutor::new(fixed(4))
        .with_classifier(|error: &u64| {
            assert!(*error != 5, "no class for {error}");
            Classification::Failure
        })
        .with_observer(move |progress| {
            counted.fetch_add(1, Ordering::SeqCst);
            assert!(progress.ended() < 3, "no more");
        });
    for run in 1..=2 {
        let outcome = executor.run(0..50, |task| async move { Err::<(), _>(task) }).await;
        assert_eq!((outcome.progress.failed, &outcome.end), (50, &RunEnd::Completed));
        assert_eq!(calls.load(Ordering::SeqCst), run * 3);
    }
}

/// A payload that panics when it is dropped.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(std::thread::panicking(), "dropped");
    }
}

#[tokio::test(start_paused = true)]
async fn a_payload_that_panics_in_its_turn_costs_its_task_alone() {
    let outcome = AdaptiveExecutor::new(fixed(4))
        .run(0..10_u64, |task| async move {
            if task == 3 {
                std::panic::panic_any(Bomb);
            }
            Ok::<_, String>(task)
        })
        .await;
    assert_eq!((outcome.progress.succeeded, outcome.progress.panicked), (9, 1));
}
