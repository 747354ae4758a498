//! Scans into a Neo4j server that end too early: the same command goes on, and the graph is that
//! of an undisturbed run.

use std::path::Path;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use atg_core::GraphCounts;
use atg_core::conformance::graph::Dump;
use atg_graph::sqlite::SqliteGraph;

use crate::interrupted::{interrupt, listens};
use crate::killed::reaches;
use crate::process::{QUICK, scan, scan_and_scale};
use crate::server::{Server, assert_same, contents};

// More copies than are in flight at once, so that a stop among them leaves some to make.
const OPTIONS: &str = "--resources 2500 --scale-to 25000 --quiet";

const NODES: &str = "MATCH (n:Resource) RETURN count(*) AS number";
const RELATIONSHIPS: &str = "MATCH (:Resource)-[r]->() RETURN count(*) AS number";
const COPIES: &str = "MATCH (n:Resource {synthetic: true}) RETURN count(*) AS number";
const COPIED: &str = "MATCH (:Resource {synthetic: true})-[r]->() RETURN count(*) AS number";

/// Starts the program and waits until a query gives more than `least`.
fn started(server: &Server, folder: &Path, options: &str, query: &str, least: i64) -> Child {
    let options = format!("{options} --graph {}", server.address);
    let mut child = scan_and_scale(folder, &options).stderr(Stdio::piped()).spawn().unwrap();
    let ahead = reaches(&mut child, || server.number(query) > least);
    assert!(ahead, "ended before {query} gave over {least}: {:#?}", child.wait_with_output());
    child
}

/// Waits until the server works for nobody but who asks.
fn assert_no_transaction_stays(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(30);
    let others = "SHOW TRANSACTIONS YIELD transactionId, currentQuery \
                  WHERE NOT currentQuery STARTS WITH 'SHOW' \
                  RETURN transactionId + ' ' + currentQuery AS text";
    loop {
        let found = server.texts(others);
        if found.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "still open: {found:#?}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// What an undisturbed run makes: in a file, which holds what the server does.
fn undisturbed(server: &Server, folder: &Path) -> (GraphCounts, Dump) {
    scan(folder, &format!("{QUICK} {OPTIONS} --graph g.sqlite")).done();
    let file = SqliteGraph::open(folder.join("g.sqlite")).unwrap();
    server.wait(contents(&file))
}

#[test]
fn killed_again_and_again() {
    let Some(server) = Server::empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let expected = undisturbed(&server, folder);
    let options = format!("{QUICK} {OPTIONS}");
    for query in [NODES, RELATIONSHIPS, COPIES, COPIED] {
        // Once early and once later, at whatever moment of a batch that happens to be.
        for _ in 0..2 {
            let before = server.number(query);
            let mut child = started(&server, folder, &options, query, before);
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None, "ended before it was killed: {query}");
            assert_no_transaction_stays(&server);
        }
    }
    assert!(server.number(COPIED) < i64::try_from(expected.0.relationships).unwrap());
    scan(folder, &format!("{options} --graph {}", server.address)).done();
    assert_same(&server.contents(), &expected);
}

#[test]
fn stopped_by_ctrl_c() {
    let Some(server) = Server::empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let expected = undisturbed(&server, folder);
    // In the scan, whose answers take a second each and fail half the time; then among the copies.
    let slow = format!("{OPTIONS} --latency-ms 1000 --fault-rate 0.5");
    let quick = format!("{QUICK} {OPTIONS}");
    for (options, query) in [(&slow, NODES), (&quick, COPIES)] {
        let child = started(&server, folder, options, query, 0);
        assert!(listens(child.id()));
        interrupt(child.id());
        let ended = child.wait_with_output().unwrap();
        let stderr = String::from_utf8(ended.stderr).unwrap();
        assert_eq!(ended.status.code(), Some(130), "{stderr}");
        assert!(stderr.contains("the graph is whole"), "{stderr}");
        assert_no_transaction_stays(&server);
        assert!(server.number(NODES) < i64::try_from(expected.0.nodes).unwrap());
    }
    scan(folder, &format!("{quick} --graph {}", server.address)).done();
    assert_same(&server.contents(), &expected);
}
