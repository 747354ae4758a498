//! [`DryRun`]: a sink that says what would be written.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use foldhash::fast::RandomState;
use futures::StreamExt;
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    DeleteOutcome, Endpoint, GraphReader, GraphSink, MissingEndpoint, Node, NodeOutcome,
    RejectedRow, RelationshipOutcome, RelationshipSet, ResourceId, Result, SinkProfile,
};

/// A sink that compares what it is given with a graph and writes nothing.
///
/// Nodes are counted exactly. Of relationships it knows the sets: those of an unchanged set are
/// unchanged, those of any other set count as created, though some may be there.
///
/// Memory: 24 bytes a node of the graph and of the source, and the table's slack.
#[derive(Debug)]
pub struct DryRun<R> {
    graph: R,
    known: Mutex<HashMap<u64, Hashes, RandomState>>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Hashes {
    content: u64,
    relationships: u64,
}

fn key_of(id: &ResourceId) -> u64 {
    xxh3_64(id.key().as_bytes())
}

impl<R: GraphReader> DryRun<R> {
    /// A dry run against `graph`.
    pub fn new(graph: R) -> Self {
        Self { graph, known: Mutex::new(HashMap::default()) }
    }

    fn known(&self) -> MutexGuard<'_, HashMap<u64, Hashes, RandomState>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl<R: GraphReader> GraphSink for DryRun<R> {
    async fn prepare(&self) -> Result<()> {
        let mut stream = self.graph.known();
        while let Some(one) = stream.next().await {
            let one = one?;
            let hashes =
                Hashes { content: one.content_hash, relationships: one.relationships_hash };
            self.known().insert(xxh3_64(one.key.as_bytes()), hashes);
        }
        Ok(())
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        let mut known = self.known();
        let mut outcome = NodeOutcome::default();
        for (index, node) in nodes.iter().enumerate() {
            if let Some(why) = node.problem() {
                outcome.rejected.push(RejectedRow { index, inner: 0, why });
                continue;
            }
            let content = node.content_hash();
            match known.get_mut(&key_of(&node.id)) {
                Some(hashes) if hashes.content == content => outcome.unchanged += 1,
                Some(hashes) => {
                    hashes.content = content;
                    outcome.updated += 1;
                }
                None => {
                    known.insert(key_of(&node.id), Hashes { content, relationships: 0 });
                    outcome.created += 1;
                }
            }
        }
        Ok(outcome)
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        let mut known = self.known();
        let mut outcome = RelationshipOutcome::default();
        for (index, set) in sets.iter().enumerate() {
            let owner = known.get(&key_of(&set.owner)).copied().unwrap_or_default();
            if set.hash != 0 && owner.relationships == set.hash {
                outcome.unchanged += set.relationships.len() as u64;
                continue;
            }
            let before = outcome.missing.len();
            for (inner, one) in set.relationships.iter().enumerate() {
                if let Some(why) = one.problem() {
                    outcome.rejected.push(RejectedRow { index, inner, why });
                    continue;
                }
                let ends = [(Endpoint::Source, &one.source), (Endpoint::Target, &one.target)];
                let missing = ends.into_iter().filter(|(_, id)| !known.contains_key(&key_of(id)));
                let found = outcome.missing.len();
                outcome.missing.extend(missing.map(|(endpoint, _)| MissingEndpoint {
                    set: index,
                    relationship: inner,
                    endpoint,
                }));
                outcome.created += u64::from(outcome.missing.len() == found);
            }
            if outcome.missing.len() == before
                && let Some(owner) = known.get_mut(&key_of(&set.owner))
            {
                owner.relationships = set.hash;
            }
        }
        Ok(outcome)
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        let mut known = self.known();
        let gone = nodes.iter().filter(|id| known.remove(&key_of(id)).is_some()).count();
        Ok(DeleteOutcome { nodes: gone as u64, relationships: 0 })
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }

    fn profile(&self) -> SinkProfile {
        SinkProfile::default().with_rows(20_000, 20_000)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::DryRun;
    use crate::memory::{MemoryGraph, MemorySource};
    use crate::pipeline::Pipeline;
    use crate::{GraphReader, Resource, ResourceId};

    fn source(body: &str) -> MemorySource {
        let id = |name: &str| {
            ResourceId::parse(format!("/subscriptions/S/resourceGroups/G/providers/A.B/c/{name}"))
                .unwrap()
        };
        let one = Resource::new(id("a")).with_properties(body).with_reference("USES", id("b"));
        MemorySource::new().with_scope("all", vec![one, Resource::new(id("b"))])
    }

    #[tokio::test]
    async fn it_counts_like_a_real_run_and_writes_nothing() {
        let graph = Arc::new(MemoryGraph::new());
        let dry = Pipeline::new(source("{}"), DryRun::new(graph.clone())).run().await.unwrap();
        assert_eq!(graph.counts().await.unwrap().nodes, 0);
        let real = Pipeline::new(source("{}"), graph.clone()).run().await.unwrap();
        assert_eq!(
            (dry.nodes_written, dry.relationships_written, dry.unresolved),
            (real.nodes_written, real.relationships_written, real.unresolved)
        );
        let again = Pipeline::new(source("{}"), DryRun::new(graph.clone())).run().await.unwrap();
        assert_eq!((again.nodes_written, again.relationships_written), (0, 0));
        let changed = Pipeline::new(source("[]"), DryRun::new(graph)).run().await.unwrap();
        assert_eq!((changed.nodes_written, changed.nodes_unchanged), (1, 1));
    }
}
