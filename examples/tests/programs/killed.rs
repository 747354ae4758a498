//! Killed by `kill -9`, again and again, and started again: the graph of an undisturbed run.

use std::fs;
use std::path::Path;
use std::process::Child;
use std::thread;
use std::time::Duration;

use crate::contents::{Contents, open};
use crate::process::{QUICK, scan, scan_and_scale};

const OPTIONS: &str = "--resources 5000 --scale-to 15000 --quiet --graph g.sqlite";

/// Waits until the graph has come so far, or the program has ended: a look each 2 ms.
pub(crate) fn reaches(child: &mut Child, mut so_far: impl FnMut() -> bool) -> bool {
    loop {
        if so_far() {
            return true;
        }
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Whether a query on a graph that is being written finds a row; not before it has tables.
pub(crate) fn finds(graph: &Path, query: &str) -> bool {
    let found = open(graph).and_then(|graph| graph.prepare(query)?.exists([]));
    found.unwrap_or(false)
}

/// Bytes of the graph and its log.
fn size(graph: &Path) -> u64 {
    let length = |path: &Path| fs::metadata(path).map_or(0, |file| file.len());
    length(graph) + length(&graph.with_extension("sqlite-wal"))
}

/// Runs the program until `so_far`, then kills it.
fn kill_when(folder: &Path, what: &str, so_far: impl FnMut() -> bool) {
    let mut child = scan_and_scale(folder, &format!("{QUICK} {OPTIONS}")).spawn().unwrap();
    assert!(reaches(&mut child, so_far), "ended before: {what}");
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "ended before it was killed: {what}");
    assert_whole(folder, what);
}

/// Checks a copy of what was left, so that the program itself finds what the kill left.
fn assert_whole(folder: &Path, what: &str) {
    let copy = tempfile::tempdir().unwrap();
    for name in ["g.sqlite", "g.sqlite-wal"] {
        if folder.join(name).exists() {
            fs::copy(folder.join(name), copy.path().join(name)).unwrap();
        }
    }
    let graph = rusqlite::Connection::open(copy.path().join("g.sqlite")).unwrap();
    let check: String = graph.query_row("pragma integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(check, "ok", "{what}");
}

#[test]
fn again_and_again_and_the_graph_is_the_undisturbed_one() {
    let undisturbed = tempfile::tempdir().unwrap();
    scan(undisturbed.path(), &format!("{QUICK} {OPTIONS}")).done();
    let expected = Contents::read(&undisturbed.path().join("g.sqlite"));

    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let graph = folder.join("g.sqlite");
    kill_when(folder, "a file", || graph.exists());
    kill_when(folder, "a log", || size(&graph) > 0);
    let base = size(&graph);
    kill_when(folder, "a transaction that is being written", || size(&graph) > base + (1 << 20));
    kill_when(folder, "nodes", || finds(&graph, "select 1 from nodes"));
    kill_when(folder, "relationships", || finds(&graph, "select 1 from relationships"));
    let copies = "select 1 from nodes where synthetic";
    kill_when(folder, "copied nodes", || finds(&graph, copies));
    let base = size(&graph);
    kill_when(folder, "more copies", || size(&graph) > base + (2 << 20));
    let inner = "select 1 from nodes n join relationships r on r.source = n.id where n.synthetic";
    kill_when(folder, "copied relationships", || finds(&graph, inner));

    scan(folder, &format!("{QUICK} {OPTIONS}")).done();
    Contents::read(&graph).assert_same(&expected);
    assert_whole(folder, "the end");
}
