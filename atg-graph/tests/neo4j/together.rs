//! Several writers at once.

use std::sync::Arc;

use atg_core::conformance::graph::{Dump, dump, random_graph};
use atg_core::{
    GraphReader as _, GraphSink as _, Node, Relationship, RelationshipSet, ResourceId, labels,
};
use atg_graph::neo4j::Neo4jGraph;
use futures::future::try_join_all;

use crate::server::server;

fn leaf(number: usize) -> ResourceId {
    ResourceId::named("leaf", &number.to_string())
}

/// A thousand leaves after the other point at one hub.
fn hub_graph() -> (Vec<Node>, Vec<RelationshipSet>) {
    let hub = ResourceId::named("hub", "0");
    let ids = (0..10_000).map(leaf).chain([hub.clone()]);
    let nodes = ids.map(|id| Node::new(id, labels(["Resource", "leaf"]))).collect();
    let set = |number| {
        let link = Relationship::new(leaf(number), "POINTS_AT", hub.clone());
        RelationshipSet::complete(leaf(number), vec![link])
    };
    (nodes, (0..10_000).map(set).collect())
}

#[tokio::test(flavor = "multi_thread")]
async fn four_writers_over_one_hub_lose_nothing() {
    let Some(server) = server().await else { return };
    let graph = server.graph().await;
    graph.prepare().await.unwrap();
    let (nodes, sets) = hub_graph();
    let (nodes, sets) = (Arc::new(nodes), Arc::new(sets));
    let writers = (0..4).map(|writer| {
        let (graph, nodes, sets) = (graph.clone(), nodes.clone(), sets.clone());
        tokio::spawn(async move {
            let mut created = (0, 0);
            // Two and two write the same, one of them backwards.
            let quarter =
                |length: usize| (writer / 2 * length / 2)..((writer / 2 + 1) * length / 2);
            for batch in nodes[quarter(nodes.len())].chunks(500) {
                created.0 += graph.upsert_nodes(batch).await?.created;
            }
            let mut own = sets[quarter(sets.len())].to_vec();
            if writer % 2 == 1 {
                own.reverse();
            }
            for batch in own.chunks(500) {
                let outcome = graph.upsert_relationships(batch).await?;
                created.1 += outcome.created;
                // The hub is the last node of all: it may not be there yet.
                if !outcome.missing.is_empty() {
                    tokio::task::yield_now().await;
                }
            }
            Ok::<_, atg_core::Error>(created)
        })
    });
    let created: Vec<(u64, u64)> =
        try_join_all(writers).await.unwrap().into_iter().map(Result::unwrap).collect();
    let made: u64 = created.iter().map(|one| one.0).sum();
    assert_eq!(made, 10_001, "each node was created once");
    graph.upsert_relationships(&sets).await.unwrap();
    assert_eq!(dump(&graph).await.unwrap().difference(&Dump::of(&nodes, &sets)), None);
    println!("retries: {:?}", graph.retries());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_handles_load_the_same_graph_at_once() {
    let Some(server) = server().await else { return };
    server.graph().await.prepare().await.unwrap();
    let content = Arc::new(random_graph(7, 3_000, 8_000));
    let handles = [server.graph().await, server.graph().await];
    let loads = handles.clone().map(|graph| {
        let content = content.clone();
        tokio::spawn(async move { load(&graph, &content.nodes, &content.sets).await })
    });
    let created: Vec<[u64; 2]> = try_join_all(loads).await.unwrap();
    let sum = |index: usize| created.iter().map(|one| one[index]).sum::<u64>();
    assert_eq!([sum(0), sum(1)], [3_000, 8_000], "each was created once");
    let expected = Dump::of(&content.nodes, &content.sets);
    assert_eq!(dump(&handles[0]).await.unwrap().difference(&expected), None);
}

async fn load(graph: &Neo4jGraph, nodes: &[Node], sets: &[RelationshipSet]) -> [u64; 2] {
    graph.prepare().await.unwrap();
    let mut created = [0, 0];
    for batch in nodes.chunks(250) {
        created[0] += graph.upsert_nodes(batch).await.unwrap().created;
    }
    // The other handle may not have stored all nodes of its own yet, but this one has.
    assert_eq!(graph.counts().await.unwrap().nodes, nodes.len() as u64);
    for batch in sets.chunks(200) {
        let outcome = graph.upsert_relationships(batch).await.unwrap();
        assert_eq!(outcome.missing, []);
        created[1] += outcome.created;
    }
    created
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_larger_than_a_transaction_is_written_and_replaced_whole() {
    let Some(server) = server().await else { return };
    let graph = Neo4jGraph::builder(server.uri()).rows_per_transaction(10).connect().await.unwrap();
    let (nodes, _) = hub_graph();
    let nodes = &nodes[..101];
    assert_eq!(graph.upsert_nodes(nodes).await.unwrap().created, 101);
    let set = |targets: std::ops::Range<usize>| {
        let link = |number| Relationship::new(leaf(0), "POINTS_AT", leaf(number));
        RelationshipSet::complete(leaf(0), targets.map(link).collect())
    };
    let counts = async |set: &RelationshipSet| {
        let outcome = graph.upsert_relationships(std::slice::from_ref(set)).await.unwrap();
        [outcome.created, outcome.updated, outcome.unchanged, outcome.removed]
    };
    assert_eq!(counts(&set(1..70)).await, [69, 0, 0, 0]);
    assert_eq!(counts(&set(1..70)).await, [0, 0, 69, 0]);
    assert_eq!(counts(&set(30..100)).await, [30, 0, 40, 29]);
    let expected = Dump::of(nodes, &[set(30..100)]);
    assert_eq!(dump(&graph).await.unwrap().difference(&expected), None);
    // Between two parts another handle deletes what the first part pointed at: nothing makes the
    // set pass for whole then.
    let hash = server.number(HASH).await;
    assert_eq!(hash.cast_unsigned(), set(30..100).hash);
    let parts = set(1..60);
    let (other, gone) = (server.graph().await, [leaf(1)]);
    let (_, deleted) = futures::join!(counts(&parts), other.delete(&gone));
    assert_eq!(deleted.unwrap().nodes, 1);
    let stored = server.number("MATCH ()-[e:POINTS_AT]->() RETURN count(e) AS n").await;
    assert!(stored == 59 || server.number(HASH).await == 0, "{stored} of 59, and called whole");
}

const HASH: &str = "MATCH (n:Resource {id: 'leaf:0'}) RETURN n.relationships_hash AS n";
