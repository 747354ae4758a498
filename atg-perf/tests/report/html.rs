//! The page: whole, harmless, small. A browser looks at it in `tests/python/test_report.py`.
#![allow(clippy::cast_precision_loss)]

use std::path::Path;

use atg_perf::Timeline;
use atg_perf::report::{CacheReport, OperationReport, PhaseReport, RunReport};

use crate::invented;

/// The page's figures.
fn figures(page: &str) -> Vec<&str> {
    page.split("<figure>")
        .skip(1)
        .filter_map(|part| Some(part.split_once("</figure>")?.0))
        .collect()
}

#[test]
fn a_throttled_scan_has_all_its_charts() {
    let page = invented::scan().to_html();
    // For people: open it.
    std::fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join("report.html"), &page).unwrap();
    let figures = figures(&page);
    assert_eq!(figures.len(), 4);
    for (figure, title) in figures.iter().zip([
        "Requests and throttles",
        "Batch size chosen",
        "Rows written",
        "Memory",
    ]) {
        assert!(figure.contains(title) && figure.contains("role=\"img\""), "{title}");
        assert!(figure.contains("<polyline") && figure.contains("time, s"), "{title}");
    }
    assert_eq!(figures[0].matches("class=\"key").count(), 2);
    assert_eq!(page.matches("<svg").count(), page.matches("</svg>").count());
    assert!(page.contains("<title>throttled scan of 10,000 resources"));
    assert!(page.len() < 300_000, "{} bytes", page.len());
}

/// Where the longest line of a figure begins and ends, in units of the picture.
fn ends(figure: &str) -> (f64, f64) {
    let lines = figure.split("<polyline").skip(1).filter_map(|line| {
        let points: Vec<&str> =
            line.split("points=\"").nth(1)?.split('"').next()?.split(' ').collect();
        let x = |point: &str| point.split(',').next()?.parse::<f64>().ok();
        let places: Vec<f64> = points.into_iter().filter_map(x).collect();
        (places.len() > 2).then(|| (places[0], places[places.len() - 1]))
    });
    lines.max_by(|one, other| (one.1 - one.0).total_cmp(&(other.1 - other.0))).unwrap()
}

#[test]
fn what_happens_at_one_time_stands_at_one_place() {
    let mut report = RunReport::new("three", invented::environment());
    for (name, seconds) in [("whole", 0..=100), ("early", 0..=50), ("late", 60..=90)] {
        let mut timeline = Timeline::gauge(name, "x");
        for second in seconds {
            timeline.push(f64::from(second), f64::from(second % 7));
        }
        report = report.with_timeline(timeline);
    }
    let page = report.to_html();
    let places: Vec<(f64, f64)> = figures(&page).into_iter().map(ends).collect();
    let (begin, end) = places[0];
    for ((from, to), (first, last)) in places.into_iter().zip([(0.0, 1.0), (0.0, 0.5), (0.6, 0.9)])
    {
        let share = |place| (place - begin) / (end - begin);
        assert!((share(from) - first).abs() < 0.01, "{} for {first}", share(from));
        assert!((share(to) - last).abs() < 0.01, "{} for {last}", share(to));
    }
}

#[test]
fn it_asks_nothing_of_anybody() {
    let page = invented::scan().to_html().to_lowercase();
    assert!(page.contains("content=\"default-src 'none'; style-src 'unsafe-inline'\""));
    for word in [
        "<script",
        "src=\"",
        "@import",
        "url(",
        "javascript:",
        " onload",
        "https:",
        "http:",
        "href=",
    ] {
        assert!(!page.contains(word), "{word}");
    }
}

#[test]
fn nothing_from_outside_is_markup() {
    let evil = "</title><script>alert('1')</script>\" onload=\"x\" & <!-- 名 \u{0}\u{b}";
    let mut report = RunReport::new(evil, invented::environment().with_git_revision(evil))
        .with_parameter(evil, evil)
        .with_phase(PhaseReport::new(evil, std::time::Duration::from_secs(1), 1));
    report.environment.started_at = evil.to_owned();
    report.caches.insert(evil.to_owned(), CacheReport::new(1, 1));
    report.operations.insert(evil.to_owned(), OperationReport::default());
    for number in 0..2 {
        let mut timeline = Timeline::gauge(format!("{evil}{number}"), evil).in_chart(evil);
        timeline.push(0.0, 1.0);
        timeline.push(1.0, 2.0);
        report = report.with_timeline(timeline);
    }
    let page = report.to_html();
    for word in ["<script", "</title><", "onload=\"", "<!-- ", "\u{0}", "\u{b}"] {
        assert!(!page.contains(word), "{word:?}");
    }
    assert!(page.contains("&lt;script&gt;") && page.contains('名'));
}

#[test]
fn odd_values_break_no_chart() {
    let series: [&[(f64, f64)]; 9] = [
        &[],
        &[(0.0, 0.0)],
        &[(7.0, 42.0)],
        &[(0.0, 5.0), (0.0, 5.0)],
        &[(0.0, -3.0), (1.0, -5.0)],
        &[(0.0, u64::MAX as f64), (1.0, 0.0)],
        &[(0.0, 1e300), (1e300, 1.0)],
        &[(1e18, 1.0), (1e18 + 256.0, 1.0 + f64::EPSILON)],
        &[(0.0, 1e-300), (1e-300, 1e-9)],
    ];
    for points in series {
        for timeline in [Timeline::gauge("t", "x"), Timeline::counter("t", "x")] {
            let mut timeline = timeline;
            for (seconds, value) in points {
                timeline.push(*seconds, *value);
            }
            let report = RunReport::new("odd", invented::environment());
            let page = report.with_timeline(timeline).to_html();
            assert_eq!(figures(&page).len(), 1);
            assert!(!page.contains("NaN") && !page.contains("inf"), "{points:?}");
            assert!(page.len() < 30_000, "{points:?}: {} bytes", page.len());
        }
    }
}

#[test]
fn an_empty_report_is_a_page() {
    let page = RunReport::default().to_html();
    assert!(figures(&page).is_empty() && page.ends_with("</html>\n"));
    let mut odd = RunReport::new("odd", invented::environment());
    odd.seconds = f64::NAN;
    let mut phase = PhaseReport::new("p", std::time::Duration::ZERO, u64::MAX);
    (phase.seconds, phase.per_second) = (f64::INFINITY, f64::NAN);
    assert!(!odd.with_phase(phase).to_html().contains("NaN"));
}

#[test]
fn full_timelines_stay_small() {
    let mut report = RunReport::new("long", invented::environment());
    let mut random = fastrand::Rng::with_seed(1);
    for number in 0..10 {
        let mut timeline = Timeline::gauge(format!("series {number}"), "x");
        for step in 0..2_000_u32 {
            timeline.push(f64::from(step), random.f64());
        }
        report = report.with_timeline(timeline);
    }
    let page = report.to_html();
    println!("ten full timelines: {} bytes", page.len());
    assert!(page.len() < 500_000, "{} bytes", page.len());
}
