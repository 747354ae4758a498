//! [`MemoryGraph`]: a graph in memory.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::BoxStream;

use super::pages::paged;
use super::relationships::Batch;
use crate::{
    DeleteOutcome, GraphCounts, GraphReader, GraphSink, Known, NamedBy, Node, NodeFilter,
    NodeOutcome, RejectedRow, Relationship, RelationshipFilter, RelationshipOutcome,
    RelationshipSet, ResourceId, Result, Text, UNRESOLVED_LABEL,
};

/// A relationship's identity: source key, type, target key.
pub(super) type Identity = (Text, Text, Text);

/// A whole graph in memory: sink and reader, ordered by key.
///
/// It stores detached copies, so that no page stays alive behind them. Each call holds its lock
/// once and never while waiting; a stream takes it anew for every 256 items. Nothing outlives
/// the process. A clone is another handle to the same graph.
#[derive(Debug, Clone, Default)]
pub struct MemoryGraph {
    state: Arc<RwLock<State>>,
}

/// All there is, under one lock.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) nodes: BTreeMap<Text, Stored>,
    pub(super) relationships: BTreeMap<Identity, Relationship>,
    /// The identities turned round: target key, type, source key.
    pub(super) incoming: BTreeSet<Identity>,
}

/// A node and its hashes.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) node: Node,
    pub(super) content_hash: u64,
    pub(super) relationships_hash: u64,
}

impl MemoryGraph {
    /// A graph without nodes.
    pub fn new() -> Self {
        Self::default()
    }

    /// A copy of all nodes, by key.
    pub fn nodes_snapshot(&self) -> Vec<Node> {
        self.read().nodes.values().map(|stored| stored.node.clone()).collect()
    }

    /// A copy of all relationships, by (source key, type, target key).
    pub fn relationships_snapshot(&self) -> Vec<Relationship> {
        self.read().relationships.values().cloned().collect()
    }

    // Every change leaves the state whole, so a panicked holder of the lock spoils nothing.
    fn read(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Writes one node and counts what that did.
    fn upsert(&mut self, node: &Node, outcome: &mut NodeOutcome) {
        let content_hash = node.content_hash();
        let counted = match self.nodes.get_mut(node.id.key()) {
            Some(stored) if stored.content_hash == content_hash => &mut outcome.unchanged,
            Some(stored) => {
                stored.node = node.detached();
                stored.content_hash = content_hash;
                &mut outcome.updated
            }
            None => {
                let node = node.detached();
                let key = node.id.key().clone();
                self.nodes.insert(key, Stored { node, content_hash, relationships_hash: 0 });
                &mut outcome.created
            }
        };
        *counted += 1;
    }

    /// The identities of all relationships that start or end at a node.
    pub(super) fn touching(&self, key: &Text) -> (Vec<Identity>, Vec<Identity>) {
        let start = (key.clone(), Text::new(), Text::new());
        let outgoing = self.relationships.range(start.clone()..).map(|(identity, _)| identity);
        let outgoing = outgoing.take_while(|identity| identity.0 == *key).cloned().collect();
        let incoming = self.incoming.range(start..).take_while(|identity| identity.0 == *key);
        (outgoing, incoming.map(turned).collect())
    }

    pub(super) fn insert(&mut self, identity: Identity, relationship: Relationship) {
        self.incoming.insert(turned(&identity));
        self.relationships.insert(identity, relationship);
    }

    pub(super) fn remove(&mut self, identity: &Identity) -> Option<Relationship> {
        self.incoming.remove(&turned(identity));
        self.relationships.remove(identity)
    }

    pub(super) fn set_relationships_hash(&mut self, owner: &Text, hash: u64) {
        if let Some(stored) = self.nodes.get_mut(owner) {
            stored.relationships_hash = hash;
        }
    }

    /// Deletes a node with its relationships; those who named one of them no longer have their
    /// set stored in full.
    fn delete(&mut self, key: &Text, outcome: &mut DeleteOutcome) {
        if self.nodes.remove(key).is_none() {
            return;
        }
        outcome.nodes += 1;
        let (outgoing, incoming) = self.touching(key);
        for identity in outgoing.iter().chain(&incoming) {
            let Some(gone) = self.remove(identity) else { continue };
            outcome.relationships += 1;
            if gone.named_by.bits() & NamedBy::Source.bits() != 0 {
                self.set_relationships_hash(&identity.0, 0);
            }
            if gone.named_by.bits() & NamedBy::Target.bits() != 0 {
                self.set_relationships_hash(&identity.2, 0);
            }
        }
    }

    fn passes(&self, filter: &RelationshipFilter, relationship: &Relationship) -> bool {
        let synthetic =
            |id: &ResourceId| self.nodes.get(id.key()).is_some_and(|stored| stored.node.synthetic);
        filter.relation.as_ref().is_none_or(|relation| *relation == relationship.relation)
            && filter.source.as_ref().is_none_or(|source| *source == relationship.source)
            && filter.target.as_ref().is_none_or(|target| *target == relationship.target)
            && filter.synthetic.is_none_or(|wanted| wanted == synthetic(&relationship.source))
    }
}

fn turned((a, relation, b): &Identity) -> Identity {
    (b.clone(), relation.clone(), a.clone())
}

/// The identity of a relationship.
pub(super) fn identity_of(relationship: &Relationship) -> Identity {
    let (source, target) = (relationship.source.key(), relationship.target.key());
    (source.clone(), relationship.relation.clone(), target.clone())
}

/// Every row of a batch that a store can hold and that no later one replaces; the others are
/// counted.
fn accepted<'a>(nodes: &'a [Node], outcome: &mut NodeOutcome) -> Vec<&'a Node> {
    let mut last: HashMap<&Text, usize> = HashMap::with_capacity(nodes.len());
    let mut rows = Vec::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        if let Some(why) = node.problem() {
            outcome.rejected.push(RejectedRow { index, inner: 0, why });
        } else if let Some(&earlier) = last.get(node.id.key()) {
            outcome.unchanged += 1;
            rows[earlier] = node;
        } else {
            last.insert(node.id.key(), rows.len());
            rows.push(node);
        }
    }
    rows
}

#[async_trait]
impl GraphSink for MemoryGraph {
    async fn prepare(&self) -> Result<()> {
        Ok(())
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        let mut outcome = NodeOutcome::default();
        let rows = accepted(nodes, &mut outcome);
        let mut state = self.write();
        for node in rows {
            state.upsert(node, &mut outcome);
        }
        Ok(outcome)
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        let mut state = self.write();
        let mut batch = Batch::new(&mut state);
        for (index, set) in sets.iter().enumerate() {
            batch.write(index, set);
        }
        Ok(batch.finish())
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        let mut outcome = DeleteOutcome::default();
        let mut state = self.write();
        for id in nodes {
            state.delete(id.key(), &mut outcome);
        }
        Ok(outcome)
    }

    async fn flush(&self) -> Result<()> {
        Ok(())
    }
}

#[async_trait]
impl GraphReader for MemoryGraph {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        let after = after.map(|id| id.key().clone());
        paged(after, move |range| {
            let state = self.read();
            let passing = state.nodes.range(range).filter(|(_, one)| filter.matches(&one.node));
            passing.map(|(key, one)| (key.clone(), one.node.clone())).take(PAGE).collect()
        })
        .boxed()
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        paged(after.as_ref().map(identity_of), move |range| {
            let state = self.read();
            let all = state.relationships.range(range);
            let passing = all.filter(|(_, one)| state.passes(&filter, one));
            passing.map(|(identity, one)| (identity.clone(), one.clone())).take(PAGE).collect()
        })
        .boxed()
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        paged(None, move |range| {
            let known = |(key, one): (&Text, &Stored)| {
                let (content_hash, relationships_hash) = (one.content_hash, one.relationships_hash);
                (key.clone(), Known { key: key.clone(), content_hash, relationships_hash })
            };
            self.read().nodes.range(range).map(known).take(PAGE).collect()
        })
        .boxed()
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        Ok(self.read().nodes.get(id.key()).map(|stored| stored.node.clone()))
    }

    async fn counts(&self) -> Result<GraphCounts> {
        let state = self.read();
        let mut counts = GraphCounts {
            nodes: state.nodes.len() as u64,
            relationships: state.relationships.len() as u64,
            ..GraphCounts::default()
        };
        for Stored { node, .. } in state.nodes.values() {
            counts.synthetic_nodes += u64::from(node.synthetic);
            counts.unresolved_nodes +=
                u64::from(node.labels.iter().any(|label| *label == UNRESOLVED_LABEL));
            *counts.nodes_by_type.entry(node.resource_type.to_string()).or_default() += 1;
        }
        for relationship in state.relationships.values() {
            let relation = relationship.relation.to_string();
            *counts.relationships_by_type.entry(relation).or_default() += 1;
        }
        Ok(counts)
    }
}

/// Items a stream copies while it holds the lock once.
const PAGE: usize = 256;

#[cfg(test)]
mod tests {
    use super::MemoryGraph;
    use crate::{GraphSink as _, Node, ResourceId, Text, labels};

    #[tokio::test]
    async fn what_is_stored_keeps_no_page_alive() {
        let page = Text::from(String::from(r#"/subscriptions/S{"a":1}"#));
        let id = ResourceId::parse(page.slice_ref(&page[..16])).unwrap();
        let mut node = Node::new(id, labels(["Resource"]));
        node.properties = page.slice_ref(&page[16..]);
        let graph = MemoryGraph::new();
        graph.upsert_nodes(std::slice::from_ref(&node)).await.unwrap();
        let stored = graph.nodes_snapshot();
        assert_eq!(stored, [node]);
        let range = page.as_bytes().as_ptr_range();
        let texts = [stored[0].id.spelled(), &stored[0].properties, &stored[0].name];
        assert!(texts.iter().all(|text| !range.contains(&text.as_ptr())));
    }
}
