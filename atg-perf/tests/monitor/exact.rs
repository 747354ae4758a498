//! Nothing is lost and nothing counted twice.

use std::thread;
use std::time::Duration;

use atg_core::{Measurement, PerfMonitor, PerfRecorder, PerfSnapshot};
use atg_perf::Monitor;

use crate::{ms, took};

#[test]
fn a_snapshot_holds_what_was_recorded_before_it() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    recorder.record(&Measurement { items: 5, bytes: 70, ..took("read", ms(10)) });
    recorder.record(&Measurement { items: 6, succeeded: false, ..took("read", ms(30)) });
    recorder.record(&took("write", ms(1)));
    let seen = monitor.full_snapshot();
    let read = seen.operations["read"];
    assert_eq!((read.count, read.failed, read.items, read.bytes), (2, 1, 11, 70));
    assert_eq!((read.total, read.minimum, read.maximum), (ms(40), ms(10), ms(30)));
    assert_eq!((seen.operations["write"].count, seen.operations.len()), (1, 2));
    recorder.record(&took("read", ms(1)));
    assert_eq!(monitor.full_snapshot().operations["read"].count, 3);
}

#[test]
fn the_same_text_elsewhere_in_memory_is_the_same_operation() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    let copy: &'static str = Box::leak("read".to_owned().into_boxed_str());
    // A part of a longer text begins at the address of the whole.
    let longer: &'static str = Box::leak("read page".to_owned().into_boxed_str());
    for operation in ["read", copy, longer, &longer[..4], "read", "", ""] {
        recorder.record(&took(operation, ms(1)));
    }
    let seen = monitor.full_snapshot().operations;
    let counts: Vec<_> = seen.iter().map(|(name, one)| (*name, one.count)).collect();
    assert_eq!(counts, [("", 2), ("read", 4), ("read page", 1)]);
}

#[test]
fn quantiles_are_exact_to_one_part_in_a_hundred() {
    let monitor = Monitor::new();
    let mut recorders = [monitor.worker_recorder(), monitor.worker_recorder()];
    let mut all: Vec<u64> = (0..20_000_u64).map(|n| n * n % 99_991 * (1 + n % 7 * 1_000)).collect();
    for (index, nanos) in all.iter().enumerate() {
        recorders[index % 2].record(&took("read", Duration::from_nanos(*nanos)));
    }
    all.sort_unstable();
    let seen = monitor.full_snapshot().operations["read"];
    for (quantile, per_mille, found) in
        [(0.5, 500, seen.p50), (0.9, 900, seen.p90), (0.95, 950, seen.p95), (0.99, 990, seen.p99)]
    {
        let exact = all[all.len() * per_mille / 1_000 - 1];
        let found = u64::try_from(found.as_nanos()).unwrap();
        assert!(found.abs_diff(exact) <= exact / 100 + 1, "{quantile}: {found}, exactly {exact}");
    }
    assert!(seen.p50 <= seen.p90 && seen.p90 <= seen.p95 && seen.p95 <= seen.p99);
    assert!(seen.p99 <= seen.maximum && seen.minimum <= seen.p50);
}

#[test]
fn ten_thousand_recorders_that_are_gone_still_count() {
    let monitor = Monitor::new();
    for number in 0..10_000_u64 {
        let mut recorder = monitor.recorder();
        recorder.record(&Measurement { items: number, ..took("read", ms(number)) });
    }
    assert_eq!(monitor.recorders(), 0);
    let seen = monitor.full_snapshot().operations["read"];
    assert_eq!((seen.count, seen.items), (10_000, 49_995_000));
    assert_eq!((seen.minimum, seen.maximum), (ms(0), ms(9_999)));
}

#[test]
fn ten_thousand_recorders_at_once_are_merged() {
    let monitor = Monitor::new();
    let mut recorders: Vec<_> = (0..10_000).map(|_| monitor.worker_recorder()).collect();
    for recorder in &mut recorders {
        recorder.record(&took("read", ms(1)));
    }
    assert_eq!(monitor.recorders(), 10_000);
    assert_eq!(monitor.full_snapshot().operations["read"].count, 10_000);
    drop(recorders);
    assert_eq!(monitor.full_snapshot().operations["read"].count, 10_000);
}

#[test]
fn ten_thousand_operations_are_told_apart() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    let names: Vec<&'static str> =
        (0..10_000).map(|number| &*Box::leak(format!("operation {number}").into())).collect();
    for name in names.iter().chain(&names) {
        recorder.record(&took(name, Duration::from_nanos(50)));
    }
    let seen = monitor.full_snapshot().operations;
    assert_eq!(seen.len(), 10_000);
    assert!(seen.values().all(|one| one.count == 2));
}

#[test]
fn snapshots_while_four_threads_record_are_whole_and_the_last_is_exact() {
    const EACH: u64 = 50_000;
    let monitor = Monitor::new();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(|| work(&monitor, EACH))).collect();
        let mut before = 0;
        while !workers.iter().all(thread::ScopedJoinHandle::is_finished) {
            let Some(seen) = monitor.full_snapshot().operations.get("read").copied() else {
                continue;
            };
            // A record is there wholly or not at all, and none that was there is gone.
            assert_eq!((seen.items, seen.bytes), (seen.count * 3, seen.count * 7));
            assert!(seen.count >= before);
            before = seen.count;
        }
    });
    let seen = monitor.full_snapshot().operations["read"];
    assert_eq!((seen.count, seen.items, seen.failed), (4 * EACH, 12 * EACH, 2 * EACH));
    assert_eq!(seen.total, Duration::from_nanos(4 * (EACH * (EACH - 1) / 2)));
}

/// Records with a recorder that is dropped and replaced now and then.
fn work(monitor: &Monitor, records: u64) {
    let mut recorder = monitor.worker_recorder();
    for number in 0..records {
        let elapsed = Duration::from_nanos(number);
        let succeeded = number % 2 == 0;
        let read = Measurement { items: 3, bytes: 7, succeeded, ..took("read", elapsed) };
        recorder.record(&read);
        if number % 1_000 == 999 {
            recorder = monitor.worker_recorder();
        }
    }
}

#[test]
fn counters_of_one_name_are_one() {
    let monitor = Monitor::new();
    let hits = monitor.counter("hits");
    thread::scope(|scope| {
        for _ in 0..4 {
            let hits = monitor.clone().counter("hits");
            scope.spawn(move || (0..10_000).for_each(|_| hits.add(2)));
        }
    });
    assert_eq!(hits.value(), 80_000);
    monitor.counter("misses");
    let counters: Vec<_> = monitor.full_snapshot().counters.into_iter().collect();
    assert_eq!(counters, [("hits", 80_000), ("misses", 0)]);
}

#[test]
fn the_contract_s_snapshot_tells_the_same() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    (1..=100).for_each(|number| recorder.record(&took("read", ms(number))));
    let full = monitor.full_snapshot();
    assert_eq!(monitor.snapshot(), PerfSnapshot::from(&full));
    let summary = &monitor.snapshot().operations["read"];
    let figures = full.operations["read"];
    assert_eq!((summary.count, summary.items, summary.total), (100, 100, ms(5_050)));
    assert_eq!(summary.quantiles, figures.quantiles());
    assert_eq!(summary.maximum, ms(100));
}
