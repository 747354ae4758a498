//! One graph, three stores: what is read back is the same.

use atg_core::conformance::graph::{Dump, RandomGraph, dump, random_graph};
use atg_core::memory::MemoryGraph;
use atg_core::{GraphReader, GraphSink};
use atg_graph::sqlite::SqliteGraph;

use crate::server::server;

async fn written<G: GraphSink + GraphReader>(graph: &G, content: &RandomGraph) -> Dump {
    graph.prepare().await.unwrap();
    for batch in content.nodes.chunks(700) {
        graph.upsert_nodes(batch).await.unwrap();
    }
    for batch in content.sets.chunks(300) {
        graph.upsert_relationships(batch).await.unwrap();
    }
    graph.flush().await.unwrap();
    dump(graph).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn memory_sqlite_and_neo4j_read_back_equal() {
    let Some(server) = server().await else { return };
    let content = random_graph(2_026, 5_000, 12_000);
    let memory = written(&MemoryGraph::new(), &content).await;
    assert_eq!((memory.nodes.len(), memory.relationships.len()), (5_000, 12_000));
    let folder = tempfile::tempdir().unwrap();
    let sqlite = SqliteGraph::open(folder.path().join("graph.sqlite")).unwrap();
    assert_eq!(memory.difference(&written(&sqlite, &content).await), None);
    let neo4j = server.graph().await;
    assert_eq!(memory.difference(&written(&neo4j, &content).await), None);
    // And another client counts the same.
    assert_eq!(server.number("MATCH (n) RETURN count(n) AS n").await, 5_000);
    assert_eq!(server.number("MATCH ()-[e]->() RETURN count(e) AS n").await, 12_000);
}
