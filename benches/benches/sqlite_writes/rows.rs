//! The rows that all ways load, in the same order.

use std::collections::HashMap;

use atg_core::{Node, RelationshipSet};

pub(crate) const NODES: usize = 40_000;
pub(crate) const RELATIONSHIPS: usize = 80_000;

/// Rows a batch.
pub(crate) const BATCH: usize = 20_000;

/// Sets that come to a batch.
pub(crate) const SETS: usize = BATCH * NODES / RELATIONSHIPS;

pub(crate) struct Rows {
    /// In no order, as they come from a tenant that is read at several places at once.
    pub(crate) nodes: Vec<Node>,
    pub(crate) sets: Vec<RelationshipSet>,
    /// The same batches by the numbers of their ends, sorted within each batch.
    pub(crate) numbered: Vec<Vec<(i64, i64, i64)>>,
}

impl Rows {
    pub(crate) fn new() -> Self {
        // As they come from partitions by the hash of the id.
        let mut nodes = atg_benches::nodes(NODES);
        shuffle(&mut nodes);
        let mut sets = atg_benches::relationship_sets(NODES, RELATIONSHIPS);
        shuffle(&mut sets);
        let numbers: HashMap<_, i64> =
            (1..).zip(&nodes).map(|(number, node)| (node.id.key().clone(), number)).collect();
        let relations = ["USES_NIC", "HAS_DISK", "IN_SUBNET", "LOGS_TO"];
        let numbered = sets.chunks(SETS).map(|batch| {
            let all = batch.iter().flat_map(|set| &set.relationships).map(|one| {
                let relation = relations.iter().position(|name| one.relation == *name).unwrap();
                (numbers[one.source.key()], relation as i64, numbers[one.target.key()])
            });
            let mut all: Vec<_> = all.collect();
            all.sort_unstable();
            all
        });
        Self { numbered: numbered.collect(), nodes, sets }
    }
}

/// Mixes the items, always in the same way.
fn shuffle<T>(items: &mut [T]) {
    let mut state = 1_u64;
    for last in (1..items.len()).rev() {
        // A linear congruential generator; its upper bits are the good ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let other = (state >> 33) % (last as u64 + 1);
        items.swap(last, usize::try_from(other).unwrap());
    }
}
