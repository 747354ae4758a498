//! The rounds: every contestant loads the emptied server, in another order each time.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::time::Duration;

use atg_benches::neo4j_server::Server;
use atg_benches::{median, order};

use crate::Outcome;
use crate::contestant::{Contestant, Label, Phase, Role};
use crate::data::Rows;
use crate::server;
use crate::verify::Expected;
use atg_benches::processor_time;

/// What was measured of a contestant.
pub(crate) struct Measured {
    pub(crate) label: Label,
    times: BTreeMap<Phase, Vec<Times>>,
    /// Of all rounds.
    deadlocks: Option<u64>,
    nodes: usize,
    relationships: usize,
}

struct Times {
    elapsed: Duration,
    /// Of the client's processors.
    processor: Duration,
}

impl Measured {
    /// Rows a second, the median of the rounds.
    pub(crate) fn rate(&self, phase: Phase) -> Option<f64> {
        let seconds = self.times.get(&phase)?.iter().map(|one| one.elapsed.as_secs_f64());
        Some(self.rows(phase) as f64 / median(seconds.collect())?)
    }

    /// Deadlocks in a load, the mean of the rounds.
    pub(crate) fn deadlocks(&self) -> Option<f64> {
        let rounds = self.times.get(&Phase::Nodes)?.len();
        Some(self.deadlocks? as f64 / rounds as f64)
    }

    /// Microseconds of the client's processors for a row, the mean of the rounds: one round alone
    /// is too short for the system's clock.
    pub(crate) fn processor(&self, phase: Phase) -> Option<f64> {
        let times = self.times.get(&phase)?;
        let all: Duration = times.iter().map(|one| one.processor).sum();
        Some(all.as_secs_f64() * 1e6 / (times.len() * self.rows(phase)) as f64)
    }

    fn rows(&self, phase: Phase) -> usize {
        if phase.of_nodes() { self.nodes } else { self.relationships }
    }
}

/// Runs all, after a round that only warms up the server.
pub(crate) async fn run(
    server: &Server,
    rows: &Rows,
    contestants: &mut [Box<dyn Contestant>],
    rounds: NonZeroUsize,
) -> Outcome<Vec<Measured>> {
    let expected = Expected::of(rows);
    let mut results: Vec<Measured> =
        contestants.iter().map(|one| empty(one.label(), rows)).collect();
    for round in 0..=rounds.get() {
        for place in order(contestants.len(), round) {
            let (contestant, result) = (&mut contestants[place], &mut results[place]);
            let measured = load(server, &expected, contestant.as_mut(), round).await?;
            if round > 0 {
                for (phase, times) in measured {
                    result.times.entry(phase).or_default().push(times);
                }
                let deadlocks =
                    contestant.deadlocks().map(|own| own + result.deadlocks.unwrap_or(0));
                result.deadlocks = deadlocks;
            }
        }
    }
    Ok(results)
}

fn empty(label: Label, rows: &Rows) -> Measured {
    let (nodes, relationships) = (rows.nodes.len(), rows.relationships.len());
    Measured { label, times: BTreeMap::new(), deadlocks: None, nodes, relationships }
}

/// One load from the empty database on, verified.
async fn load(
    server: &Server,
    expected: &Expected,
    contestant: &mut dyn Contestant,
    round: usize,
) -> Outcome<Vec<(Phase, Times)>> {
    server.clear().await?;
    server::make(server, contestant.schema()).await?;
    contestant.prepare().await?;
    let label = contestant.label();
    let mut measured = Vec::new();
    let mut seconds = Vec::new();
    for phase in Phase::ALL {
        let before = processor_time(contestant.process());
        let Some(elapsed) = contestant.load(phase).await? else { continue };
        let processor = processor_time(contestant.process()).saturating_sub(before);
        check(server, expected, label.role, phase).await?;
        seconds.push(format!("{:.2}", elapsed.as_secs_f64()));
        measured.push((phase, Times { elapsed, processor }));
    }
    let Label { name, rows: [rows, _], writers: [writers, _], .. } = label;
    eprintln!("round {round}: {name}, B {rows}, P {writers}: {} s", seconds.join(" "));
    Ok(measured)
}

async fn check(server: &Server, expected: &Expected, role: Role, phase: Phase) -> Outcome {
    match role {
        Role::ServerOnly | Role::Aside => expected.check_count(server).await,
        _ if phase.of_nodes() => expected.check_nodes(server).await,
        _ => expected.check_relationships(server).await,
    }
}
