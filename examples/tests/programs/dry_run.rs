//! `--dry-run`: reads, compares, reports, and writes nothing.

use std::fs;

use serde_json::Value;

use crate::process::{QUICK, report, scan};
use crate::report_keys::assert_keys;

const DRY: &str = "--dry-run --resources 200 --quiet --report r.json";

fn written(report: &Value) -> (u64, u64) {
    let figure = |key: &str| report["scan"][key].as_u64().unwrap();
    (figure("nodes_written"), figure("relationships_written"))
}

#[test]
fn makes_no_file_and_says_what_would_be() {
    let folder = tempfile::tempdir().unwrap();
    scan(folder.path(), &format!("{QUICK} {DRY}")).done();
    let would = report(folder.path(), "r.json");
    assert_keys(&would);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "only the report");

    scan(folder.path(), &format!("{QUICK} --resources 200 --scale-to 0 --quiet --report d.json"))
        .done();
    let did = report(folder.path(), "d.json");
    assert_eq!(written(&would), written(&did));
    assert_eq!(would["scan"]["unresolved"], did["scan"]["unresolved"]);
}

#[test]
fn changes_nothing_of_a_graph_and_says_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("atg.sqlite");
    scan(folder.path(), &format!("{QUICK} --resources 200 --scale-to 900 --quiet")).done();
    let before = fs::read(&graph).unwrap();

    scan(folder.path(), &format!("{QUICK} {DRY}")).done();
    let same = report(folder.path(), "r.json");
    assert_keys(&same);
    assert_eq!(written(&same), (0, 0));
    assert!(same["scan"]["nodes_unchanged"].as_u64().unwrap() > 200);
    assert_eq!(same["scale"]["nodes"], 0);

    scan(folder.path(), &format!("{QUICK} {DRY} --seed 7")).done();
    let (nodes, relationships) = written(&report(folder.path(), "r.json"));
    assert!(nodes > 150 && relationships > 150, "{nodes} {relationships}");
    assert!(before == fs::read(&graph).unwrap(), "a dry run changed the file");
}

#[test]
fn shows_its_tables_and_offers_no_queries() {
    let folder = tempfile::tempdir().unwrap();
    let ended = scan(folder.path(), &format!("{QUICK} --dry-run --resources 20")).done();
    assert!(ended.stdout.contains("nothing was written"), "{}", ended.stdout);
    assert!(!ended.stdout.contains("Try next"), "{}", ended.stdout);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}
