//! A report of a run that never took place: a throttled scan of 10,000 resources.
#![allow(clippy::cast_precision_loss)]

use std::collections::BTreeMap;
use std::time::{Duration, SystemTime};

use atg_core::{OperationSummary, PerfSnapshot};
use atg_perf::Timeline;
use atg_perf::report::{CacheReport, Environment, PhaseReport, RunReport};

const SECONDS: f64 = 124.0;

pub(crate) fn environment() -> Environment {
    Environment::detect(SystemTime::UNIX_EPOCH + Duration::from_secs(1_772_366_400))
}

pub(crate) fn snapshot() -> PerfSnapshot {
    let operation = |count, items, bytes, milliseconds: [u64; 5]| {
        let [p50, p90, p95, p99, maximum] = milliseconds.map(Duration::from_millis);
        OperationSummary {
            count,
            failed: 0,
            items,
            bytes,
            total: p50 * u32::try_from(count).unwrap(),
            maximum,
            quantiles: vec![(0.5, p50), (0.9, p90), (0.95, p95), (0.99, p99)],
        }
    };
    let read = operation(3_275, 10_000, 41_000_000, [38, 62, 81, 140, 910]);
    let nodes = operation(21, 10_412, 9_900_000, [55, 71, 90, 96, 96]);
    let relationships = operation(34, 30_118, 6_100_000, [61, 88, 93, 120, 120]);
    let operations = [
        ("read page", OperationSummary { failed: 11, ..read }),
        ("write nodes", nodes),
        ("write relationships", relationships),
    ];
    PerfSnapshot { operations: BTreeMap::from(operations) }
}

/// Many small steps, as a monitor that looks ten times a second would see them.
fn timelines() -> [Timeline; 6] {
    let mut random = fastrand::Rng::with_seed(7);
    let mut requests = Timeline::counter("requests", "requests").in_chart("Requests and throttles");
    let mut throttled =
        Timeline::counter("throttled (429)", "requests").in_chart("Requests and throttles");
    let mut batch = Timeline::gauge("nodes", "rows").in_chart("Batch size chosen");
    let mut batch_2 = Timeline::gauge("relationships", "rows").in_chart("Batch size chosen");
    let mut rows = Timeline::gauge("rows written", "rows/s").in_chart("Rows written");
    let mut memory = Timeline::gauge("resident", "bytes").in_chart("Memory");
    let (mut sent, mut refused) = (0.0, 0.0);
    let (mut size, mut size_2) = (500.0_f64, 500.0_f64);
    for step in 0..=1_240_u32 {
        let seconds = f64::from(step) / 10.0;
        requests.push(seconds, sent);
        throttled.push(seconds, refused);
        sent += if seconds < 2.5 { 9.0 + 3.0 * random.f64() } else { 2.0 + random.f64() };
        refused += if random.f64() < 0.009 { 1.0 } else { 0.0 };
        if step % 20 == 0 {
            size = (size * (0.8 + 0.55 * random.f64())).clamp(100.0, 1_400.0);
            size_2 = (size_2 * (0.85 + 0.4 * random.f64())).clamp(100.0, 900.0);
        }
        batch.push(seconds, size.round());
        batch_2.push(seconds, size_2.round());
        rows.push(seconds, 290.0 + size * 0.1 + 60.0 * random.f64());
        memory.push(seconds, 38e6 + 4e5 * seconds.min(90.0) + 1.5e6 * random.f64());
    }
    [requests, throttled, batch, batch_2, rows, memory]
}

pub(crate) fn scan() -> RunReport {
    let phase = |name, milliseconds, items| {
        PhaseReport::new(name, Duration::from_millis(milliseconds), items)
    };
    let environment = environment().with_git_revision("3f3436c");
    let mut report = RunReport::new("throttled scan of 10,000 resources", environment)
        .with_parameter("workers", "8")
        .with_parameter("pace", "quota")
        .with_parameter("batch", "auto")
        .with_parameter("graph", "inventory.sqlite")
        .with_phase(phase("connect", 210, 0))
        .with_phase(phase("scan", 112_400, 10_000).with_peak_memory(78 << 20))
        .with_phase(phase("resolve", 4_300, 30_118).with_peak_memory(74 << 20))
        .with_phase(phase("scale", 6_100, 90_000).with_peak_memory(81 << 20))
        .with_phase(phase("validate", 990, 0))
        .with_measured(Duration::from_secs_f64(SECONDS), &snapshot());
    report.requests = 3_275;
    report.throttled = 11;
    report.peak_memory_bytes = Some(81 << 20);
    report.caches.insert("answers".to_owned(), CacheReport::new(2_810, 465));
    timelines().into_iter().fold(report, RunReport::with_timeline)
}
