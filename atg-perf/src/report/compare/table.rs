//! A comparison as a table for people.

use std::fmt::Write as _;

use comfy_table::CellAlignment;

use super::{Comparison, Incomparable, MINIMUM_VALUES, MetricComparison, Verdict};
use crate::report::Quantity;
use crate::report::format::{UNKNOWN, printable, quantity};
use crate::report::text::table;

pub(super) fn text(comparison: &Comparison) -> String {
    let mut table =
        table(&["metric", "before", "after", "change", "interval", "values", "verdict"]);
    if let Some(verdict) = table.column_iter_mut().last() {
        verdict.set_cell_alignment(CellAlignment::Left);
    }
    for metric in &comparison.metrics {
        table.add_row(row(metric));
    }
    let mut text = format!("{table}\n");
    for note in &comparison.notes {
        let _ = writeln!(text, "note: {}", printable(note));
    }
    text
}

fn row(metric: &MetricComparison) -> [String; 7] {
    let value = |value: Option<f64>| {
        value.map_or_else(|| UNKNOWN.to_owned(), |value| quantity(metric.quantity, value))
    };
    let interval = metric.interval.map_or_else(
        || UNKNOWN.to_owned(),
        |interval| format!("{} … {}", change(interval.low), change(interval.high)),
    );
    [
        printable(&metric.name).into_owned(),
        value(metric.before),
        value(metric.after),
        metric.ratio.map_or_else(|| UNKNOWN.to_owned(), change),
        interval,
        format!("{} / {}", metric.values.0, metric.values.1),
        verdict(metric),
    ]
}

fn change(ratio: f64) -> String {
    if ratio < 10.0 {
        format!("{:+.1} %", (ratio - 1.0) * 100.0)
    } else {
        format!("× {ratio:.3e}")
    }
}

fn verdict(metric: &MetricComparison) -> String {
    let fast = matches!(metric.quantity, Quantity::Seconds | Quantity::PerSecond);
    match metric.verdict {
        Verdict::Better if fast => "faster".to_owned(),
        Verdict::Better => "less".to_owned(),
        Verdict::Worse if fast => "SLOWER".to_owned(),
        Verdict::Worse => "MORE".to_owned(),
        Verdict::NoDifference => "no difference".to_owned(),
        Verdict::NotComparable(why) => match why {
            Incomparable::OneSideOnly => "not comparable: one side only".to_owned(),
            Incomparable::TooFewValues => {
                format!("not comparable: fewer than {MINIMUM_VALUES} values")
            }
            Incomparable::DifferentQuantities => "not comparable: different quantities".to_owned(),
            Incomparable::NoRatio => "not comparable: no ratio".to_owned(),
        },
    }
}
