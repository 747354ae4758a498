//! What of a set of runs is compared.

use std::collections::BTreeMap;

use crate::report::format::float;
use crate::report::{Quantity, RunReport};

/// The values of a metric, by run.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) quantity: Quantity,
    pub(super) runs: Vec<Vec<f64>>,
}

/// All metrics of these runs by name.
pub(super) fn collect(runs: &[&RunReport]) -> BTreeMap<String, Measured> {
    let mut all = BTreeMap::new();
    for run in runs {
        for (name, (quantity, values)) in of_run(run) {
            let of_runs = || Measured { quantity, runs: Vec::new() };
            let measured = all.entry(name).or_insert_with(of_runs);
            if measured.quantity == quantity {
                measured.runs.push(values);
            }
        }
    }
    all
}

type OfRun = BTreeMap<String, (Quantity, Vec<f64>)>;

fn of_run(run: &RunReport) -> OfRun {
    let mut metrics = OfRun::new();
    let mut add = |name: String, quantity, value: f64| {
        let (_, values) = metrics.entry(name).or_insert_with(|| (quantity, Vec::new()));
        values.push(value);
    };
    for phase in &run.phases {
        if phase.items > 0 {
            add(format!("phase {}", phase.name), Quantity::PerSecond, phase.per_second);
        } else {
            add(format!("phase {}", phase.name), Quantity::Seconds, phase.seconds);
        }
    }
    for (name, operation) in &run.operations {
        for (which, value) in [("p50", operation.p50_seconds), ("p99", operation.p99_seconds)] {
            if let Some(value) = value {
                add(format!("operation {name} {which}"), Quantity::Seconds, value);
            }
        }
    }
    if let Some(bytes) = run.peak_memory_bytes {
        add("peak memory".to_owned(), Quantity::Bytes, float(bytes));
    }
    if run.requests > 0 {
        add("requests".to_owned(), Quantity::Count, float(run.requests));
        add("throttled".to_owned(), Quantity::Count, float(run.throttled));
    }
    for (name, samples) in &run.samples {
        metrics.insert(format!("samples {name}"), (samples.quantity, samples.values.clone()));
    }
    metrics
}
