//! The limits that the sink is to keep.

use std::fmt;

use crate::contestant::{Phase, Role};
use crate::rounds::Measured;

/// A limit, and what was measured.
pub(crate) struct Limit {
    what: &'static str,
    measured: Option<f64>,
    bound: Bound,
    unit: &'static str,
}

enum Bound {
    Least(f64),
    Most(f64),
}

impl Limit {
    pub(crate) fn least(
        what: &'static str,
        measured: Option<f64>,
        bound: f64,
        unit: &'static str,
    ) -> Self {
        Self { what, measured, bound: Bound::Least(bound), unit }
    }

    pub(crate) fn most(
        what: &'static str,
        measured: Option<f64>,
        bound: f64,
        unit: &'static str,
    ) -> Self {
        Self { what, measured, bound: Bound::Most(bound), unit }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, bound) = match self.bound {
            Bound::Least(bound) => ("≥", bound),
            Bound::Most(bound) => ("≤", bound),
        };
        write!(f, "{}: {sign} {bound} {}: ", self.what, self.unit)?;
        let Some(measured) = self.measured else { return write!(f, "not measured") };
        let met = match self.bound {
            Bound::Least(bound) => measured >= bound,
            Bound::Most(bound) => measured <= bound,
        };
        write!(f, "{measured:.2}, {}", if met { "met" } else { "MISSED" })
    }
}

/// The best rate of a role.
pub(crate) fn best(results: &[Measured], role: Role, phase: Phase) -> Option<f64> {
    let of_role = results.iter().filter(|one| one.label.role == role);
    of_role.filter_map(|one| one.rate(phase)).reduce(f64::max)
}

/// The limits of the table, for the sink fed as its profile says.
pub(crate) fn of(results: &[Measured]) -> Vec<Limit> {
    let ours = |phase| best(results, Role::Ours, phase);
    let against = |phase, role| Some(ours(phase)? / best(results, role, phase)?);
    let again = |phase, cold| Some(ours(phase)? / ours(cold)?);
    let processor = results
        .iter()
        .find(|one| one.label.role == Role::Ours)
        .and_then(|one| one.processor(Phase::Nodes));
    let times = "×";
    vec![
        Limit::least("nodes to the best peer's", against(Phase::Nodes, Role::Peer), 1.0, times),
        Limit::least(
            "nodes to the server's alone at P 1",
            against(Phase::Nodes, Role::ServerOnly),
            1.0,
            times,
        ),
        Limit::least(
            "relationships to the best peer's",
            against(Phase::Relationships, Role::Peer),
            1.5,
            times,
        ),
        Limit::least("nodes again to cold", again(Phase::NodesAgain, Phase::Nodes), 2.0, times),
        Limit::least(
            "relationships again to cold",
            again(Phase::RelationshipsAgain, Phase::Relationships),
            2.0,
            times,
        ),
        Limit::most("client's processors for a node", processor, 3.0, "µs"),
    ]
}
