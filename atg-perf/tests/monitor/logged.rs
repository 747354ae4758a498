//! What goes out as `tracing` events.

use std::time::Duration;

use atg_core::{Measurement, PerfRecorder};
use atg_perf::{Monitor, MonitorClock};
use tokio::time::sleep;

use crate::log::Log;
use crate::{ms, took, virtual_time};

#[tokio::test(start_paused = true)]
async fn a_storm_of_slow_operations_is_ten_events_and_a_number() {
    let (log, _listening) = Log::listen();
    let clock = MonitorClock::tokio();
    let monitor = Monitor::builder().clock(clock).slow_threshold(ms(500)).build();
    let mut recorder = monitor.worker_recorder();
    recorder.record(&took("read", ms(499)));
    for _ in 0..1_000 {
        let write = Measurement { items: 9, ..took("write", ms(500)) };
        recorder.record_shape(&write, "INSERT INTO t VALUES ('secret', 1234)");
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 10, "{lines:#?}");
    for part in
        ["WARN atg::slow: slow operation", "INSERT INTO t VALUES (?, ?)", "milliseconds=500"]
    {
        assert!(lines.iter().all(|line| line.contains(part)), "{part}: {lines:#?}");
    }
    sleep(Duration::from_secs(10)).await;
    recorder.record(&took("write", ms(500)));
    let last = log.lines().pop().unwrap();
    assert!(last.contains("suppressed=990"), "{last}");
    assert!(!log.lines().concat().contains("secret"));
    assert_eq!(monitor.full_snapshot().operations["write"].slow, 1_001);
}

#[tokio::test(start_paused = true)]
async fn rates_are_logged_each_period_until_the_handle_is_dropped() {
    let (log, _listening) = Log::listen();
    let monitor = virtual_time();
    let task = monitor.report_every(ms(1_000)).unwrap();
    let mut recorder = monitor.worker_recorder();
    // Between the lines, never at the same moment as one.
    sleep(ms(50)).await;
    for _ in 0..30 {
        recorder.record(&Measurement { items: 20, ..took("read", ms(1)) });
        sleep(ms(100)).await;
    }
    sleep(ms(50)).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines.iter().all(|line| line.contains("items_per_second=200")), "{lines:#?}");
    assert!(lines[0].contains("INFO atg::rate: rate operation=\"read\""), "{lines:#?}");
    drop(task);
    recorder.record(&took("read", ms(1)));
    sleep(ms(10_000)).await;
    assert_eq!(log.lines().len(), 3);
}
