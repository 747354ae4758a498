//! Sets that add to what was added before.

use atg_core::{
    GraphReader as _, GraphSink as _, Node, Relationship, RelationshipFilter, RelationshipSet,
    ResourceId, labels,
};
use futures::TryStreamExt as _;

use crate::server::server;

fn id(name: &str) -> ResourceId {
    ResourceId::named("thing", name)
}

fn link(target: &str) -> Relationship {
    Relationship::new(id("a"), "USES", id(target))
}

#[tokio::test(flavor = "multi_thread")]
async fn they_are_written_without_a_look_and_withdrawn_all_the_same() {
    let Some(server) = server().await else { return };
    let graph = server.graph().await;
    let nodes = ["a", "b", "c", "d"].map(|name| Node::new(id(name), labels(["Resource"])));
    graph.upsert_nodes(&nodes).await.unwrap();
    for target in ["b", "c"] {
        let addition = RelationshipSet::addition(id("a"), vec![link(target)]);
        assert_eq!(graph.upsert_relationships(&[addition]).await.unwrap().created, 1);
    }
    assert_eq!(graph.retries().conflicts, 0, "each was taken for new");

    // What was added is known when the owner says what it names.
    let whole = RelationshipSet::complete(id("a"), vec![link("c"), link("d")]);
    let done = graph.upsert_relationships(std::slice::from_ref(&whole)).await.unwrap();
    assert_eq!((done.created, done.unchanged, done.removed), (1, 1, 1));

    // An addition takes the hash away: not taken for new, and the next whole set is written.
    let addition = RelationshipSet::addition(id("a"), vec![link("b")]);
    assert_eq!(graph.upsert_relationships(&[addition]).await.unwrap().created, 1);
    let again = graph.upsert_relationships(&[whole]).await.unwrap();
    assert_eq!((again.created, again.unchanged, again.removed), (0, 2, 1));
    let left: Vec<Relationship> =
        graph.relationships(RelationshipFilter::default(), None).try_collect().await.unwrap();
    let mut targets: Vec<&ResourceId> = left.iter().map(|one| &one.target).collect();
    targets.sort();
    assert_eq!(targets, [&id("c"), &id("d")]);
}
