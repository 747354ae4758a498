//! Rows that cannot be stored: left out and named, the rest kept.

use atg_core::{
    GraphReader as _, GraphSink as _, Node, Relationship, RelationshipSet, ResourceId, labels,
};

use crate::server::{Server, server};

fn node(number: usize) -> Node {
    let id = ResourceId::named("thing", &number.to_string());
    Node::new(id, labels(["Resource", "thing"]))
}

/// Puts a column of 64 KB under an index of another user's, which the server then refuses, and
/// which no client can foresee.
async fn index_column(server: &Server) {
    server.run("CREATE INDEX test_big IF NOT EXISTS FOR (n:Resource) ON (n.big)").await;
    server.run("CREATE INDEX test_large IF NOT EXISTS FOR ()-[e:USES]-() ON (e.big)").await;
    server.run("CALL db.awaitIndexes(60)").await;
}

async fn drop_index(server: &Server) {
    server.run("DROP INDEX test_big").await;
    server.run("DROP INDEX test_large").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_of_ten_thousand_nodes_is_named_and_the_others_are_stored() {
    let Some(server) = server().await else { return };
    let graph = server.graph().await;
    graph.prepare().await.unwrap();
    index_column(&server).await;
    let mut rows: Vec<Node> = (0..10_000).map(node).collect();
    rows[7_123].columns = vec![("big".into(), "x".repeat(65_536).as_str().into())];
    let outcome = graph.upsert_nodes(&rows).await;
    let mut not_finite: Vec<Node> = (20_000..20_003).map(node).collect();
    not_finite[1].columns = vec![("x".into(), f64::NAN.into())];
    let again = graph.upsert_nodes(&not_finite).await;
    drop_index(&server).await;
    let outcome = outcome.unwrap();
    assert_eq!((outcome.created, outcome.rejected.len()), (9_999, 1));
    assert_eq!(outcome.rejected[0].index, 7_123);
    assert!(outcome.rejected[0].why.contains("index"), "{:?}", outcome.rejected);
    let again = again.unwrap();
    assert_eq!((again.created, again.rejected[0].index), (2, 1));
    assert_eq!(graph.counts().await.unwrap().nodes, 10_001);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relationship_the_server_refuses_is_named_and_its_set_not_whole() {
    let Some(server) = server().await else { return };
    let graph = server.graph().await;
    graph.prepare().await.unwrap();
    graph.upsert_nodes(&(0..100).map(node).collect::<Vec<_>>()).await.unwrap();
    index_column(&server).await;
    let ids: Vec<ResourceId> = (0..100).map(|number| node(number).id).collect();
    let mut links: Vec<Relationship> = (1..100)
        .map(|number| Relationship::new(ids[0].clone(), "USES", ids[number].clone()))
        .collect();
    links[41].properties = vec![("big".into(), "x".repeat(65_536).as_str().into())];
    let set = RelationshipSet::complete(ids[0].clone(), links);
    let outcome = graph.upsert_relationships(std::slice::from_ref(&set)).await;
    drop_index(&server).await;
    let outcome = outcome.unwrap();
    let places: Vec<_> = outcome.rejected.iter().map(|row| (row.index, row.inner)).collect();
    assert_eq!((outcome.created, places), (98, vec![(0, 41)]));
    // Nothing makes the set pass for whole: it is tried again, and now it can be stored.
    let outcome = graph.upsert_relationships(&[set]).await.unwrap();
    assert_eq!((outcome.created, outcome.unchanged, outcome.removed), (1, 98, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_come_back_and_run_nothing() {
    let Some(server) = server().await else { return };
    let graph = server.graph().await;
    graph.prepare().await.unwrap();
    let names = [
        "`",
        "``",
        "\\u0060",
        "a\\u0060}) DETACH DELETE n //",
        "\\",
        "\\\\",
        "'",
        "\"",
        "日本 🦀",
        "$rows",
        "id",
        "own:id",
        "own:own:x",
        "content_hash",
        "relationship_key",
        "lock",
        " ",
    ];
    let mut one = node(1);
    one.labels = labels(names.into_iter().chain(["Resource"]));
    one.columns = names.iter().map(|name| ((*name).into(), (*name).into())).collect();
    one.columns.sort_by(|one, other| one.0.cmp(&other.0));
    let mut other = node(2);
    other.labels = labels(["not a resource `"]);
    graph.upsert_nodes(&[one.clone(), other.clone()]).await.unwrap();
    let mut link = Relationship::new(one.id.clone(), "USES", other.id.clone());
    link.properties = one.columns.clone();
    let set = RelationshipSet::complete(one.id.clone(), vec![link.clone()]);
    let outcome = graph.upsert_relationships(&[set]).await.unwrap();
    assert_eq!(outcome.created, 1);
    let dump = atg_core::conformance::graph::dump(&graph).await.unwrap();
    assert_eq!(dump.nodes.values().cloned().collect::<Vec<_>>(), [one.clone(), other]);
    assert_eq!(dump.relationships.into_values().collect::<Vec<_>>(), [link]);
    // Taken away again, names and all.
    let bare = node(1);
    assert_eq!(graph.upsert_nodes(std::slice::from_ref(&bare)).await.unwrap().updated, 1);
    assert_eq!(graph.node(&one.id).await.unwrap(), Some(bare));
}
