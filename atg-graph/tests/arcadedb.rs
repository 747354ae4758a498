//! The Neo4j graph against `ArcadeDB`, the second, independent server that speaks Bolt. Everything
//! in its database is deleted.
//!
//! It passes both suites as they are. What differs from Neo4j is told in `README.md` under "Other
//! servers"; what of it can be seen from here is tested below.

#![cfg(feature = "neo4j")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use atg_core::conformance::graph::{Dump, dump, random_graph};
use atg_core::{
    GraphReader as _, GraphSink as _, Labels, Node, Relationship, RelationshipSet, ResourceId,
    conformance, labels,
};
use atg_graph::neo4j::Neo4jGraph;
use tokio::sync::{Mutex, MutexGuard};

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

/// The right to use the server's database.
struct Server {
    uri: String,
    user: String,
    password: String,
    _alone: MutexGuard<'static, ()>,
}

/// The server; `None`, said so, where there is none and none is required.
async fn server() -> Option<Server> {
    let Ok(uri) = std::env::var("ATG_TEST_ARCADEDB_URI") else {
        let required = std::env::var("ATG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "no ArcadeDB: set ATG_TEST_ARCADEDB_URI");
        eprintln!("skipped: no ArcadeDB (set ATG_TEST_ARCADEDB_URI)");
        return None;
    };
    let [user, password] = ["ATG_TEST_ARCADEDB_USER", "ATG_TEST_ARCADEDB_PASSWORD"]
        .map(|name| std::env::var(name).unwrap_or_default());
    Some(Server { uri, user, password, _alone: ONE_AT_A_TIME.lock().await })
}

impl Server {
    async fn graph(&self) -> Neo4jGraph {
        Neo4jGraph::builder(&self.uri).user(&self.user, &self.password).connect().await.unwrap()
    }

    /// A handle to the emptied database.
    async fn empty_graph(&self) -> Neo4jGraph {
        // The driver waits no longer than that for any answer: deleting may take long.
        let patience = Duration::from_secs(300);
        let config = neo4rs::ConfigBuilder::new().uri(&self.uri).user(&self.user);
        let config = config.password(&self.password).connection_timeout(patience);
        let driver = neo4rs::Graph::connect(config.build().unwrap()).unwrap();
        driver.run("MATCH (n) DETACH DELETE n").await.unwrap();
        self.graph().await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_as_a_sink() {
    let Some(server) = server().await else { return };
    conformance::sink(|| server.empty_graph()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_as_a_reader() {
    let Some(server) = server().await else { return };
    conformance::reader(|| server.empty_graph()).await.unwrap();
}

/// It locks nothing: whoever commits later finds out, and goes on from there.
#[tokio::test(flavor = "multi_thread")]
async fn two_handles_load_the_same_graph_at_once() {
    let Some(server) = server().await else { return };
    let content = random_graph(7, 1_000, 2_000);
    let handles = [server.empty_graph().await, server.graph().await];
    let load = async |graph: &Neo4jGraph| {
        graph.prepare().await.unwrap();
        let mut created = [0, 0];
        for batch in content.nodes.chunks(100) {
            created[0] += graph.upsert_nodes(batch).await.unwrap().created;
        }
        for batch in content.sets.chunks(50) {
            created[1] += graph.upsert_relationships(batch).await.unwrap().created;
        }
        created
    };
    let (one, other) = tokio::join!(load(&handles[0]), load(&handles[1]));
    for handle in &handles {
        println!("{:?}", handle.retries());
    }
    assert_eq!([one[0] + other[0], one[1] + other[1]], [1_000, 2_000], "each was created once");
    let expected = Dump::of(&content.nodes, &content.sets);
    assert_eq!(dump(&handles[0]).await.unwrap().difference(&expected), None);
}

fn node(name: &str, own: Labels) -> Node {
    Node::new(ResourceId::named("thing", name), own)
}

#[tokio::test(flavor = "multi_thread")]
async fn names_it_cannot_hold_are_rows_that_are_named() {
    let Some(server) = server().await else { return };
    let graph = server.empty_graph().await;
    graph.prepare().await.unwrap();
    let ends = ["a", "b"].map(|name| node(name, labels(["Resource", "Own label"])));
    let link = Relationship::new(ends[0].id.clone(), "BOTH", ends[1].id.clone());
    let set = RelationshipSet::complete(ends[0].id.clone(), vec![link]);
    graph.upsert_nodes(&ends).await.unwrap();
    assert_eq!(graph.upsert_relationships(&[set]).await.unwrap().created, 1);
    // The last is a relationship type, and no label may be called the same.
    let refused = ["~", "a,b", "a*b", " ", "BOTH"];
    let mut rows: Vec<Node> = (0..50).map(|n| node(&n.to_string(), labels(["Resource"]))).collect();
    for (place, name) in refused.iter().enumerate() {
        rows[place * 7].labels = labels(["Resource", name]);
    }
    rows[49].columns = vec![("@type".into(), "x".into())];
    let outcome = graph.upsert_nodes(&rows).await.unwrap();
    let places: Vec<usize> = outcome.rejected.iter().map(|row| row.index).collect();
    assert_eq!((outcome.created, places), (44, vec![0, 7, 14, 21, 28, 49]));
    assert_eq!(graph.counts().await.unwrap().nodes, 46);
}
