//! Timelines: bounded, finite, in order.
#![allow(clippy::cast_precision_loss, clippy::float_cmp)]

use atg_perf::{Point, Timeline};
use proptest::prelude::*;

const MOST: usize = 2_000;

fn pairs(points: &[Point]) -> Vec<(f64, f64)> {
    points.iter().map(|point| (point.seconds, point.value)).collect()
}

#[test]
fn a_full_gauge_halves_and_keeps_its_mean() {
    let mut gauge = Timeline::gauge("g", "rows");
    let total = 1_000_000_u32;
    for step in 0..total {
        gauge.push(f64::from(step), f64::from(step % 10));
    }
    let points = gauge.points();
    assert!((MOST / 2..=MOST).contains(&points.len()), "{}", points.len());
    // A million values, 512 a point: each point lies near the mean of its values.
    let near = points.iter().rev().skip(1).all(|point| (point.value - 4.5).abs() < 0.1);
    assert!(near, "{:?}", &points[..4]);
    // Resolution is the same at the beginning and at the end.
    let step = |index: usize| points[index + 1].seconds - points[index].seconds;
    assert!((step(0) - 512.0).abs() < 1e-6 && (step(points.len() - 3) - 512.0).abs() < 1e-6);
}

#[test]
fn a_full_counter_keeps_its_rate_and_its_end() {
    let mut counter = Timeline::counter("c", "requests");
    for step in 0..=100_000_u32 {
        counter.push(f64::from(step) * 0.5, f64::from(step) * 3.0);
    }
    assert!(counter.points().len() <= MOST);
    assert_eq!(pairs(counter.points()).last(), Some(&(50_000.0, 300_000.0)));
    let rates = counter.series();
    assert!(rates.iter().all(|rate| (rate.value - 6.0).abs() < 1e-9));
    assert_eq!(counter.series_unit(), "requests/s");
}

#[test]
fn rates_survive_restarts_and_equal_times() {
    let mut counter = Timeline::counter("c", "x");
    for (seconds, value) in [(0.0, 10.0), (1.0, 30.0), (2.0, 4.0), (2.0, 6.0), (4.0, 8.0)] {
        counter.push(seconds, value);
    }
    assert_eq!(pairs(&counter.series()), [(1.0, 20.0), (2.0, 4.0), (4.0, 2.0)]);
}

#[test]
fn little_is_enough() {
    let mut empty = Timeline::counter("c", "x");
    assert!(empty.points().is_empty() && empty.series().is_empty());
    empty.push(3.0, 1.0);
    assert!(empty.series().is_empty(), "one count has no rate");
    let mut gauge = Timeline::gauge("g", "x");
    gauge.push(3.0, 1.0);
    assert_eq!(pairs(&gauge.series()), [(3.0, 1.0)]);
}

#[test]
fn odd_values_are_left_out() {
    let mut gauge = Timeline::gauge("g", "x");
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
        gauge.push(odd, 1.0);
        gauge.push(1.0, odd);
    }
    assert!(gauge.points().is_empty());
    gauge.push(5.0, u64::MAX as f64);
    gauge.push(4.0, 0.0);
    assert_eq!(pairs(gauge.points()), [(5.0, u64::MAX as f64), (5.0, 0.0)]);
}

proptest! {
    #[test]
    fn it_stays_bounded_finite_and_in_order(
        values in proptest::collection::vec((any::<f64>(), any::<f64>()), 0..6_000),
        counts in any::<bool>(),
    ) {
        let mut timeline =
            if counts { Timeline::counter("t", "x") } else { Timeline::gauge("t", "x") };
        for (seconds, value) in values {
            timeline.push(seconds, value);
        }
        let points = timeline.points();
        prop_assert!(points.len() <= MOST);
        prop_assert!(points.is_sorted_by(|a, b| a.seconds <= b.seconds));
        let series = timeline.series();
        let mut all = points.iter().chain(&series);
        prop_assert!(all.all(|point| point.seconds.is_finite() && point.value.is_finite()));
        let json = serde_json::to_string(&timeline).unwrap();
        let back: Timeline = serde_json::from_str(&json).unwrap();
        prop_assert_eq!(back.points(), points);
    }
}
