//! [`GraphChecks`]: what must hold for any graph.

use std::collections::HashSet;

use atg_core::{GraphCounts, GraphReader, Node, RESOURCE_LABEL, Relationship, Result};
use foldhash::fast::RandomState;
use futures::TryStreamExt;
use xxhash_rust::xxh3::xxh3_64;

use super::{Check, Inspect, Misfits};

/// Every node's key, as a 64-bit hash: among a million nodes two meet once in 30 million graphs.
#[derive(Debug, Default)]
pub(super) struct Keys {
    hashes: HashSet<u64, RandomState>,
    repeated: u64,
}

impl Keys {
    pub(super) async fn read<R: GraphReader>(reader: &R) -> Result<Self> {
        let mut keys = Self::default();
        let mut known = reader.known();
        while let Some(one) = known.try_next().await? {
            keys.repeated += u64::from(!keys.hashes.insert(xxh3_64(one.key.as_bytes())));
        }
        Ok(keys)
    }

    pub(super) fn contain(&self, key: &str) -> bool {
        self.hashes.contains(&xxh3_64(key.as_bytes()))
    }
}

/// Checks while a graph is read.
pub(super) struct GraphChecks<'a> {
    keys: &'a Keys,
    nodes: u64,
    relationships: u64,
    unknown: Misfits,
    unlabelled: Misfits,
    dangling: Misfits,
}

impl<'a> GraphChecks<'a> {
    pub(super) fn new(keys: &'a Keys) -> Self {
        let [unknown, unlabelled, dangling] = std::array::from_fn(|_| Misfits::default());
        Self { keys, nodes: 0, relationships: 0, unknown, unlabelled, dangling }
    }

    pub(super) fn finish(self, counts: &GraphCounts) -> Vec<Check> {
        let nodes = format!("{} nodes", self.nodes);
        let relationships = format!("{} relationships", self.relationships);
        let (named, read) = (counts.nodes, self.nodes);
        let counted = counts.relationships;
        let repeated = self.keys.repeated;
        let distinct = repeated == 0 && self.keys.hashes.len() as u64 == read;
        vec![
            Check::new(
                "counts agree",
                (named, counted) == (read, self.relationships),
                format!(
                    "{named} nodes and {counted} relationships counted, {nodes} and {relationships} read"
                ),
            ),
            Check::new("no node twice", distinct, format!("{nodes}, {repeated} repeated")),
            self.unknown.into_check("every node is known by its key", &nodes),
            self.unlabelled.into_check("every node has a type label", &nodes),
            self.dangling.into_check("every relationship's ends exist", &relationships),
        ]
    }
}

impl Inspect for GraphChecks<'_> {
    fn node(&mut self, node: &Node) {
        self.nodes += 1;
        if !self.keys.contain(node.id.key()) {
            self.unknown.add(|| node.id.to_string());
        }
        if node.labels.iter().all(|label| label == RESOURCE_LABEL) {
            self.unlabelled.add(|| node.id.to_string());
        }
    }

    fn relationship(&mut self, one: &Relationship) {
        self.relationships += 1;
        if !self.keys.contain(one.source.key()) || !self.keys.contain(one.target.key()) {
            self.dangling.add(|| format!("{} -{}-> {}", one.source, one.relation, one.target));
        }
    }
}
