//! A set of more relationships than a transaction may hold.

use atg_core::{
    GraphReader as _, GraphSink as _, Node, Relationship, RelationshipFilter, RelationshipSet,
    ResourceId, labels,
};
use atg_graph::neo4j::Neo4jGraph;
use futures::TryStreamExt as _;

use crate::server::server;

const LINKS: usize = 1_000;

fn id(number: usize) -> ResourceId {
    ResourceId::named("thing", &number.to_string())
}

fn set(targets: std::ops::RangeInclusive<usize>) -> RelationshipSet {
    let link = |number| Relationship::new(id(0), "USES", id(number));
    RelationshipSet::complete(id(0), targets.map(link).collect())
}

/// A graph that writes at most 150 rows a transaction.
async fn small_steps(graph: &Neo4jGraph, uri: &str) -> Neo4jGraph {
    graph.prepare().await.unwrap();
    Neo4jGraph::builder(uri).rows_per_transaction(150).connect().await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_withdrawn_in_several_transactions_and_counted_as_one() {
    let Some(server) = server().await else { return };
    let graph = small_steps(&server.graph().await, server.uri()).await;
    let nodes: Vec<Node> =
        (0..=LINKS).map(|number| Node::new(id(number), labels(["Resource", "thing"]))).collect();
    graph.upsert_nodes(&nodes).await.unwrap();
    let all = graph.upsert_relationships(&[set(1..=LINKS)]).await.unwrap();
    assert_eq!(all.created, LINKS as u64);

    // One goes on, one is new, and all others go.
    let mut few = set(LINKS..=LINKS);
    few.relationships.push(Relationship::new(id(0), "USES", id(0)));
    let few = RelationshipSet::complete(id(0), few.relationships);
    let done = graph.upsert_relationships(std::slice::from_ref(&few)).await.unwrap();
    assert_eq!((done.created, done.unchanged, done.removed), (1, 1, LINKS as u64 - 1));
    let left: Vec<Relationship> =
        graph.relationships(RelationshipFilter::default(), None).try_collect().await.unwrap();
    let mut targets: Vec<&ResourceId> = left.iter().map(|one| &one.target).collect();
    targets.sort();
    assert_eq!(targets, [&id(0), &id(LINKS)]);

    let again = graph.upsert_relationships(&[few]).await.unwrap();
    assert_eq!((again.unchanged, again.removed), (2, 0), "its hash is kept in the end");
}
