//! Files that are no graph, cannot be written, or run full.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sqlite_support;

use std::fs;

use atg_core::{ErrorKind, GraphReader, GraphSink, Node, RelationshipSet};
use atg_graph::sqlite::SqliteGraph;
use futures::TryStreamExt as _;
use rusqlite::Connection;
use sqlite_support::{node, open, place, uses};

fn refused(path: &std::path::Path) -> atg_core::Error {
    let error = SqliteGraph::open(path).expect_err("opened");
    let shown = path.to_str().unwrap();
    assert!(shown.is_empty() || error.message().contains(shown), "{error} does not name the path");
    error
}

#[test]
fn what_is_not_sqlite_is_refused_and_left_as_it_is() {
    let (_directory, path) = place();
    for content in ["x".to_owned(), "{\"a\": 1}".repeat(1_000), "\0".repeat(4_096)] {
        fs::write(&path, &content).unwrap();
        let error = refused(&path);
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(error.message().contains("not an SQLite database"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), content.as_bytes());
        let read_only = SqliteGraph::builder(&path).read_only(true).open().expect_err("opened");
        assert_eq!(read_only.kind(), ErrorKind::InvalidData);
    }
}

#[test]
fn another_applications_database_is_refused_and_left_as_it_is() {
    let cases = [
        "CREATE TABLE t(x); INSERT INTO t VALUES (1)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 3",
        "PRAGMA journal_mode = WAL; CREATE TABLE node(nid INTEGER PRIMARY KEY)",
    ];
    for sql in cases {
        let (_directory, path) = place();
        Connection::open(&path).unwrap().execute_batch(sql).unwrap();
        let before = fs::read(&path).unwrap();
        let error = refused(&path);
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{sql}: {error}");
        assert!(error.message().contains("another application"), "{error}");
        assert_eq!(fs::read(&path).unwrap(), before, "{sql}");
    }
}

#[test]
fn a_newer_graph_and_a_changed_one_are_refused() {
    let (_directory, path) = place();
    drop(open(&path));
    let sql = Connection::open(&path).unwrap();
    sql.execute_batch("PRAGMA user_version = 99").unwrap();
    let error = refused(&path);
    assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
    assert!(error.message().contains("99"), "{error}");
    sql.execute_batch("PRAGMA user_version = 1; ALTER TABLE nk ADD COLUMN more").unwrap();
    let error = refused(&path);
    assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
    assert!(error.message().contains("\"nk\""), "{error}");
}

#[test]
fn a_damaged_graph_is_refused() {
    let (_directory, path) = place();
    drop(open(&path));
    let mut bytes = fs::read(&path).unwrap();
    bytes[100..2_000].fill(0xab);
    fs::write(&path, bytes).unwrap();
    assert_eq!(refused(&path).kind(), ErrorKind::InvalidData);
}

#[tokio::test]
async fn a_node_number_that_the_file_cannot_have_come_to_is_damage() {
    for number in [-1, 0, i64::from(u32::MAX), i64::MAX] {
        let (_directory, path) = place();
        let graph = open(&path);
        graph.upsert_nodes(&[node("A")]).await.unwrap();
        drop(graph);
        let sql = format!("INSERT INTO nk VALUES ({number}, 1, 2, 3)");
        Connection::open(&path).unwrap().execute_batch(&sql).unwrap();
        let error = open(&path).upsert_nodes(&[node("B")]).await.expect_err("read it");
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{error}");
        assert!(error.message().contains("damaged"), "{error}");
    }
}

#[tokio::test]
async fn numbers_of_deleted_nodes_are_no_damage() {
    let (_directory, path) = place();
    let graph = open(&path);
    let rows: Vec<Node> = (0..20_000).map(|number| node(&format!("N{number}"))).collect();
    graph.upsert_nodes(&rows).await.unwrap();
    let all_but_last: Vec<_> = rows[..19_999].iter().map(|row| row.id.clone()).collect();
    graph.delete(&all_but_last).await.unwrap();
    drop(graph);
    Connection::open(&path).unwrap().execute_batch("VACUUM").unwrap();
    let outcome = open(&path).upsert_nodes(&rows[19_990..]).await.unwrap();
    assert_eq!((outcome.created, outcome.unchanged), (9, 1));
}

#[test]
fn an_empty_file_and_an_empty_database_become_a_graph() {
    let (_directory, path) = place();
    fs::write(&path, "").unwrap();
    drop(open(&path));
    drop(open(&path));
    let (_directory, path) = place();
    Connection::open(&path).unwrap().execute_batch("VACUUM").unwrap();
    drop(open(&path));
}

#[test]
fn a_path_that_leads_nowhere_is_an_error_that_says_so() {
    let (directory, path) = place();
    assert_eq!(refused(directory.path()).kind(), ErrorKind::InvalidInput);
    assert_eq!(refused("".as_ref()).kind(), ErrorKind::InvalidInput);
    assert_eq!(refused(":memory:".as_ref()).kind(), ErrorKind::InvalidInput);
    let nowhere = directory.path().join("missing").join("graph.sqlite");
    let error = refused(&nowhere);
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(error.message().contains("create it first"), "{error}");
    let read_only = SqliteGraph::builder(&path).read_only(true).open().expect_err("opened");
    assert_eq!(read_only.kind(), ErrorKind::NotFound);
    assert!(!path.exists(), "reading made a file");
}

#[tokio::test]
async fn a_read_only_graph_is_read_and_not_written() {
    let (_directory, path) = place();
    let graph = open(&path);
    graph.upsert_nodes(&[node("A")]).await.unwrap();
    drop(graph);
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&path, permissions).unwrap();
    assert_eq!(refused(&path).kind(), ErrorKind::ReadOnly);

    let graph = SqliteGraph::builder(&path).read_only(true).open().unwrap();
    assert_eq!(graph.node(&node("A").id).await.unwrap(), Some(node("A")));
    let set = RelationshipSet::complete(node("A").id, vec![uses("A", "A")]);
    for error in [
        graph.prepare().await.expect_err("prepared"),
        graph.upsert_nodes(&[node("B")]).await.expect_err("wrote"),
        graph.upsert_relationships(&[set]).await.expect_err("wrote"),
        graph.delete(&[node("A").id]).await.expect_err("deleted"),
        graph.flush().await.expect_err("flushed"),
    ] {
        assert_eq!(error.kind(), ErrorKind::ReadOnly, "{error}");
        assert!(!error.is_retryable());
    }
}

/// Nodes of some 10 KB that do not compress.
fn large(range: std::ops::Range<usize>) -> Vec<Node> {
    let named =
        |number| Node { properties: "x".repeat(10_000).into(), ..node(&format!("N{number}")) };
    range.map(named).collect()
}

#[tokio::test]
async fn a_full_disk_costs_the_batch_and_nothing_else() {
    let (_directory, path) = place();
    let graph = SqliteGraph::builder(&path).max_file_bytes(2 << 20).open().unwrap();
    graph.upsert_nodes(&large(0..50)).await.unwrap();
    let before: Vec<Node> = graph.nodes(<_>::default(), None).try_collect().await.unwrap();

    let error = graph.upsert_nodes(&large(25..500)).await.expect_err("found room");
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{error}");
    assert!(error.message().contains("free space"), "{error}");
    let after: Vec<Node> = graph.nodes(<_>::default(), None).try_collect().await.unwrap();
    assert_eq!(before, after);

    // What was known in memory did not run ahead of the file: these nodes are not there.
    let set = RelationshipSet::complete(node("N0").id, vec![uses("N0", "N100")]);
    assert_eq!(graph.upsert_relationships(&[set]).await.unwrap().missing.len(), 1);
    let outcome = graph.upsert_nodes(&large(40..60)).await.unwrap();
    assert_eq!((outcome.created, outcome.unchanged), (10, 10));
    drop(graph);
    let outcome = open(&path).upsert_nodes(&large(0..500)).await.unwrap();
    assert_eq!((outcome.created, outcome.unchanged), (440, 60));
}
