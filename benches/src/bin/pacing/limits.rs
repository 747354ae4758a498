//! What ours is to keep to, whatever the workers and the latency.

use atg_benches::Limit;
use atg_perf::simulated::Latency;

use crate::scenarios::{self, Scenario};
use crate::trial::{self, Trial};
use crate::{Outcome, policies};

const WORKERS: [usize; 3] = [4, 16, 64];
const LATENCIES: [Latency; 2] = [Latency::STEADY, Latency::JITTERY];
/// A change is to be found within so many seconds.
const FOUND: f64 = 10.0;

/// Runs ours in every scenario that has limits of its own, and takes the worst.
pub(crate) fn check() -> Outcome<Vec<Limit>> {
    println!("ours with 4, 16 and 64 workers, steady and with jitter, the worst of each:");
    let mut limits = Vec::new();
    for scenario in scenarios::all() {
        // The same one without jitter is there as well, and tried with both.
        if scenario.latency == Latency::STEADY {
            limits.extend(of(&scenario)?);
        }
    }
    Ok(limits)
}

fn of(scenario: &Scenario) -> Outcome<Vec<Limit>> {
    let trials = trials(scenario)?;
    let worst = |figure: fn(&Trial) -> f64| trials.iter().map(figure).reduce(f64::max);
    let (factor, refusals) = scenario.most;
    let mut limits = vec![
        Limit::most(scenario.name, worst(|trial| trial.factor), factor, "× ideal"),
        Limit::most(
            scenario.name,
            worst(|trial| trial.refused as f64),
            f64::from(refusals),
            "refusals",
        ),
    ];
    if scenario.change.is_some() {
        let found = worst(|trial| trial.found_after.unwrap_or(f64::INFINITY));
        limits.push(Limit::most(scenario.name, found, FOUND, "s until found"));
    }
    Ok(limits)
}

fn trials(scenario: &Scenario) -> Outcome<Vec<Trial>> {
    let ours = policies::ours();
    let mut trials = Vec::new();
    for workers in WORKERS {
        for latency in LATENCIES {
            trials.push(trial::run(&ours, scenario, workers, latency)?);
        }
    }
    Ok(trials)
}
