//! [`NullSink`]: a sink that keeps nothing.

use async_trait::async_trait;

use crate::{
    DeleteOutcome, GraphSink, Node, NodeOutcome, RelationshipOutcome, RelationshipSet, ResourceId,
    Result,
};

/// Accepts every row, stores none, and counts each as created: for measuring what comes before
/// a sink.
///
/// It breaks the contract on purpose (nothing is ever unchanged, rejected, missing or deleted),
/// so it does not pass the conformance suite. Copies are free; no call waits.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullSink;

#[async_trait]
impl GraphSink for NullSink {
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        Ok(NodeOutcome { created: nodes.len() as u64, ..NodeOutcome::default() })
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        let created = sets.iter().map(|set| set.relationships.len() as u64).sum();
        Ok(RelationshipOutcome { created, ..RelationshipOutcome::default() })
    }

    async fn delete(&self, _nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        Ok(DeleteOutcome::default())
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}
