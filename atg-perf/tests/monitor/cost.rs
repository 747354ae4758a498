//! What a record allocates: nothing; and what the monitor costs when it is off: nothing.

use allocation_counter::measure;
use atg_core::{NoMonitor, PerfMonitor, PerfRecorder, PerfSnapshot};
use atg_perf::{Monitor, Stopwatch};

use crate::{ms, took};

#[test]
fn a_record_after_the_first_allocates_nothing() {
    let monitor = Monitor::new();
    let mut recorder = monitor.recorder();
    let operations = ["read", "write", "resolve"];
    for operation in operations {
        recorder.record(&took(operation, ms(999)));
    }
    // Counted now, rather than when the ring is full.
    monitor.snapshot();
    let info = measure(|| {
        for number in 0..10_000_u64 {
            for operation in operations {
                recorder.record(&took(operation, ms(number % 1_000)));
            }
        }
    });
    assert_eq!((info.count_total, info.bytes_total), (0, 0));
    assert_eq!(monitor.full_snapshot().operations["read"].count, 10_001);
}

#[test]
fn a_stopwatch_and_a_counter_allocate_nothing() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    let counter = monitor.counter("hits");
    recorder.record(&took("read", ms(60_000)));
    monitor.snapshot();
    let info = measure(|| {
        for _ in 0..1_000 {
            recorder.time("read").succeed();
            counter.add(1);
        }
    });
    assert_eq!(info.count_total, 0);
}

#[test]
fn what_is_off_allocates_nothing() {
    let info = measure(|| {
        let monitor: &dyn PerfMonitor = &NoMonitor;
        let mut recorder = monitor.recorder();
        recorder.record(&took("read", ms(1)));
        recorder.record_shape(&took("read", ms(1)), "RETURN 1");
        monitor.phase("scan").finish(1);
        assert_eq!(monitor.snapshot(), PerfSnapshot::default());
    });
    assert_eq!(info.count_total, 0);
    assert_eq!(size_of::<NoMonitor>(), 0);
    let clock = Monitor::new().clock().clone();
    let info = measure(|| Stopwatch::start(&mut NoMonitor, clock, "read").succeed());
    assert_eq!(info.count_total, 0);
}

#[test]
fn short_lived_recorders_keep_no_memory() {
    let monitor = Monitor::new();
    let work = || monitor.worker_recorder().record(&took("read", ms(100)));
    // Tables and distributions have their size after the first few.
    (0..100).for_each(|_| work());
    let info = measure(|| (0..10_000).for_each(|_| work()));
    assert!(info.count_total > 0);
    assert_eq!((info.count_current, info.bytes_current), (0, 0));
}
