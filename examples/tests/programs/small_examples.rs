//! The smaller examples.

use std::fs;
use std::net::TcpListener;

use crate::process::{QUICK, program, refused, run, scan};
use crate::server::Server;

#[test]
fn custom_source_runs() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(&mut program("custom_source", folder.path())).done();
    assert!(ended.stdout.contains("read 6 hosts in 2 scopes"), "{}", ended.stdout);
}

#[test]
fn look_up_many_finds_all() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(&mut program("look_up_many", folder.path())).done();
    for part in ["600 found, 1 not there", "the run: Completed"] {
        assert!(ended.stdout.contains(part), "{part:?} is not in {}", ended.stdout);
    }
}

#[test]
fn query_graph_shows_what_surrounds_a_node() {
    let folder = tempfile::tempdir().unwrap();
    scan(folder.path(), &format!("{QUICK} --resources 300 --scale-to 0 --quiet")).done();
    let ended = run(&mut program("query_graph", folder.path())).done();
    for part in ["nodes, ", "around ", "-[USES_NIC]->", "<-[CONTAINS]-"] {
        assert!(ended.stdout.contains(part), "{part:?} is not in {}", ended.stdout);
    }
    let mut other = program("query_graph", folder.path());
    let ended = run(other.args(["atg.sqlite", "Microsoft.None/Such"])).done();
    assert!(ended.stdout.contains("no node of type microsoft.none/such"), "{}", ended.stdout);
}

#[test]
fn load_neo4j_loads_and_leaves_nothing() {
    let Some(server) = Server::empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let ended = run(program("load_neo4j", folder.path()).arg(&server.address)).done();
    for part in [
        "10100 nodes created, 0 unchanged",
        "20000 relationships created, 0 unchanged",
        "0 nodes created, 10100 unchanged",
        "0 relationships created, 20000 unchanged",
        "the server holds 10100 nodes",
        "and 20000 relationships",
        "1 created, 2 removed",
        "deleted: 10100 nodes, 19999 relationships",
    ] {
        assert!(ended.stdout.contains(part), "{part:?} is not in {}", ended.stdout);
    }
    assert_eq!(server.number("MATCH (n) RETURN count(*) AS number"), 0);
}

#[test]
fn load_neo4j_says_how_to_start_a_server() {
    let folder = tempfile::tempdir().unwrap();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut command = program("load_neo4j", folder.path());
    command.env("NEO4J_URI", format!("bolt://127.0.0.1:{port}"));
    let port = port.to_string();
    refused(folder.path(), &mut command, &[&port, "scripts/neo4j start"]);
}

#[test]
fn query_graph_refuses_what_is_no_graph() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("essay.txt"), "not a database ".repeat(100)).unwrap();
    let missing = ["atg.sqlite", "does not exist", "scan into it first"];
    refused(folder, &mut program("query_graph", folder), &missing);
    let foreign = ["essay.txt", "not an SQLite database"];
    refused(folder, program("query_graph", folder).arg("essay.txt"), &foreign);
}
