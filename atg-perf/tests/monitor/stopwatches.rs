//! Measurements that record themselves.

use atg_core::{Measurement, NoMonitor, PerfMonitor, PerfRecorder};
use atg_perf::{Monitor, MonitorClock, Stopwatch};
use tokio::time::sleep;

use crate::{ms, virtual_time};

#[tokio::test(start_paused = true)]
async fn it_measures_until_it_ends() {
    let monitor = virtual_time();
    let mut recorder = monitor.worker_recorder();
    let mut watch = recorder.time("read");
    sleep(ms(250)).await;
    watch.set_items(40);
    watch.set_bytes(4_000);
    watch.succeed();
    recorder.time("read").discard();
    let seen = monitor.full_snapshot().operations["read"];
    assert_eq!((seen.count, seen.failed, seen.items, seen.bytes), (1, 0, 40, 4_000));
    assert_eq!(seen.total, ms(250));
}

#[tokio::test(start_paused = true)]
async fn what_is_cancelled_counts_as_failed() {
    let monitor = virtual_time();
    let mut recorder = monitor.worker_recorder();
    let work = async {
        let watch = recorder.time("read");
        sleep(ms(60_000)).await;
        watch.succeed();
    };
    assert!(tokio::time::timeout(ms(100), work).await.is_err());
    let seen = monitor.full_snapshot().operations["read"];
    assert_eq!((seen.count, seen.failed, seen.total), (1, 1, ms(100)));
}

#[test]
fn a_panic_counts_as_failed() {
    let monitor = Monitor::new();
    let worker = monitor.clone();
    let ended = std::thread::spawn(move || {
        let mut recorder = worker.worker_recorder();
        let _watch = recorder.time("read");
        std::panic::resume_unwind(Box::new("as planned"));
    });
    assert!(ended.join().is_err());
    let seen = monitor.full_snapshot().operations["read"];
    assert_eq!((seen.count, seen.failed, monitor.recorders()), (1, 1, 0));
}

#[test]
fn it_works_with_any_recorder() {
    let monitor = Monitor::new();
    let mut boxed = monitor.recorder();
    let mut watch = Stopwatch::start(&mut *boxed, monitor.clock().clone(), "write");
    watch.set_shape("MERGE (n {id: 7})");
    watch.succeed();
    assert_eq!(monitor.full_snapshot().operations["write"].count, 1);
}

/// Fails the test when it is used.
struct Off;

impl PerfRecorder for Off {
    fn record(&mut self, measurement: &Measurement) {
        panic!("recorded {measurement:?}");
    }
    fn is_on(&self) -> bool {
        false
    }
}

#[test]
fn a_recorder_that_is_off_is_left_alone() {
    Stopwatch::start(&mut Off, MonitorClock::processor(), "write").succeed();
    drop(Stopwatch::start(&mut NoMonitor, MonitorClock::processor(), "write"));
    assert!(!NoMonitor.is_on() && Monitor::new().recorder().is_on());
}

#[test]
fn the_processor_s_clock_goes_forward() {
    let clock = MonitorClock::processor();
    let first = clock.now();
    let mut last = first;
    for _ in 0..10_000 {
        let now = clock.clone().now();
        assert!(now >= last);
        last = now;
    }
    assert_eq!(clock.between(last, first), ms(0));
    assert!(clock.between(first, last) > ms(0));
    assert!(clock.since(first) >= clock.between(first, last));
}
