//! What of a set of runs is compared.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::format::float;
use crate::report::{Quantity, RunReport};

/// The values of a metric, by run.
#[derive(Debug, Clone)]
pub(super) struct Measured {
    pub(super) quantity: Quantity,
    pub(super) runs: Vec<Vec<f64>>,
}

/// All metrics of these runs by name. Values of one name in several quantities are no metric: the
/// quantity that most runs have is compared.
pub(super) fn collect(runs: &[&RunReport]) -> BTreeMap<String, Measured> {
    let mut all: BTreeMap<String, Vec<Measured>> = BTreeMap::new();
    for run in runs {
        for (name, (quantity, values)) in of_run(run) {
            let kinds = all.entry(name).or_default();
            match kinds.iter_mut().find(|kind| kind.quantity == quantity) {
                Some(kind) => kind.runs.push(values),
                None => kinds.push(Measured { quantity, runs: vec![values] }),
            }
        }
    }
    let most = |kinds: Vec<Measured>| kinds.into_iter().rev().max_by_key(|kind| kind.runs.len());
    all.into_iter().filter_map(|(name, kinds)| Some((name, most(kinds)?))).collect()
}

type OfRun = BTreeMap<String, (Quantity, Vec<f64>)>;

fn of_run(run: &RunReport) -> OfRun {
    let mut metrics = OfRun::new();
    let mut add = |name: String, quantity, value: f64| {
        let (_, values) = metrics.entry(name).or_insert_with(|| (quantity, Vec::new()));
        values.push(value);
    };
    // A name that comes again is compared by its rate only if it moved something each time.
    let idle = run.phases.iter().filter(|phase| phase.items == 0);
    let idle: BTreeSet<&str> = idle.map(|phase| phase.name.as_str()).collect();
    for phase in &run.phases {
        if idle.contains(phase.name.as_str()) {
            add(format!("phase {}", phase.name), Quantity::Seconds, phase.seconds);
        } else {
            add(format!("phase {}", phase.name), Quantity::PerSecond, phase.per_second);
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
