//! Several handles on one file, in one process and in two.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sqlite_support;

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use atg_core::{
    BatchContext, BatchKind, BatchObservation, BatchResult, ErrorKind, GraphReader, GraphSink,
    Node, RelationshipSet, Result,
};
use atg_graph::sqlite::SqliteGraph;
use futures::TryStreamExt as _;
use sqlite_support::{id, known, node, open, place, used_by, uses};

/// Set for the second process: the file to write.
const FILE: &str = "ATG_TEST_SECOND_WRITER";

const ROWS: usize = 400;

#[tokio::test]
async fn each_handle_sees_what_the_other_wrote() {
    let (_directory, path) = place();
    let (one, other) = (open(&path), open(&path));
    one.prepare().await.unwrap();
    other.prepare().await.unwrap();
    assert_eq!(one.upsert_nodes(&[node("A"), node("B")]).await.unwrap().created, 2);
    // Known to the other without preparing again, as endpoint and as node.
    assert_eq!(other.upsert_nodes(&[node("A")]).await.unwrap().unchanged, 1);
    let set = RelationshipSet::complete(id("A"), vec![uses("A", "B")]);
    let sets = [set];
    assert_eq!(other.upsert_relationships(&sets).await.unwrap().created, 1);
    assert_eq!(one.upsert_relationships(&sets).await.unwrap().unchanged, 1);
    // A changed row is compared with what the other made of it.
    let changed = Node { kind: "changed".into(), ..node("A") };
    assert_eq!(other.upsert_nodes(std::slice::from_ref(&changed)).await.unwrap().updated, 1);
    assert_eq!(one.upsert_nodes(&[changed]).await.unwrap().unchanged, 1);
    // A deleted one is gone for both, and its number is not mixed up with a later one's.
    assert_eq!(one.delete(&[id("B")]).await.unwrap().nodes, 1);
    assert_eq!(other.upsert_nodes(&[node("C")]).await.unwrap().created, 1);
    assert_eq!(one.upsert_relationships(&sets).await.unwrap().missing.len(), 1);
    assert_eq!(one.node(&id("C")).await.unwrap(), other.node(&id("C")).await.unwrap());
    assert_eq!(known(&one).await, known(&other).await);
}

#[tokio::test]
async fn a_load_under_way_survives_another_handles_indexes() {
    let (_directory, path) = place();
    let load = open(&path);
    load.upsert_nodes(&[node("A"), node("B")]).await.unwrap();
    let other = open(&path);
    other.prepare().await.unwrap();
    load.upsert_nodes(&[node("C")]).await.unwrap();
    load.flush().await.unwrap();
    other.flush().await.unwrap();
    assert_eq!(known(&other).await.len(), 3);
}

#[tokio::test]
async fn its_sizer_starts_at_its_sizes_and_learns() {
    let (_directory, path) = place();
    let graph = SqliteGraph::builder(&path).batch_rows(600, 900).open().unwrap();
    let mut sizer = graph.sizer();
    let mut next = |kind| {
        let context = BatchContext {
            kind,
            rows_remaining: Some(1_000_000),
            rows_done: 0,
            parallelism: 2,
            bytes_per_row: 0,
        };
        let rows = sizer.next_size(&context);
        let (elapsed, result) = (Duration::from_millis(10), BatchResult::OutOfMemory);
        sizer.observe(&BatchObservation { kind, rows, bytes: 0, elapsed, result });
        rows
    };
    assert_eq!([next(BatchKind::Nodes), next(BatchKind::Relationships)], [600, 900]);
    assert!(next(BatchKind::Nodes) < 600 && next(BatchKind::Relationships) < 900);
}

fn late_indexes(path: &Path) -> i64 {
    let sql = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    rusqlite::Connection::open(path).unwrap().query_row(sql, [], |row| row.get(0)).unwrap()
}

/// A graph of three nodes, of which `B` is used by `A` (which `B` names) and uses `C`; and two
/// handles on it, of which the first has dropped the late indexes for a large load.
async fn loaded_behind_the_others_back(path: &Path) -> (SqliteGraph, SqliteGraph) {
    let (load, other) = (open(path), open(path));
    load.upsert_nodes(&[node("A"), node("B"), node("C")]).await.unwrap();
    let set = RelationshipSet::complete(id("B"), vec![used_by("A", "B"), uses("B", "C")]);
    load.upsert_relationships(&[set]).await.unwrap();
    load.flush().await.unwrap();
    other.prepare().await.unwrap();
    assert_eq!(late_indexes(path), 4);
    let rows: Vec<Node> = (0..1_500).map(|number| node(&format!("N{number}"))).collect();
    assert_eq!(load.upsert_nodes(&rows).await.unwrap().created, 1_500);
    assert_eq!(late_indexes(path), 0, "the load keeps up indexes");
    (load, other)
}

#[tokio::test]
async fn what_finds_relationships_by_target_makes_indexes_that_another_handle_dropped() {
    let (_directory, path) = place();
    let (load, other) = loaded_behind_the_others_back(&path).await;
    let set = RelationshipSet::complete(id("B"), vec![uses("B", "C")]);
    let outcome = other.upsert_relationships(&[set]).await.unwrap();
    assert_eq!((outcome.removed, outcome.unchanged), (1, 1));
    assert_eq!(late_indexes(&path), 4);
    // The load goes on, and keeps up what is there now.
    assert_eq!(load.upsert_nodes(&[node("More")]).await.unwrap().created, 1);
    load.flush().await.unwrap();
    assert_eq!((load.counts().await.unwrap().nodes, late_indexes(&path)), (1_504, 4));

    let (_directory, path) = place();
    let (_load, other) = loaded_behind_the_others_back(&path).await;
    let outcome = other.delete(&[id("B")]).await.unwrap();
    assert_eq!((outcome.nodes, outcome.relationships), (1, 2));
    assert_eq!(late_indexes(&path), 4);
}

#[tokio::test]
async fn indexes_of_a_load_that_died_are_made_by_the_handle_that_is_left() {
    let (_directory, path) = place();
    let (load, other) = loaded_behind_the_others_back(&path).await;
    drop(load);
    other.prepare().await.unwrap();
    assert_eq!(late_indexes(&path), 4);

    let (_directory, path) = place();
    let (load, other) = loaded_behind_the_others_back(&path).await;
    drop(load);
    assert_eq!(other.upsert_nodes(&[node("More")]).await.unwrap().created, 1);
    other.flush().await.unwrap();
    assert_eq!(late_indexes(&path), 4);
}

#[tokio::test]
async fn a_held_lock_is_waited_for_and_then_a_conflict() {
    let (_directory, path) = place();
    let graph = SqliteGraph::builder(&path).busy_timeout(Duration::ZERO).open().unwrap();
    graph.upsert_nodes(&[node("A")]).await.unwrap();
    let holder = rusqlite::Connection::open(&path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    let error = graph.upsert_nodes(&[node("B")]).await.expect_err("wrote");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error}");
    assert!(error.is_retryable());
    // Reading waits for nobody.
    assert!(graph.node(&id("A")).await.unwrap().is_some());
    holder.execute_batch("COMMIT").unwrap();
    assert_eq!(graph.upsert_nodes(&[node("A"), node("B")]).await.unwrap().created, 1);
}

#[tokio::test]
async fn a_stream_keeps_no_lock_and_sees_what_stays_exactly_once() {
    let (_directory, path) = place();
    let graph = open(&path);
    let rows: Vec<Node> = (0..2_500).map(|number| node(&format!("N{number}"))).collect();
    graph.upsert_nodes(&rows).await.unwrap();
    let mut stream = graph.nodes(<_>::default(), None);
    let first = stream.try_next().await.unwrap().unwrap();
    graph.delete(&[id("N1"), id("N2000")]).await.unwrap();
    graph.flush().await.unwrap();
    let rest: Vec<Node> = stream.try_collect().await.unwrap();
    let mut names: Vec<&str> = rest.iter().chain([&first]).map(|node| &*node.name).collect();
    names.sort_unstable();
    names.dedup();
    assert!(names.len() == rest.len() + 1 && names.len() >= 2_498);
    assert!(!names.contains(&"N2000"));
}

/// Writes nodes `{prefix}0`, … one a batch, each with a relationship to `Shared`, which it
/// writes as well.
async fn write(path: &Path, prefix: &str) -> Result<()> {
    let graph =
        SqliteGraph::builder(path).synchronous(atg_graph::sqlite::Synchronous::Normal).open()?;
    for number in 0..ROWS {
        let name = format!("{prefix}{number}");
        graph.upsert_nodes(&[node(&name), node("Shared")]).await?;
        let set = RelationshipSet::complete(id(&name), vec![uses(&name, "Shared")]);
        assert_eq!(graph.upsert_relationships(&[set]).await?.created, 1);
    }
    graph.flush().await
}

fn second_process(path: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "second_writer", "--ignored"])
        .env(FILE, path)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[tokio::test]
#[ignore = "run by two_processes_write_one_file"]
async fn second_writer() {
    let path = std::env::var_os(FILE).expect("started by hand");
    write(path.as_ref(), "second").await.unwrap();
}

#[tokio::test]
async fn two_processes_write_one_file() {
    let (_directory, path) = place();
    let mut second = second_process(&path);
    write(&path, "first").await.unwrap();
    assert!(second.wait().unwrap().success());
    let graph = open(&path);
    let counts = graph.counts().await.unwrap();
    assert_eq!((counts.nodes, counts.relationships), (2 * ROWS as u64 + 1, 2 * ROWS as u64));
    let known = known(&graph).await;
    assert_eq!(known.iter().filter(|one| one.relationships_hash != 0).count(), 2 * ROWS);
}
