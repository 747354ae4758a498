//! Results in the order of the inputs.

use atg_perf::{AdaptiveExecutor, ExecutorOptions};
use futures::{StreamExt, stream};
use tokio::time::sleep;

use crate::support::{Gauge, fixed, ms};

fn ordered(workers: usize, run_ahead: usize) -> ExecutorOptions {
    ExecutorOptions { ordered: true, run_ahead, ..fixed(workers) }
}

#[tokio::test(start_paused = true)]
async fn they_come_in_order_however_they_end() {
    let outcome = AdaptiveExecutor::new(ordered(8, 50))
        .run(0..1_000_u64, |task| async move {
            sleep(ms(task * 7_919 % 100)).await;
            if task % 7 == 0 { Err(task) } else { Ok(task) }
        })
        .await;
    assert!(outcome.reports.iter().map(|report| report.index).eq(0..1_000));
}

#[tokio::test(start_paused = true)]
async fn a_slow_first_one_holds_back_what_is_started_after_it() {
    for (run_ahead, started) in [(0, 1), (1, 1), (3, 3), (10, 10), (5_000, 100)] {
        let executor = AdaptiveExecutor::new(ordered(4, run_ahead));
        let begun = Gauge::default();
        let count = begun.clone();
        let mut results = executor.results(stream::iter(0..100_u64), move |task| {
            std::mem::forget(begun.enter());
            async move {
                sleep(if task == 0 { ms(60_000) } else { ms(10) }).await;
                Ok::<_, String>(task)
            }
        });
        assert_eq!(results.next().await.unwrap().index, 0);
        assert_eq!(count.most(), started);
        assert_eq!(results.count().await, 99);
    }
}

#[tokio::test(start_paused = true)]
async fn without_order_they_come_as_they_end() {
    let outcome = AdaptiveExecutor::new(fixed(3))
        .run([300, 100, 200_u64], |time| async move {
            sleep(ms(time)).await;
            Ok::<_, String>(time)
        })
        .await;
    assert!(outcome.into_values().eq([100, 200, 300]));
}
