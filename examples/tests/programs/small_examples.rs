//! The smaller examples.

use std::fs;

use crate::process::{QUICK, program, refused, run, scan};

#[test]
fn custom_source_runs() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(&mut program("custom_source", folder.path())).done();
    assert!(ended.stdout.contains("read 6 hosts in 2 scopes"), "{}", ended.stdout);
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
fn query_graph_refuses_what_is_no_graph() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("essay.txt"), "not a database ".repeat(100)).unwrap();
    let missing = ["atg.sqlite", "does not exist", "scan into it first"];
    refused(folder, &mut program("query_graph", folder), &missing);
    let foreign = ["essay.txt", "not an SQLite database"];
    refused(folder, program("query_graph", folder).arg("essay.txt"), &foreign);
}
