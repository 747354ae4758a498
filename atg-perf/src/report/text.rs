//! A report as tables for a terminal.

use std::fmt::Write as _;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use super::format::{UNKNOWN, bytes, float, grouped, number, percent, printable, seconds};
use super::{OperationReport, RunReport};

impl RunReport {
    /// The report as aligned tables for a terminal, each number with its unit; parts without
    /// content are left out. Control characters in names are replaced.
    pub fn to_text(&self) -> String {
        let environment = &self.environment;
        let mut text =
            format!("{}  {}\n", printable(&self.name), printable(&environment.started_at));
        let mut part = |title: &str, table: Table| {
            if table.row_iter().next().is_some() {
                let _ = write!(text, "\n{title}\n{table}\n");
            }
        };
        part("summary", self.summary_table());
        part("phases", self.phase_table());
        part("operations", self.operation_table());
        part("caches", self.cache_table());
        part("parameters", self.parameter_table());
        part("environment", self.environment_table());
        text
    }

    fn summary_table(&self) -> Table {
        let mut rows = table(&["", "value"]);
        for (name, value) in self.summary() {
            rows.add_row([name.to_owned(), value]);
        }
        rows
    }

    /// The numbers that matter most, by name.
    pub(super) fn summary(&self) -> Vec<(&'static str, String)> {
        let mut rows = vec![("time", seconds(self.seconds))];
        if self.requests > 0 {
            rows.push(("requests", grouped(self.requests)));
            let share = float(self.throttled) / float(self.requests);
            rows.push(("throttled", format!("{} ({})", grouped(self.throttled), percent(share))));
        }
        if let Some(peak) = self.peak_memory_bytes {
            rows.push(("peak memory", bytes(float(peak))));
        }
        rows
    }

    fn phase_table(&self) -> Table {
        let mut rows = table(&["phase", "time", "items", "items/s", "peak memory"]);
        for phase in &self.phases {
            let peak = phase.peak_memory_bytes.map(|peak| bytes(float(peak)));
            rows.add_row([
                printable(&phase.name).into_owned(),
                seconds(phase.seconds),
                grouped(phase.items),
                number(phase.per_second),
                peak.unwrap_or_else(|| UNKNOWN.to_owned()),
            ]);
        }
        rows
    }

    fn operation_table(&self) -> Table {
        let mut rows = table(&OPERATION_COLUMNS);
        for (name, operation) in &self.operations {
            let cells = operation_cells(operation);
            rows.add_row(std::iter::once(printable(name).into_owned()).chain(cells));
        }
        rows
    }

    fn cache_table(&self) -> Table {
        let mut rows = table(&["cache", "hits", "misses", "hit ratio"]);
        for (name, cache) in &self.caches {
            let ratio = percent(cache.ratio.unwrap_or(f64::NAN));
            let name = printable(name).into_owned();
            rows.add_row([name, grouped(cache.hits), grouped(cache.misses), ratio]);
        }
        rows
    }

    fn parameter_table(&self) -> Table {
        let mut rows = table(&["parameter", "value"]);
        for (name, value) in &self.parameters {
            rows.add_row([printable(name), printable(value)]);
        }
        rows
    }

    fn environment_table(&self) -> Table {
        let mut rows = table(&["", "value"]);
        for (name, value) in self.environment_rows() {
            rows.add_row([name.to_owned(), printable(&value).into_owned()]);
        }
        rows
    }

    /// What is known of where it ran, by name.
    pub(super) fn environment_rows(&self) -> Vec<(&'static str, String)> {
        let environment = &self.environment;
        let known = |text: &str| {
            if text.is_empty() { UNKNOWN.to_owned() } else { text.to_owned() }
        };
        let mut rows = vec![
            ("started", known(&environment.started_at)),
            ("operating system", known(&environment.os)),
            ("architecture", known(&environment.arch)),
            ("logical processors", environment.logical_cpus.to_string()),
        ];
        if let Some(memory) = environment.total_memory_bytes {
            rows.push(("memory", bytes(float(memory))));
        }
        rows.push(("atg version", known(&environment.atg_version)));
        if let Some(revision) = &environment.git_revision {
            rows.push(("source revision", revision.clone()));
        }
        rows
    }
}

/// The titles of an operation's columns.
pub(super) const OPERATION_COLUMNS: [&str; 11] = [
    "operation",
    "count",
    "failed",
    "p50",
    "p90",
    "p95",
    "p99",
    "max",
    "items",
    "items/s",
    "bytes/s",
];

/// What stands in them, but for the name.
pub(super) fn operation_cells(operation: &OperationReport) -> [String; 10] {
    let quantile = |value: Option<f64>| seconds(value.unwrap_or(f64::NAN));
    let rate = |rate: f64, all: u64, text: fn(f64) -> String| {
        if all == 0 { UNKNOWN.to_owned() } else { text(rate) }
    };
    [
        grouped(operation.count),
        grouped(operation.failed),
        quantile(operation.p50_seconds),
        quantile(operation.p90_seconds),
        quantile(operation.p95_seconds),
        quantile(operation.p99_seconds),
        seconds(operation.maximum_seconds),
        grouped(operation.items),
        rate(operation.items_per_second, operation.items, number),
        rate(operation.bytes_per_second, operation.bytes, bytes),
    ]
}

/// A table whose columns but the first are aligned to the right.
pub(super) fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}
