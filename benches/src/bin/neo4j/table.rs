//! The table of all contestants.

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::contestant::{Phase, Role};
use crate::limits::best;
use crate::peers::Absent;
use crate::rounds::Measured;

const HEADER: [&str; 13] = [
    "",
    "B",
    "P",
    "nodes/s",
    "× server only",
    "× best peer",
    "again",
    "relationships/s",
    "× best peer",
    "again",
    "deadlocks",
    "µs/node",
    "µs/rel.",
];

/// Thousands of rows a second, their ratios to the best peer and to the server alone, and the
/// client's processor time.
pub(crate) fn of(results: &[Measured], absent: &[Absent]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(HEADER);
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for one in results {
        table.add_row(row(one, results));
    }
    for Absent { name, why } in absent {
        table.add_row([(*name).to_owned(), format!("not run: {why}")]);
    }
    table
}

fn row(one: &Measured, all: &[Measured]) -> Vec<String> {
    let rate =
        |phase| one.rate(phase).map_or_else(String::new, |rate| format!("{:.1}k", rate / 1e3));
    let ratio = |phase, role| match (one.rate(phase), best(all, role, phase)) {
        (Some(own), Some(best)) => format!("{:.2}", own / best),
        _ => String::new(),
    };
    let processor = |phase| match one.processor(phase) {
        Some(time) if one.label.role.has_client() => format!("{time:.1}"),
        _ => String::new(),
    };
    vec![
        one.label.name.to_owned(),
        both(one.label.rows),
        both(one.label.writers),
        rate(Phase::Nodes),
        ratio(Phase::Nodes, Role::ServerOnly),
        ratio(Phase::Nodes, Role::Peer),
        rate(Phase::NodesAgain),
        rate(Phase::Relationships),
        ratio(Phase::Relationships, Role::Peer),
        rate(Phase::RelationshipsAgain),
        one.deadlocks().map_or_else(String::new, |count| format!("{count:.1}")),
        processor(Phase::Nodes),
        processor(Phase::Relationships),
    ]
}

/// One number, where nodes and relationships have the same.
fn both([nodes, relationships]: [usize; 2]) -> String {
    if nodes == relationships { nodes.to_string() } else { format!("{nodes} / {relationships}") }
}
