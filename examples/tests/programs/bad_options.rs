//! Options that make no sense: refused before anything is touched.

use crate::process::{QUICK, refused, scan, scan_and_scale};

#[test]
fn each_is_refused_with_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases: [(&str, &[&str]); 17] = [
        ("--nope", &["--nope", "--help"]),
        ("--scale-to x", &["'x'", "--scale-to"]),
        ("--scale-to -1", &["-1"]),
        ("--resources many", &["'many'", "--resources"]),
        ("--resources 99999999", &["99999999", "10000000"]),
        ("--subscriptions 0", &["0 subscriptions", "between 1 and 10000"]),
        ("--fault-rate 2", &["'2'", "--fault-rate", "0 to 0.9"]),
        ("--fault-rate nan", &["'nan'", "--fault-rate"]),
        ("--limits some", &["'some'", "--limits", "azure, none"]),
        ("--graph neo4j://localhost", &["Neo4j", "--graph", "SQLite file"]),
        ("--graph bolt://localhost:7687", &["Neo4j", "--graph", "SQLite file"]),
        ("--graph http://localhost/db", &["http://", "--graph", "file's path"]),
        ("--replay r --azure", &["--replay", "--azure"]),
        ("--report none/r.json", &["none", "create it first"]),
        ("--report .", &["directory", "name a file"]),
        ("--report atg.sqlite", &["is the graph", "another path"]),
        ("stray", &["stray"]),
    ];
    for (options, words) in cases {
        refused(folder, &mut scan_and_scale(folder, options), words);
    }
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_graph_that_is_there_is_not_overwritten_by_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, &format!("{QUICK} --resources 5 --scale-to 0 --quiet")).done();
    let report = folder.join("atg.sqlite");
    let mut command = scan_and_scale(folder, "--report");
    refused(folder, command.arg(report), &["is the graph", "another path"]);
}

#[test]
fn azure_needs_its_variables() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let azure = || scan_and_scale(folder, "--azure --scale-to 0 --quiet");
    refused(folder, &mut azure(), &["AZURE_TENANT_ID"]);
    refused(folder, azure().env("AZURE_TENANT_ID", "  "), &["AZURE_TENANT_ID"]);
    let words = ["AZURE_ACCESS_TOKEN", "az account get-access-token"];
    refused(folder, azure().env("AZURE_TENANT_ID", "t"), &words);
}

#[test]
fn a_broken_token_is_refused_and_never_shown() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for secret in
        ["first-half second-half", "first-half\nsecond-half", "first-half\u{e9}second-half"]
    {
        let mut command = scan_and_scale(folder, "--azure --scale-to 0");
        command.env("AZURE_TENANT_ID", "t").env("AZURE_ACCESS_TOKEN", secret);
        let ended = refused(folder, &mut command, &["AZURE_ACCESS_TOKEN", "get a new one"]);
        for part in ["first-half", "second-half"] {
            assert!(!ended.stdout.contains(part) && !ended.stderr.contains(part), "{ended:?}");
        }
    }
}
