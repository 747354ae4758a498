//! Values at the ends of their types.

use std::time::Duration;

use atg_core::{Measurement, PerfRecorder};
use atg_perf::Monitor;

use crate::took;

/// 584 years: the longest time that is counted.
const LONGEST: Duration = Duration::from_nanos(u64::MAX);
const DAY: Duration = Duration::from_secs(86_400);

#[test]
fn sums_stop_at_the_largest_value() {
    let monitor = Monitor::new();
    let most = Measurement { items: u64::MAX, bytes: u64::MAX, ..took("read", Duration::MAX) };
    for _ in 0..3 {
        // One recorder after the other and both at once: sums of sums stop too.
        let mut recorder = monitor.worker_recorder();
        recorder.record(&most);
        recorder.record(&most);
        let seen = monitor.full_snapshot().operations["read"];
        assert_eq!((seen.items, seen.bytes, seen.total), (u64::MAX, u64::MAX, LONGEST));
        assert_eq!((seen.minimum, seen.maximum), (LONGEST, LONGEST));
    }
    let seen = monitor.full_snapshot().operations["read"];
    assert_eq!((seen.count, seen.slow), (6, 6));
}

#[test]
fn more_than_a_day_counts_as_a_day_in_quantiles_alone() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    for elapsed in [Duration::ZERO, DAY, DAY * 2, Duration::MAX] {
        recorder.record(&took("wait", elapsed));
    }
    let seen = monitor.full_snapshot().operations["wait"];
    assert_eq!((seen.minimum, seen.maximum), (Duration::ZERO, LONGEST));
    assert!(seen.p99 >= DAY && seen.p99 <= DAY + DAY / 100, "{:?}", seen.p99);
}

#[test]
fn what_takes_no_time_is_counted() {
    let monitor = Monitor::new();
    let mut recorder = monitor.worker_recorder();
    recorder.record(&Measurement { items: 0, ..took("nothing", Duration::ZERO) });
    let seen = monitor.full_snapshot().operations["nothing"];
    assert_eq!((seen.count, seen.items, seen.total), (1, 0, Duration::ZERO));
    assert_eq!(
        (seen.p50, seen.p99, seen.maximum),
        (Duration::ZERO, Duration::ZERO, Duration::ZERO)
    );
}

#[test]
fn an_operation_seen_by_no_record_is_not_there() {
    let monitor = Monitor::new();
    let recorder = monitor.worker_recorder();
    assert!(monitor.full_snapshot().operations.is_empty());
    drop(recorder);
    assert!(monitor.full_snapshot().operations.is_empty());
}

#[test]
fn a_counter_stops_at_the_largest_value() {
    let counter = Monitor::new().counter("bytes");
    counter.add(u64::MAX - 1);
    counter.add(5);
    counter.add(u64::MAX);
    assert_eq!(counter.value(), u64::MAX);
}

#[test]
fn a_snapshot_of_extremes_is_plain_json() {
    let monitor = Monitor::new();
    let most = Measurement { items: u64::MAX, bytes: u64::MAX, ..took("read", Duration::MAX) };
    monitor.worker_recorder().record_shape(&most, "MATCH (n {id: 'secret'})");
    monitor.counter("hits").add(1);
    monitor.phase("scan").finish();
    let json = serde_json::to_value(monitor.full_snapshot()).unwrap();
    let read = &json["operations"]["read"];
    assert_eq!((&read["items"], &read["total_ns"]), (&u64::MAX.into(), &u64::MAX.into()));
    assert_eq!(json["counters"]["hits"], 1);
    assert_eq!(json["phases"][0]["name"], "scan");
    assert_eq!(json["slow"][0]["shape"], "MATCH (n {id: ?})");
    assert!(json["began_unix_ms"].as_u64().unwrap() > 1_700_000_000_000);
}
