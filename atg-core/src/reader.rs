//! [`GraphReader`]: reading a graph back.

use std::collections::BTreeMap;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::{Node, Relationship, ResourceId, Result, Text};

/// Which nodes to read; every condition that is set must hold. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeFilter {
    /// Nodes with this label.
    pub label: Option<Text>,
    /// Nodes of this canonical type.
    pub resource_type: Option<Text>,
    /// Only what a scale-up made, or only what was read.
    pub synthetic: Option<bool>,
    /// Nodes of one scale-up.
    pub scale_operation_id: Option<Text>,
}

impl NodeFilter {
    /// Whether a node passes.
    pub fn matches(&self, node: &Node) -> bool {
        self.label.as_ref().is_none_or(|label| node.labels.contains(label))
            && self.resource_type.as_ref().is_none_or(|wanted| *wanted == node.resource_type)
            && self.synthetic.is_none_or(|wanted| wanted == node.synthetic)
            && self.scale_operation_id.as_ref().is_none_or(|id| *id == node.scale_operation_id)
    }
}

/// Which relationships to read; every condition that is set must hold. The default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationshipFilter {
    /// Relationships of this type.
    pub relation: Option<Text>,
    /// Relationships that start here.
    pub source: Option<ResourceId>,
    /// Relationships that point here.
    pub target: Option<ResourceId>,
    /// Only those whose source is, or is not, synthetic.
    pub synthetic: Option<bool>,
}

/// What the store knows of a node without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The canonical key.
    pub key: Text,
    /// The hash of its content as last written: [`Node::content_hash`].
    pub content_hash: u64,
    /// The hash of the set it names, where that was stored in full; else 0.
    pub relationships_hash: u64,
}

/// How much a graph holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphCounts {
    /// All nodes.
    pub nodes: u64,
    /// All relationships.
    pub relationships: u64,
    /// Nodes made by scale-ups.
    pub synthetic_nodes: u64,
    /// Nodes that were referred to and never read.
    pub unresolved_nodes: u64,
    /// Nodes by canonical type.
    pub nodes_by_type: BTreeMap<String, u64>,
    /// Relationships by type.
    pub relationships_by_type: BTreeMap<String, u64>,
}

/// Reads a graph: streams in constant memory, in an order that stays the same while nobody
/// writes.
///
/// - **Order** is the store's own; [`nodes`](Self::nodes) and
///   [`relationships`](Self::relationships) continue behind any item they gave before.
/// - **Consistency**: a stream sees each node and relationship that was there all the while
///   exactly once; of what is written meanwhile it may or may not see a part.
/// - **Memory** is bounded by a page of the implementation's own, whatever the graph's size.
/// - **Cancellation**: dropping a stream ends its read at once and leaves nothing behind.
#[async_trait]
pub trait GraphReader: Send + Sync {
    /// Streams the nodes that pass, from the start or behind the node `after`.
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>>;

    /// Streams the relationships that pass, from the start or behind the one given.
    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>>;

    /// Streams every node's key and hashes.
    fn known(&self) -> BoxStream<'_, Result<Known>>;

    /// One node by its key.
    ///
    /// # Errors
    /// Where the store fails; a node that is not there is `Ok(None)`.
    async fn node(&self, id: &ResourceId) -> Result<Option<Node>>;

    /// How much there is. Cost: one pass over the store at the most.
    ///
    /// # Errors
    /// Where the store fails.
    async fn counts(&self) -> Result<GraphCounts>;
}

#[async_trait]
impl<R: GraphReader + ?Sized> GraphReader for std::sync::Arc<R> {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        (**self).nodes(filter, after)
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        (**self).relationships(filter, after)
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        (**self).known()
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        (**self).node(id).await
    }

    async fn counts(&self) -> Result<GraphCounts> {
        (**self).counts().await
    }
}
