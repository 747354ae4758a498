//! Small graphs for the checks, and what their writing must say.

use std::sync::Arc;

use super::suite::{Outcome, equal};
use crate::{
    GraphReader, GraphSink, NamedBy, Node, Relationship, RelationshipSet, ResourceId, Text, labels,
};

/// What the suites of sinks and readers need.
pub(super) trait Graph: GraphSink + GraphReader + 'static {}

impl<G: GraphSink + GraphReader + 'static> Graph for G {}

/// The id of a thing with this name.
pub(super) fn id(name: &str) -> ResourceId {
    let text = format!(
        "/subscriptions/Sub-1/resourceGroups/Group One/providers/Microsoft.Test/things/{name}"
    );
    // The names of the suite's own are valid.
    ResourceId::parse(text).unwrap_or_else(|_| ResourceId::named("test", name))
}

/// A node with this name and something in every column.
pub(super) fn node(name: &str) -> Node {
    let mut node = Node::new(id(name), labels(["Resource", "test_things"]));
    node.location = "westeurope".into();
    node.tenant_id = "tenant-1".into();
    node.kind = "plain".into();
    node.sku = "S1".into();
    node.provisioning_state = "Succeeded".into();
    node.tags = r#"{"owner":"someone"}"#.into();
    node.properties = format!(r#"{{"name":"{name}","size":1}}"#).into();
    node.additional = r#"{"zones":["1"]}"#.into();
    node.columns = vec![("cost".into(), 7.into())];
    node
}

/// Nodes with these names.
pub(super) fn nodes(names: &[&str]) -> Vec<Node> {
    names.iter().map(|name| node(name)).collect()
}

/// Nodes `n0`, `n1`, ….
pub(super) fn numbered(count: usize) -> Vec<Node> {
    (0..count).map(|number| node(&format!("n{number}"))).collect()
}

/// A relationship that its source names.
pub(super) fn link(source: &str, relation: &str, target: &str) -> Relationship {
    let mut link = Relationship::new(id(source), relation, id(target));
    link.properties = vec![("path".into(), "properties.link.id".into())];
    link
}

/// The same, named by its target.
pub(super) fn by_target(mut link: Relationship) -> Relationship {
    link.named_by = NamedBy::Target;
    link
}

/// All that an owner names.
pub(super) fn complete(owner: &str, links: Vec<Relationship>) -> RelationshipSet {
    RelationshipSet::complete(id(owner), links)
}

/// Some more that an owner names.
pub(super) fn addition(owner: &str, links: Vec<Relationship>) -> RelationshipSet {
    RelationshipSet::addition(id(owner), links)
}

/// Writes nodes, all good, and compares the counts [created, updated, unchanged].
pub(super) async fn put<G: Graph>(graph: &Arc<G>, rows: &[Node], counts: [u64; 3]) -> Outcome {
    let outcome = graph.upsert_nodes(rows).await?;
    equal("rejected nodes", &outcome.rejected, &vec![])?;
    let got = [outcome.created, outcome.updated, outcome.unchanged];
    equal("nodes [created, updated, unchanged]", &got, &counts)
}

/// Writes sets, all good and with their nodes there, and compares the counts
/// [created, updated, unchanged, removed].
pub(super) async fn put_sets<G: Graph>(
    graph: &Arc<G>,
    sets: &[RelationshipSet],
    counts: [u64; 4],
) -> Outcome {
    let outcome = graph.upsert_relationships(sets).await?;
    equal("rejected relationships", &outcome.rejected, &vec![])?;
    equal("missing endpoints", &outcome.missing, &vec![])?;
    let got = [outcome.created, outcome.updated, outcome.unchanged, outcome.removed];
    equal("relationships [created, updated, unchanged, removed]", &got, &counts)
}

/// The key of a thing with this name.
pub(super) fn key(name: &str) -> Text {
    id(name).key().clone()
}
