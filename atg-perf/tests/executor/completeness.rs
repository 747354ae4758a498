//! Whatever happens, each input is in exactly one count, and no finished result is lost.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atg_core::pipeline::CancellationToken;
use atg_perf::{
    AdaptiveExecutor, Classification, ExecutorOptions, RunEnd, RunOutcome, TaskOutcome,
};
use proptest::prelude::*;
use tokio::time::sleep;

use crate::support::ms;

/// What a task does after a time.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Succeed,
    Fail,
    Overload,
    Fatal,
    Panic,
    PanicAtOnce,
    Hang,
}

#[derive(Debug, Clone)]
struct Case {
    tasks: Vec<(Act, u64)>,
    options: ExecutorOptions,
    cancel_after: Option<u64>,
    /// Whether the inputs say how many they are.
    counted: bool,
}

fn act(fatal: u32) -> impl Strategy<Value = Act> {
    prop_oneof![
        40 => Just(Act::Succeed),
        5 => Just(Act::Fail),
        5 => Just(Act::Overload),
        fatal => Just(Act::Fatal),
        3 => Just(Act::Panic),
        1 => Just(Act::PanicAtOnce),
        3 => Just(Act::Hang),
    ]
}

fn options() -> impl Strategy<Value = ExecutorOptions> {
    let workers = (0..8_usize, 0..40_usize, 0..12_usize);
    let times = (0..3_000_u64, proptest::option::of(0..60_000_u64), 0..3_000_u64, 0..3_000_u64);
    (workers, times, any::<bool>(), 0..30_usize).prop_map(|(workers, times, ordered, run_ahead)| {
        let (shortest, overall, fatal_grace, cancellation_grace) = times;
        ExecutorOptions {
            minimum_workers: workers.0,
            maximum_workers: workers.1,
            first_workers: workers.2,
            shortest_timeout: ms(shortest),
            longest_timeout: ms(3_000),
            timeout_factor: 2.0,
            overall_timeout: overall.map(ms),
            fatal_grace: ms(fatal_grace.saturating_sub(1_000)),
            cancellation_grace: ms(cancellation_grace.saturating_sub(1_000)),
            ordered,
            run_ahead,
        }
    })
}

fn case() -> impl Strategy<Value = Case> {
    let tasks = prop_oneof![Just(0_u32), Just(1)]
        .prop_flat_map(|fatal| prop::collection::vec((act(fatal), 0..2_000_u64), 0..300));
    let cancel_after = proptest::option::of(0..60_000_u64);
    (tasks, options(), cancel_after, any::<bool>()).prop_map(
        |(tasks, options, cancel_after, counted)| Case { tasks, options, cancel_after, counted },
    )
}

/// Which tasks came to their end, by their own word.
type Finished = Arc<Mutex<BTreeSet<u64>>>;

async fn perform(index: u64, act: Act, after: u64, finished: Finished) -> Result<u64, Act> {
    sleep(ms(after)).await;
    match act {
        Act::Panic => panic!("task {index}"),
        Act::Hang => std::future::pending().await,
        _ => {}
    }
    finished.lock().unwrap().insert(index);
    if act == Act::Succeed { Ok(index * 10) } else { Err(act) }
}

async fn run(case: Case, finished: Finished) -> RunOutcome<u64, Act> {
    let token = CancellationToken::new();
    let executor = AdaptiveExecutor::new(case.options)
        .with_cancellation(token.clone())
        .with_classifier(|error| match error {
            Act::Overload => Classification::Overload,
            Act::Fatal => Classification::Fatal,
            _ => Classification::Failure,
        });
    if let Some(after) = case.cancel_after {
        tokio::spawn(async move {
            sleep(ms(after)).await;
            token.cancel();
        });
    }
    let function = move |(index, (act, after)): (u64, (Act, u64))| {
        assert!(act != Act::PanicAtOnce, "task {index}");
        perform(index, act, after, Arc::clone(&finished))
    };
    let inputs = (0..).zip(case.tasks);
    if case.counted {
        executor.run(inputs.collect::<Vec<_>>(), function).await
    } else {
        executor.run(inputs.filter(|_| true), function).await
    }
}

/// Whether a task that does this may have ended so, if nothing stopped it.
fn fits(act: Act, index: u64, outcome: &TaskOutcome<u64, Act>) -> bool {
    match outcome {
        TaskOutcome::Succeeded(value) => act == Act::Succeed && *value == index * 10,
        TaskOutcome::Failed(error) => *error == act,
        TaskOutcome::Panicked { message } => {
            matches!(act, Act::Panic | Act::PanicAtOnce) && *message == format!("task {index}")
        }
        TaskOutcome::TimedOut { limit } => act != Act::PanicAtOnce && *limit <= ms(3_000),
        TaskOutcome::Cancelled => true,
    }
}

fn check(case: &Case, outcome: &RunOutcome<u64, Act>, finished: &BTreeSet<u64>) {
    let progress = &outcome.progress;
    let total = u64::try_from(case.tasks.len()).unwrap();
    let mut indexes: Vec<_> = outcome.reports.iter().map(|report| report.index).collect();
    if !case.options.ordered {
        indexes.sort_unstable();
    }
    assert!(indexes.into_iter().eq(0..progress.started), "each one that was started, once");
    assert_eq!(progress.ended(), progress.started);
    if let Some(not_started) = progress.not_started() {
        assert_eq!(progress.started + not_started, total);
    }
    assert!(progress.total.is_some() || !case.counted && outcome.end != RunEnd::Completed);
    let mut kept = BTreeSet::new();
    let mut cancelled = 0;
    for report in &outcome.reports {
        let (act, _) = case.tasks[usize::try_from(report.index).unwrap()];
        assert!(fits(act, report.index, &report.outcome), "{act:?}: {report:?}");
        match report.outcome {
            TaskOutcome::Succeeded(_) | TaskOutcome::Failed(_) => {
                kept.insert(report.index);
            }
            TaskOutcome::Cancelled => cancelled += 1,
            _ => {}
        }
    }
    assert_eq!(&kept, finished, "what finished is kept");
    assert_eq!(cancelled, progress.cancelled);
    check_end(case, outcome, total);
}

fn check_end(case: &Case, outcome: &RunOutcome<u64, Act>, total: u64) {
    let fatal = outcome.reports.iter().any(|r| r.outcome == TaskOutcome::Failed(Act::Fatal));
    match &outcome.end {
        RunEnd::Completed => {
            assert_eq!((outcome.progress.started, outcome.progress.cancelled), (total, 0));
            assert!(!fatal);
        }
        RunEnd::Fatal { index } => {
            assert_eq!(case.tasks[usize::try_from(*index).unwrap()].0, Act::Fatal);
            assert!(fatal);
        }
        RunEnd::Cancelled => assert!(case.cancel_after.is_some()),
        RunEnd::DeadlineExceeded => assert!(case.options.overall_timeout.is_some()),
        other => panic!("{other:?}"),
    }
    // The timer's granularity, and what may be left behind of a cancellation at the same time.
    let slack = Duration::from_millis(2);
    if let Some(overall) = case.options.overall_timeout {
        assert!(outcome.progress.elapsed <= overall + slack, "{:?}", outcome.progress);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_input_is_in_one_count_and_no_finished_result_is_lost(case in case()) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        let finished = Finished::default();
        let outcome = runtime.block_on(run(case.clone(), Arc::clone(&finished)));
        check(&case, &outcome, &finished.lock().unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_two_threads_in_real_time_as_well() {
    for seed in 0..20_u64 {
        let acts =
            [Act::Succeed, Act::Fail, Act::Overload, Act::Panic, Act::PanicAtOnce, Act::Hang];
        let tasks = (0..500_u64).map(|task| {
            let place = usize::try_from((task * 31 + seed * 7) % 97).unwrap();
            (acts.get(place).copied().unwrap_or(Act::Succeed), (task * 17 + seed) % 4)
        });
        let case = Case {
            tasks: tasks.collect(),
            options: ExecutorOptions {
                longest_timeout: ms(50),
                shortest_timeout: ms(50),
                overall_timeout: None,
                ordered: seed % 2 == 0,
                ..ExecutorOptions::default()
            },
            cancel_after: (seed % 3 == 0).then_some(seed * 5),
            counted: true,
        };
        let finished = Finished::default();
        let outcome = run(case.clone(), Arc::clone(&finished)).await;
        check(&case, &outcome, &finished.lock().unwrap());
    }
}
