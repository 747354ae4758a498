//! The limits that the sink is to keep.

use atg_benches::Limit;

use crate::contestant::{Phase, Role};
use crate::rounds::Measured;

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
