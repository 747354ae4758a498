//! A report as JSON: what is read is what was written, whoever wrote it.

use atg_core::ErrorKind;
use atg_perf::Timeline;
use atg_perf::report::{CacheReport, OperationReport, Quantity, RunReport, Samples, VERSION};

use crate::invented;

#[test]
fn what_is_read_is_what_was_written() {
    let report = invented::scan()
        .with_samples("parse", Samples::new(Quantity::Seconds, [0.1, 1.0 / 3.0, f64::MAX]));
    assert_eq!(RunReport::from_json(&report.to_json().unwrap()).unwrap(), report);
    let empty = RunReport::new("", invented::environment());
    assert_eq!(RunReport::from_json(&empty.to_json().unwrap()).unwrap(), empty);
}

#[test]
fn a_snapshot_becomes_operations() {
    let report = invented::scan();
    let read = &report.operations["read page"];
    assert_eq!((read.count, read.failed, read.items), (3_275, 11, 10_000));
    assert_eq!((read.p50_seconds, read.p99_seconds), (Some(0.038), Some(0.140)));
    assert!((read.items_per_second - 10_000.0 / 124.0).abs() < 1e-9);
    // A monitor without a distribution, in a run without time.
    let summary = atg_core::OperationSummary { count: 2, items: 9, ..Default::default() };
    let bare = OperationReport::new(&summary, std::time::Duration::ZERO);
    assert_eq!((bare.p50_seconds, bare.p99_seconds, bare.items_per_second), (None, None, 0.0));
}

#[test]
fn numbers_at_the_edges_survive() {
    let mut report = RunReport::new("edges", invented::environment());
    report.requests = u64::MAX;
    report.peak_memory_bytes = Some(u64::MAX);
    report.caches.insert("all".to_owned(), CacheReport::new(u64::MAX, u64::MAX));
    assert_eq!(report.caches["all"].ratio, Some(0.5));
    report.caches.insert("none".to_owned(), CacheReport::new(0, 0));
    assert_eq!(report.caches["none"].ratio, None);
    assert_eq!(RunReport::from_json(&report.to_json().unwrap()).unwrap(), report);
}

#[test]
fn what_is_not_finite_becomes_null_and_nan() {
    let values = [1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let mut report = RunReport::new("nan", invented::environment())
        .with_samples("odd", Samples::new(Quantity::PerSecond, values));
    report.seconds = f64::NAN;
    report.operations.insert("x".to_owned(), {
        let mut operation = OperationReport::default();
        operation.p50_seconds = Some(f64::NAN);
        operation.maximum_seconds = f64::INFINITY;
        operation
    });
    let json = report.to_json().unwrap();
    assert!(serde_json::from_str::<serde_json::Value>(&json).is_ok());
    let back = RunReport::from_json(&json).unwrap();
    assert!(back.seconds.is_nan());
    assert!(back.operations["x"].maximum_seconds.is_nan());
    assert_eq!(back.operations["x"].p50_seconds, None);
    let finite: Vec<bool> = back.samples["odd"].values.iter().map(|v| v.is_finite()).collect();
    assert_eq!(finite, [true, false, false, false]);
}

#[test]
fn a_newer_version_is_refused_by_name() {
    let json = format!(r#"{{"version": {}, "phases": "another shape"}}"#, VERSION + 1);
    let error = RunReport::from_json(&json).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains(&format!("version {}", VERSION + 1)), "{error}");
    let huge = format!(r#"{{"version": {}}}"#, u64::MAX);
    assert_eq!(RunReport::from_json(&huge).unwrap_err().kind(), ErrorKind::Unsupported);
}

#[test]
fn fields_may_be_missing_or_unknown() {
    let json = format!(r#"{{"version": {VERSION}, "name": "old", "future": {{"a": [1]}}}}"#);
    let report = RunReport::from_json(&json).unwrap();
    assert_eq!((report.name.as_str(), report.requests), ("old", 0));
}

#[test]
fn what_is_no_report_is_an_error() {
    let texts = [
        "",
        "null",
        "[]",
        "{}",
        "{\"version\": \"1\"}",
        "{\"version\": -1}",
        "{\"version\": 1, \"requests\": 1.5}",
        "{\"version\": 1, \"requests\": 99999999999999999999}",
        "{\"version\": 1, \"name\": ",
        "\u{0}",
    ];
    for text in texts {
        let error = RunReport::from_json(text).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{text:?}: {error}");
    }
}

#[test]
fn a_timeline_from_a_file_is_put_in_order() {
    let json =
        r#"{"name": "t", "points": [[0, 1], [null, 2], [5, null], [3, 4], [1, 6], [1e999, 1]]}"#;
    // A number too large for a float is no JSON to this reader.
    assert!(serde_json::from_str::<Timeline>(json).is_err());
    let timeline: Timeline = serde_json::from_str(&json.replace("1e999", "9e307")).unwrap();
    let points: Vec<_> = timeline.points().iter().map(|p| (p.seconds, p.value)).collect();
    assert_eq!(points, [(0.0, 1.0), (3.0, 4.0), (3.0, 6.0)]);
    assert_eq!((timeline.chart(), timeline.unit()), ("t", ""));
    let many: Vec<_> = (0..9_000).map(|n| (n, n)).collect();
    let json = serde_json::json!({"name": "many", "points": many}).to_string();
    let timeline: Timeline = serde_json::from_str(&json).unwrap();
    assert!(timeline.points().len() <= 2_000);
}
