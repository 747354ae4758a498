//! The report for people in a terminal.

use atg_perf::report::{CacheReport, RunReport};

use crate::invented;

#[test]
fn it_shows_every_part_with_units() {
    let text = invented::scan().to_text();
    println!("{text}");
    let parts = [
        "throttled scan of 10,000 resources  2026-03-01T12:00:00Z",
        "3,275",
        "11 (0.3 %)",
        "81 MiB",
        "112 s",
        "140 ms",
        "85.8 %",
        "workers",
        "3f3436c",
    ];
    for part in parts {
        assert!(text.contains(part), "{part} is missing:\n{text}");
    }
}

#[test]
fn columns_are_aligned() {
    let text = invented::scan().to_text();
    let table = text.split("\n\n").find(|part| part.starts_with("operations")).unwrap();
    let mut widths = table.lines().skip(1).map(|line| line.chars().count());
    let first = widths.next().unwrap();
    assert!(widths.all(|width| width == first), "{table}");
}

#[test]
fn little_and_odd_values_have_a_text_too() {
    let empty = RunReport::default().to_text();
    assert!(empty.contains("summary") && !empty.contains("phases"), "{empty}");
    let mut report = RunReport::new("odd\u{1b}[31m", invented::environment());
    report.seconds = f64::NAN;
    (report.requests, report.throttled) = (u64::MAX, u64::MAX);
    report.caches.insert("\u{202e}".to_owned(), CacheReport::new(0, 0));
    let text = report.to_text();
    assert!(text.contains("18,446,744,073,709,551,615 (100.0 %)"), "{text}");
    assert!(!text.contains("NaN") && !text.contains(['\u{1b}', '\u{202e}']), "{text}");
}
