//! How fast it goes, while it goes.

use std::time::Duration;

use atg_core::{ErrorKind, Measurement, PerfRecorder};
use atg_perf::Monitor;
use tokio::time::sleep;

use crate::{ms, took, virtual_time};

#[tokio::test(start_paused = true)]
async fn a_rate_is_of_the_time_since_the_last_look() {
    let monitor = virtual_time();
    let mut recorder = monitor.worker_recorder();
    recorder.record(&Measurement { items: 1_000_000, ..took("read", ms(1)) });
    let mut line = monitor.rate_line();
    recorder.record(&Measurement { items: 300, bytes: 9, ..took("read", ms(1)) });
    recorder.record(&Measurement { items: 10, succeeded: false, ..took("write", ms(1)) });
    sleep(ms(2_000)).await;
    let [read, write] = line.poll()[..] else { panic!("two operations") };
    assert_eq!((read.operation, read.count, read.items, read.bytes), ("read", 1, 300, 9));
    assert_eq!((read.elapsed, read.items_per_second()), (ms(2_000), 150));
    assert_eq!((write.operation, write.failed, write.items_per_second()), ("write", 1, 5));
    drop(recorder);
    sleep(ms(1_000)).await;
    assert_eq!(line.poll(), [], "a recorder that retires is no news");
}

#[tokio::test(start_paused = true)]
async fn no_time_and_no_end_of_items_are_no_trouble() {
    let monitor = virtual_time();
    let mut recorder = monitor.worker_recorder();
    let mut line = monitor.rate_line();
    recorder.record(&Measurement { items: u64::MAX, ..took("read", ms(1)) });
    assert_eq!(line.poll()[0].items_per_second(), 0, "no time passed");
    recorder.record(&Measurement { items: u64::MAX, ..took("read", ms(1)) });
    sleep(ms(1)).await;
    assert_eq!(line.poll()[0].items, 0, "the sum stands still");
    let mut recorder = monitor.worker_recorder();
    recorder.record(&Measurement { items: u64::MAX, ..took("write", ms(1)) });
    sleep(ms(1)).await;
    assert_eq!(line.poll()[0].items_per_second(), u64::MAX);
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let error = Monitor::new().report_every(ms(1_000)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.report().contains("tokio runtime"), "{}", error.report());
}

#[tokio::test(start_paused = true)]
async fn any_period_will_do() {
    for period in [Duration::ZERO, Duration::MAX] {
        let task = Monitor::new().report_every(period).unwrap();
        sleep(ms(500)).await;
        drop(task);
    }
}
