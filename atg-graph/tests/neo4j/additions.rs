//! Sets that add to what was added before.

use atg_core::{
    GraphReader as _, GraphSink as _, Node, Relationship, RelationshipFilter, RelationshipOutcome,
    RelationshipSet, ResourceId, labels,
};
use atg_graph::neo4j::Neo4jGraph;
use futures::TryStreamExt as _;

use crate::server::{Server, server};

fn id(name: &str) -> ResourceId {
    ResourceId::named("thing", name)
}

fn links(targets: &[&str]) -> Vec<Relationship> {
    targets.iter().map(|target| Relationship::new(id("a"), "USES", id(target))).collect()
}

fn addition(targets: &[&str]) -> RelationshipSet {
    RelationshipSet::addition(id("a"), links(targets))
}

fn whole(targets: &[&str]) -> RelationshipSet {
    RelationshipSet::complete(id("a"), links(targets))
}

/// A server with the nodes a to e.
async fn server_with_nodes() -> Option<Server> {
    let server = server().await?;
    let nodes = ["a", "b", "c", "d", "e"].map(|name| Node::new(id(name), labels(["Resource"])));
    server.graph().await.upsert_nodes(&nodes).await.unwrap();
    Some(server)
}

/// What a new handle, which takes all for new, does with the sets; and how often it was wrong.
async fn written(server: &Server, sets: &[RelationshipSet]) -> (RelationshipOutcome, u64) {
    let graph = server.graph().await;
    let outcome = graph.upsert_relationships(sets).await.unwrap();
    (outcome, graph.retries().conflicts)
}

async fn targets(graph: &Neo4jGraph) -> Vec<ResourceId> {
    let all: Vec<Relationship> =
        graph.relationships(RelationshipFilter::default(), None).try_collect().await.unwrap();
    let mut targets: Vec<ResourceId> = all.into_iter().map(|one| one.target).collect();
    targets.sort();
    targets
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_written_without_a_look_and_withdrawn_all_the_same() {
    let Some(server) = server_with_nodes().await else { return };
    for target in ["b", "c"] {
        let (done, conflicts) = written(&server, &[addition(&[target])]).await;
        assert_eq!((done.created, conflicts), (1, 0), "{target} is taken for new");
    }
    let (done, conflicts) = written(&server, &[addition(&["c", "d"])]).await;
    assert_eq!((done.created, done.unchanged, conflicts), (1, 1, 1), "one is there");
    let (done, _) = written(&server, &[whole(&["d", "e"])]).await;
    assert_eq!((done.created, done.unchanged, done.removed), (1, 1, 2));
    assert_eq!(targets(&server.graph().await).await, [id("d"), id("e")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_to_a_whole_set_takes_its_hash_away() {
    let Some(server) = server_with_nodes().await else { return };
    written(&server, &[whole(&["b"])]).await;
    let (done, conflicts) = written(&server, &[addition(&["c"])]).await;
    assert_eq!((done.created, conflicts), (1, 1), "what is kept matters");
    let (done, _) = written(&server, &[whole(&["b"])]).await;
    assert_eq!((done.unchanged, done.removed), (1, 1), "the set is compared, not its hash");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_beside_a_whole_set_of_its_owner_hides_nothing() {
    let Some(server) = server_with_nodes().await else { return };
    written(&server, &[addition(&["b"])]).await;
    let (done, conflicts) = written(&server, &[addition(&["d"]), whole(&["c"])]).await;
    // What the batch adds, it takes away again.
    assert_eq!((done.created, done.removed, conflicts), (1, 1, 1));
    assert_eq!(targets(&server.graph().await).await, [id("c")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_divided_is_taken_for_new_to_its_end() {
    let Some(server) = server_with_nodes().await else { return };
    let graph = Neo4jGraph::builder(server.uri()).rows_per_transaction(1).connect().await.unwrap();
    let done = graph.upsert_relationships(&[addition(&["b", "c", "d", "e"])]).await.unwrap();
    assert_eq!((done.created, graph.retries().conflicts), (4, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_at_the_same_time_as_a_whole_set_comes_before_or_behind_it() {
    let Some(server) = server_with_nodes().await else { return };
    for _ in 0..10 {
        let [adding, replacing] = [server.graph().await, server.graph().await];
        let (added, replaced) = ([addition(&["b"])], [whole(&["c"])]);
        let (one, other) = tokio::join!(
            adding.upsert_relationships(&added),
            replacing.upsert_relationships(&replaced)
        );
        one.unwrap();
        other.unwrap();
        let there = targets(&adding).await;
        assert!(there == [id("c")] || there == [id("b"), id("c")], "{there:?}");
        // Whichever it was, the store knows: the whole set withdraws what was added behind it.
        replacing.upsert_relationships(&replaced).await.unwrap();
        assert_eq!(targets(&replacing).await, [id("c")]);
        replacing.upsert_relationships(&[whole(&[])]).await.unwrap();
        assert_eq!(targets(&replacing).await, []);
    }
}
