//! The table: all policies in all scenarios.

use atg_perf::simulated::Latency;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use crate::policies::{self, Policy};
use crate::scenarios::{self, REQUESTS, Scenario};
use crate::{Outcome, trial};

/// Prints it.
pub(crate) fn print(workers: usize) -> Outcome {
    let mut table = Table::new();
    let policies = policies::all();
    let names = policies.iter().map(|policy| policy.name);
    table.load_style(UTF8_FULL_CONDENSED).set_header(std::iter::once("").chain(names));
    for scenario in scenarios::all() {
        table.add_row(row(&policies, &scenario, workers)?);
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!(
        "{REQUESTS} reads by {workers} workers against 250 + 25 a second, there and back {}: time \
         by the ideal time, and refusals\n{table}\n",
        describe(Latency::STEADY),
    );
    Ok(())
}

fn row(policies: &[Policy], scenario: &Scenario, workers: usize) -> Outcome<Vec<String>> {
    let mut row = vec![scenario.name.to_owned()];
    for policy in policies {
        let trial = trial::run(policy, scenario, workers, scenario.latency)?;
        row.push(format!("{:.2}×, {}", trial.factor, trial.refused));
    }
    Ok(row)
}

fn describe(latency: Latency) -> &'static str {
    if latency == Latency::STEADY { "80 ms, with jitter 40 to 120 ms" } else { "" }
}
