//! Relationships between nodes whose numbers a handle remembers, of which some are out of date.

use std::sync::{Arc, Mutex};

use atg_core::{
    Endpoint, GraphSink as _, Measurement, Node, PerfMonitor, PerfRecorder, PerfSnapshot,
    Relationship, RelationshipSet, ResourceId, labels,
};
use atg_graph::neo4j::Neo4jGraph;

use crate::server::{Server, server};

/// Every statement that was sent.
#[derive(Clone, Default)]
struct Statements(Arc<Mutex<Vec<String>>>);

impl PerfRecorder for Statements {
    fn record(&mut self, _: &Measurement) {}

    fn record_shape(&mut self, _: &Measurement, shape: &str) {
        self.0.lock().unwrap().push(shape.to_owned());
    }
}

impl PerfMonitor for Statements {
    fn recorder(&self) -> Box<dyn PerfRecorder> {
        Box::new(self.clone())
    }

    fn snapshot(&self) -> PerfSnapshot {
        PerfSnapshot::default()
    }
}

impl Statements {
    /// Of those that create relationships, how many name them by number, and how many by key.
    fn creations(&self) -> [usize; 2] {
        let statements = self.0.lock().unwrap();
        let creations: Vec<&String> =
            statements.iter().filter(|text| text.contains("CREATE (a)-[")).collect();
        ["id(a) =", "a.id >="].map(|how| creations.iter().filter(|text| text.contains(how)).count())
    }
}

fn id(name: &str) -> ResourceId {
    ResourceId::named("thing", name)
}

fn node(name: &str, kind: &str) -> Node {
    let mut node = Node::new(id(name), labels(["Resource"]));
    node.kind = kind.into();
    node
}

fn whole(targets: &[&str]) -> RelationshipSet {
    let link = |target: &&str| Relationship::new(id("a"), "USES", id(target));
    RelationshipSet::complete(id("a"), targets.iter().map(link).collect())
}

/// A handle that created the nodes a to d, and what it sends.
async fn creator(server: &Server) -> (Neo4jGraph, Statements) {
    let statements = Statements::default();
    let builder = Neo4jGraph::builder(server.uri()).monitor(statements.clone());
    let graph = builder.connect().await.unwrap();
    graph.upsert_nodes(&["a", "b", "c", "d"].map(|name| node(name, "old"))).await.unwrap();
    (graph, statements)
}

const LINKS: &str = "MATCH (:Resource)-[r:USES]->() RETURN count(*) AS n";
const HASHES: &str = "MATCH (n:Resource) WHERE n.relationships_hash <> 0 RETURN count(*) AS n";

#[tokio::test(flavor = "multi_thread")]
async fn who_created_the_ends_seeks_none() {
    let Some(server) = server().await else { return };
    let (graph, statements) = creator(&server).await;
    let done = graph.upsert_relationships(&[whole(&["b", "c", "d"])]).await.unwrap();
    assert_eq!((done.created, done.retries, statements.creations()), (3, 0, [1, 0]));
    assert_eq!([server.number(LINKS).await, server.number(HASHES).await], [3, 1]);
    let other = server.graph().await;
    let again = other.upsert_relationships(&[whole(&["b", "c", "d"])]).await.unwrap();
    assert_eq!(again.unchanged, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_handle_changed_deleted_or_made_anew_is_sought() {
    let Some(server) = server().await else { return };
    let (graph, statements) = creator(&server).await;
    let other = server.graph().await;
    other.upsert_nodes(&[node("b", "new")]).await.unwrap();
    other.delete(&[id("c"), id("d")]).await.unwrap();
    other.upsert_nodes(&[node("d", "new")]).await.unwrap();
    let done = graph.upsert_relationships(&[whole(&["b", "c", "d"])]).await.unwrap();
    let missing: Vec<_> = done.missing.iter().map(|one| (one.relationship, one.endpoint)).collect();
    assert_eq!((done.created, missing), (2, vec![(1, Endpoint::Target)]));
    assert_eq!(statements.creations(), [1, 1]);
    assert_eq!([server.number(LINKS).await, server.number(HASHES).await], [2, 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_another_handle_changed_keeps_the_hash_of_its_set() {
    let Some(server) = server().await else { return };
    let (graph, _) = creator(&server).await;
    server.graph().await.upsert_nodes(&[node("a", "new")]).await.unwrap();
    let done = graph.upsert_relationships(&[whole(&["b"])]).await.unwrap();
    assert_eq!(done.created, 1);
    assert_eq!([server.number(LINKS).await, server.number(HASHES).await], [1, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_handle_itself_changed_is_sought_at_once() {
    let Some(server) = server().await else { return };
    let (graph, statements) = creator(&server).await;
    graph.upsert_nodes(&[node("b", "new")]).await.unwrap();
    let done = graph.upsert_relationships(&[whole(&["b"])]).await.unwrap();
    assert_eq!((done.created, statements.creations()), (1, [0, 1]));
}
