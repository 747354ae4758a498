//! kill -9 in the middle of a load: nothing committed is lost, and going on gives the graph of
//! an undisturbed run.
#![cfg(all(unix, feature = "sqlite"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sqlite_support;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use atg_core::conformance::graph::{RandomGraph, dump, random_graph};
use atg_core::{GraphReader, GraphSink, RelationshipSet};
use atg_graph::sqlite::SqliteGraph;
use sqlite_support::{known, open, place};

/// Set for the process that is killed: the file to write.
const FILE: &str = "ATG_TEST_KILLED_WRITER";

const NODES_A_BATCH: usize = 50;
const SETS_A_BATCH: usize = 40;

fn content() -> RandomGraph {
    random_graph(11, 1_000, 3_000)
}

/// Writes all, saying after each batch how many it committed.
async fn write(graph: &SqliteGraph, content: &RandomGraph, mut committed: impl FnMut(usize)) {
    let mut batches = 0;
    let mut next = || {
        batches += 1;
        committed(batches);
    };
    for nodes in content.nodes.chunks(NODES_A_BATCH) {
        graph.upsert_nodes(nodes).await.unwrap();
        next();
    }
    for sets in content.sets.chunks(SETS_A_BATCH) {
        graph.upsert_relationships(sets).await.unwrap();
        next();
    }
    graph.flush().await.unwrap();
}

#[tokio::test]
#[ignore = "run, and killed, by a_killed_load_goes_on"]
async fn killed_writer() {
    let path = std::env::var_os(FILE).expect("started by hand");
    let graph = open(Path::new(&path));
    write(&graph, &content(), |batch| println!("\ncommitted {batch}")).await;
    println!("\ncommitted 0");
    // Whoever reads these lines kills this process.
    loop {
        std::thread::park();
    }
}

/// Runs the writer until it says that it committed `batch` batches, and kills it; the next batch
/// is then under way.
fn kill_at(path: &Path, batch: usize) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed_writer", "--ignored", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let wanted = format!("committed {batch}");
    let found = lines.map_while(Result::ok).any(|line| line == wanted);
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    assert!(found, "the writer ended before batch {batch}");
}

#[tokio::test]
async fn a_killed_load_goes_on() {
    let content = content();
    let (_directory, path) = place();
    let undisturbed = open(&path);
    write(&undisturbed, &content, |_| ()).await;

    let node_batches = content.nodes.len().div_ceil(NODES_A_BATCH);
    let set_batches = content.sets.len().div_ceil(SETS_A_BATCH);
    for batch in [1, node_batches / 2, node_batches, node_batches + set_batches / 2, 0] {
        let (_directory, path) = place();
        kill_at(&path, batch);
        readable_as_it_is(&path, batch).await;
        let graph = open(&path);
        committed_is_there(&graph, &content, batch).await;
        write(&graph, &content, |_| ()).await;
        let difference = dump(&graph).await.unwrap().difference(&dump(&undisturbed).await.unwrap());
        assert_eq!(difference, None, "killed after batch {batch}");
        assert_eq!(known(&graph).await, known(&undisturbed).await);
        assert_eq!(graph.counts().await.unwrap(), undisturbed.counts().await.unwrap());
    }
}

/// The log that the killed writer left does not keep others from reading.
async fn readable_as_it_is(path: &Path, batch: usize) {
    let graph = SqliteGraph::builder(path).read_only(true).open().unwrap();
    let nodes = graph.counts().await.unwrap().nodes;
    assert!(nodes >= (batch * NODES_A_BATCH).min(1_000) as u64, "{nodes} nodes after {batch}");
}

/// Everything that the writer said it committed counts as unchanged.
async fn committed_is_there(graph: &SqliteGraph, content: &RandomGraph, batch: usize) {
    let nodes = batch * NODES_A_BATCH;
    let stored = content.nodes.get(..nodes).unwrap_or(&content.nodes);
    let outcome = graph.upsert_nodes(stored).await.unwrap();
    assert_eq!(outcome.unchanged, stored.len() as u64, "nodes after batch {batch}");
    let sets = batch.saturating_sub(content.nodes.len() / NODES_A_BATCH) * SETS_A_BATCH;
    let stored: &[RelationshipSet] = content.sets.get(..sets).unwrap_or(&content.sets);
    let outcome = graph.upsert_relationships(stored).await.unwrap();
    assert_eq!((outcome.created, outcome.updated, outcome.removed), (0, 0, 0));
    assert!(outcome.missing.is_empty());
}
