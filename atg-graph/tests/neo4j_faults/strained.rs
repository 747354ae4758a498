//! Servers short of memory and networks that fail amid a load: it comes to an end, is exact, and
//! leaves no lock behind.

use std::time::{Duration, Instant};

use atg_core::{
    GraphReader as _, GraphSink as _, Node, Relationship, RelationshipSet, ResourceId, labels,
};
use atg_graph::neo4j::Neo4jGraph;

use crate::load::Load;
use crate::own_server::confined_server;
use crate::proxy::Proxy;
use crate::server::{Server, ended};

fn load() -> Load {
    Load::of(2_000, 4_000)
}

/// Fails unless the load is stored, and others may write all of it at once.
async fn ended_well(load: &Load, graph: &Neo4jGraph, server: &Server) {
    ended(load.is_exactly_in(graph)).await;
    ended(load.is_unchanged_in(graph)).await;
    server.no_transaction_is_left().await;
    let other = server.graph().await;
    ended(load.rewrite(&other)).await;
    in_nobodys_way(&other);
}

/// Fails where a handle that writes alone found locks of others.
fn in_nobodys_way(graph: &Neo4jGraph) {
    let retries = graph.retries();
    assert_eq!((retries.deadlocks, retries.transient, retries.connections), (0, 0, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_too_large_for_the_server_are_halved() {
    let Some((server, _alone)) = confined_server().await else { return };
    let graph = server.graph().await;
    graph.prepare().await.unwrap();
    // The larger of the two; one bound holds for both.
    let rows = graph.profile().relationship_rows;
    let large = "x".repeat(4_000);
    let node = |number: usize| {
        let id = ResourceId::named("thing", &number.to_string());
        let mut node = Node::new(id, labels(["Resource"]));
        node.properties = large.as_str().into();
        node
    };
    let nodes: Vec<Node> = (0..8_000).map(node).collect();
    let outcome = ended(graph.upsert_nodes(&nodes)).await.unwrap();
    assert_eq!((outcome.created, outcome.divided, outcome.rejected), (8_000, true, vec![]));
    let learned = graph.profile().relationship_rows;
    assert!(learned < rows, "it does not learn");
    let hub = &nodes[0].id;
    let link = |node: &Node| {
        let mut link = Relationship::new(hub.clone(), "USES", node.id.clone());
        link.properties = vec![("text".into(), large.as_str().into())];
        link
    };
    let set = RelationshipSet::complete(hub.clone(), nodes.iter().map(link).collect());
    let outcome = ended(graph.upsert_relationships(&[set])).await.unwrap();
    assert_eq!((outcome.created, outcome.rejected), (8_000, vec![]));
    let counts = graph.counts().await.unwrap();
    assert_eq!((counts.nodes, counts.relationships), (8_000, 8_000));
    // Deleting needs memory too.
    let ids: Vec<ResourceId> = nodes.into_iter().map(|node| node.id).collect();
    let outcome = ended(graph.delete(&ids)).await.unwrap();
    assert_eq!((outcome.nodes, outcome.relationships), (8_000, 8_000));
    server.no_transaction_is_left().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_that_others_have_for_a_while() {
    let Some((server, _alone)) = confined_server().await else { return };
    let (load, graph) = (Load::of(400, 800), server.graph().await);
    let mut others = server.transaction().await;
    let hoard = "UNWIND range(1, 1000) AS n CREATE (:Other {n: n})";
    // One that failed holds what it has until it is rolled back.
    while others.run(hoard).await.is_ok() {}
    let give_back = async {
        let deadline = Instant::now() + Duration::from_secs(60);
        while graph.retries().connections < 3 {
            assert!(Instant::now() < deadline, "nothing waits: {:?}", graph.retries());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        drop(others);
    };
    ended(async { tokio::join!(load.write_new(&graph, || ()), give_back) }).await;
    println!("{} rows: {:?}", graph.profile().node_rows, graph.retries());
    ended_well(&load, &graph, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_stalls() {
    let Some((server, _alone)) = confined_server().await else { return };
    let (load, proxy) = (load(), Proxy::new(server).await);
    let limit = Duration::from_secs(1);
    let builder = || proxy.server.builder().response_timeout(limit).connect_timeout(limit);
    let graph = ended(async {
        loop {
            // The first contact is not tried again.
            match builder().connect().await {
                Ok(graph) => break graph,
                Err(error) => println!("{}", error.report()),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    let stalls = async {
        // In the nodes, and in the sets.
        for pieces in [100, 300] {
            proxy.has_forwarded(pieces).await;
            proxy.stall(true);
            tokio::time::sleep(3 * limit).await;
            proxy.stall(false);
        }
    };
    ended(async { tokio::join!(load.write_new(&graph, || ()), stalls) }).await;
    assert!(graph.retries().connections >= 2, "{:?}", graph.retries());
    ended_well(&load, &graph, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_are_cut() {
    let Some((server, _alone)) = confined_server().await else { return };
    let (load, proxy) = (load(), Proxy::cutting(server, 1, 30).await);
    let graph = loop {
        // The first contact is not tried again.
        if let Ok(graph) = proxy.server.builder().connect().await {
            break graph;
        }
    };
    ended(load.write_new(&graph, || ())).await;
    println!("{} cuts: {:?}", proxy.cuts(), graph.retries());
    assert!(proxy.cuts() >= 10, "only {} cuts", proxy.cuts());
    assert!(graph.retries().connections >= 8, "{:?}", graph.retries());
    ended_well(&load, &graph, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_network() {
    let Some((server, _alone)) = confined_server().await else { return };
    let (load, proxy) = (Load::of(400, 800), Proxy::slow(server, Duration::from_millis(5)).await);
    let graph = proxy.server.graph().await;
    ended(load.write_new(&graph, || ())).await;
    assert_eq!(graph.retries().connections, 0);
    ended_well(&load, &graph, server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_write_that_is_dropped_leaves_no_lock() {
    let Some((server, _alone)) = confined_server().await else { return };
    let (load, proxy) = (Load::of(1_000, 2_000), Proxy::new(server).await);
    let mut dropped = 0;
    // Ever later.
    for pieces in [3, 10, 25, 50, 90, 150, 220, 300] {
        server.empty().await;
        let graph = proxy.server.graph().await;
        let until = proxy.forwarded() + pieces;
        tokio::select! {
            _ = load.write(&graph, || ()) => break,
            () = proxy.has_forwarded(until) => dropped += 1,
        }
        server.no_transaction_is_left().await;
        let other = server.graph().await;
        ended(load.complete(&other)).await;
        in_nobodys_way(&other);
        ended(load.is_exactly_in(&other)).await;
    }
    assert!(dropped >= 6, "{dropped}");
}
