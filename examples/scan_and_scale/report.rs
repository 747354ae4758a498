//! The report: JSON for programs, tables for people.

use std::collections::BTreeMap;

use atg_core::GraphCounts;
use atg_core::pipeline::{Phase, ScanReport};
pub(crate) use atg_perf::report::grouped;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;

use crate::answers::CacheSection;

/// Everything a run did.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) source: String,
    pub(crate) graph: String,
    pub(crate) scan: ScanReport,
    pub(crate) cache: CacheSection,
    pub(crate) scale: ScaleSection,
    pub(crate) validation: ValidationSection,
    pub(crate) phases: Vec<Phase>,
    pub(crate) peak_memory_bytes: u64,
}

/// What the scale-up did.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ScaleSection {
    pub(crate) template_nodes: u64,
    pub(crate) template_relationships: u64,
    pub(crate) nodes: u64,
    pub(crate) relationships: u64,
    pub(crate) seconds: f64,
}

/// What the validation found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct ValidationSection {
    pub(crate) passed: bool,
    pub(crate) checks: Vec<CheckLine>,
}

/// One check.
#[derive(Debug, Serialize)]
pub(crate) struct CheckLine {
    pub(crate) name: String,
    pub(crate) passed: bool,
    pub(crate) detail: String,
}

/// Prints the tables.
pub(crate) fn print(report: &Report, counts: &GraphCounts) {
    print_counts("nodes by type", &counts.nodes_by_type, 15);
    print_counts("relationships by type", &counts.relationships_by_type, 20);
    print_summary(report, counts);
    print_phases(&report.phases);
    print_checks(&report.validation);
    print_skipped(&report.scan);
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(header.to_vec());
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn print_counts(title: &str, counts: &BTreeMap<String, u64>, most: usize) {
    let mut rows: Vec<_> = counts.iter().collect();
    rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    let mut table = table(&[title, "count"]);
    for (name, count) in rows.iter().take(most) {
        table.add_row(vec![(*name).clone(), grouped(**count)]);
    }
    if rows.len() > most {
        let rest: u64 = rows.iter().skip(most).map(|(_, count)| **count).sum();
        table.add_row(vec![format!("… {} more", rows.len() - most), grouped(rest)]);
    }
    println!("{table}");
}

fn print_summary(report: &Report, counts: &GraphCounts) {
    let scan = &report.scan;
    let mut table = table(&["scan", ""]);
    let mut row = |name: &str, value: u64| {
        table.add_row(vec![name.to_owned(), grouped(value)]);
    };
    row("resources read", scan.resources_read);
    row("items skipped", scan.resources_skipped.len() as u64);
    row("nodes written", scan.nodes_written);
    row("nodes unchanged", scan.nodes_unchanged);
    row("relationships written", scan.relationships_written);
    row("relationships unchanged", scan.relationships_unchanged);
    row("unresolved nodes", scan.unresolved);
    row("requests", scan.requests);
    row("throttled", scan.throttled);
    row("cache hits", report.cache.hits);
    row("cache misses", report.cache.misses);
    row("nodes in the graph", counts.nodes);
    row("  of them synthetic", counts.synthetic_nodes);
    row("relationships in the graph", counts.relationships);
    row("peak memory, MiB", report.peak_memory_bytes >> 20);
    println!("{table}");
}

fn print_phases(phases: &[Phase]) {
    let mut table = table(&["phase", "seconds", "items", "items/s"]);
    for phase in phases {
        let rate =
            if phase.items == 0 { String::new() } else { format!("{:.0}", phase.per_second) };
        table.add_row(vec![
            phase.name.clone(),
            format!("{:.3}", phase.seconds),
            grouped(phase.items),
            rate,
        ]);
    }
    println!("{table}");
}

fn print_checks(validation: &ValidationSection) {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(vec!["check", "", "detail"]);
    for check in &validation.checks {
        let mark = if check.passed { "passed" } else { "FAILED" };
        table.add_row(vec![check.name.clone(), mark.to_owned(), check.detail.clone()]);
    }
    if !validation.checks.is_empty() {
        println!("{table}");
    }
}

fn print_skipped(scan: &ScanReport) {
    const MOST: usize = 5;
    for one in scan.resources_skipped.iter().take(MOST) {
        println!("skipped {}: {}", one.id, one.why);
    }
    if scan.resources_skipped.len() > MOST {
        let more = scan.resources_skipped.len() - MOST;
        println!("… and {more} more skipped; --report FILE names each");
    }
}

/// Says on standard error which scopes were not read in full, and why.
pub(crate) fn print_problems(scan: &ScanReport) {
    const MOST: usize = 10;
    for one in scan.problems.iter().take(MOST) {
        eprintln!("scope {} is {}: {}", one.scope, one.status, one.why);
    }
    if scan.problems.len() > MOST {
        eprintln!("… and {} more scopes", scan.problems.len() - MOST);
    }
}
