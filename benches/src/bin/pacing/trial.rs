//! One policy in one scenario, in virtual time.

use std::time::Duration;

use atg_core::{OperationClass, Pace};
use atg_perf::simulated::{Latency, Load, Run, key, send_all};
use futures::future::join_all;

use crate::Outcome;
use crate::policies::Policy;
use crate::scenarios::{REQUESTS, Scenario};

/// What came of it.
pub(crate) struct Trial {
    /// The time it took, of several subscriptions the longest, by the ideal one.
    pub(crate) factor: f64,
    /// Of several subscriptions the most.
    pub(crate) refused: u64,
    /// Seconds from a change of the quota until requests came at its rate.
    pub(crate) found_after: Option<f64>,
}

/// Runs it; the same each time.
pub(crate) fn run(
    policy: &Policy,
    scenario: &Scenario,
    workers: usize,
    latency: Latency,
) -> Outcome<Trial> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let load = Load { workers, requests: REQUESTS, latency };
    let runs = runtime.block_on(async {
        let shared = (policy.make)();
        join_all((0..scenario.subscriptions).map(|number| {
            let key = key(OperationClass::Read, &format!("subscription-{number}"));
            let pace = if policy.knows_keys { shared.clone() } else { (policy.make)() };
            send_all(pace, key, (scenario.policer)(), load)
        }))
        .await
    });
    let longest = runs.iter().map(|run| run.elapsed).max().unwrap_or_default();
    Ok(Trial {
        factor: longest.as_secs_f64() / scenario.ideal,
        refused: runs.iter().map(Run::refused).max().unwrap_or_default(),
        found_after: runs.first().and_then(|run| found_after(run, scenario)),
    })
}

/// The end of the first while in which requests came at the new rate, or at less than a tenth
/// beside it where it fell.
fn found_after(run: &Run, scenario: &Scenario) -> Option<f64> {
    let change = scenario.change?;
    let while_long = Duration::from_secs(2);
    let starts = (0..600).map(|step| Duration::from_millis(100 * step));
    let found = starts.into_iter().find(|after| {
        let rate = run.rate(change.at + *after, while_long);
        if change.rises() { rate >= 0.9 * change.rate } else { rate <= 1.1 * change.rate }
    })?;
    Some((found + while_long).as_secs_f64())
}

/// A pace of its own for a trial.
pub(crate) type Shared = std::sync::Arc<dyn Pace>;
