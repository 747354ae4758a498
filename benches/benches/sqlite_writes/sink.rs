//! The sink.

use std::path::Path;
use std::time::Instant;

use atg_core::GraphSink;
use atg_graph::sqlite::SqliteGraph;
use rusqlite::Connection;

use super::rows::{BATCH, Rows, SETS};
use super::{CACHE_BYTES, Times, check};

pub(crate) async fn load(rows: &Rows, path: &Path) -> Times {
    let graph = SqliteGraph::builder(path).cache_bytes(CACHE_BYTES).open().unwrap();
    graph.prepare().await.unwrap();
    let begun = Instant::now();
    for batch in rows.nodes.chunks(BATCH) {
        graph.upsert_nodes(batch).await.unwrap();
    }
    let nodes = begun.elapsed();
    for batch in rows.sets.chunks(SETS) {
        graph.upsert_relationships(batch).await.unwrap();
    }
    graph.flush().await.unwrap();
    let times = Times { nodes, whole: begun.elapsed() };
    check(&Connection::open(path).unwrap(), 4);
    times
}
