//! Inputs are read as workers are free, from iterators and from streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use atg_perf::{AdaptiveExecutor, Classification, ExecutorOptions, RunEnd};
use futures::{StreamExt, stream};
use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::support::{fixed, ms};

#[tokio::test(start_paused = true)]
async fn none_is_read_before_a_worker_is_free() {
    let read = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&read);
    let inputs = (0..200_000_u64).inspect(move |_| {
        counted.fetch_add(1, Ordering::SeqCst);
    });
    let executor = AdaptiveExecutor::new(ExecutorOptions::default());
    let mut results = executor.results(stream::iter(inputs), |task| async move {
        tokio::task::yield_now().await;
        Ok::<_, String>(task)
    });
    assert_eq!(read.load(Ordering::SeqCst), 0);
    let mut handed_out = 0;
    while results.next().await.is_some() {
        handed_out += 1;
        assert!(read.load(Ordering::SeqCst) <= handed_out + 32);
    }
    assert_eq!(handed_out, 200_000);
}

#[tokio::test(start_paused = true)]
async fn those_that_were_not_started_stay_with_the_caller() {
    let executor = AdaptiveExecutor::new(fixed(1)).with_classifier(|_: &u64| Classification::Fatal);
    let mut inputs = 0..;
    let outcome = executor
        .run(inputs.by_ref(), |task| async move { if task == 41 { Err(task) } else { Ok(task) } })
        .await;
    assert_eq!(outcome.end, RunEnd::Fatal { index: 41 });
    assert_eq!((outcome.progress.started, inputs.next()), (42, Some(42)));
    // Nobody knows how many there are without an end.
    assert_eq!(outcome.progress.not_started(), None);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_waited_for_while_tasks_go_on() {
    let (send, receive) = mpsc::channel::<u64>(1);
    let inputs = stream::unfold(receive, |mut receive| async {
        receive.recv().await.map(|input| (input, receive))
    });
    tokio::spawn(async move {
        for input in 0..50 {
            sleep(ms(100)).await;
            send.send(input).await.unwrap();
        }
    });
    let executor = AdaptiveExecutor::default();
    let mut results = executor.results(inputs, |task| async move {
        sleep(ms(20)).await;
        Ok::<_, String>(task)
    });
    let mut handed_out = 0;
    while let Some(report) = results.next().await {
        // Each comes before the next input.
        assert_eq!((report.index, results.progress().running()), (handed_out, 0));
        assert!(results.progress().total.is_none_or(|total| total == 50 && handed_out == 49));
        handed_out += 1;
    }
    assert_eq!((handed_out, results.progress().total), (50, Some(50)));
}
