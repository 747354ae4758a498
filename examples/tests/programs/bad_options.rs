//! Options that make no sense: refused before anything is touched.

use crate::process::{QUICK, refused, scan, scan_and_scale};

#[test]
fn each_is_refused_with_what_is_wrong_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let cases: [(&str, &[&str]); 37] = [
        ("--nope", &["--nope", "--help"]),
        ("--scale-to x", &["'x'", "--scale-to"]),
        ("--scale-to -1", &["-1"]),
        ("--resources many", &["'many'", "--resources"]),
        ("--resources 99999999", &["99999999", "10000000"]),
        ("--subscriptions 0", &["0 subscriptions", "between 1 and 10000"]),
        ("--fault-rate 2", &["'2'", "--fault-rate", "0 to 0.9"]),
        ("--fault-rate nan", &["'nan'", "--fault-rate"]),
        ("--limits some", &["'some'", "--limits", "azure, none"]),
        ("--graph http://localhost/db", &["http://", "--graph", "file's path", "bolt://"]),
        ("--graph bolt+tls://localhost", &["address", "unknown scheme", "bolt+ssc"]),
        ("--graph neo4j://localhost/db", &["address", "database"]),
        ("--graph neo4j://localhost:nope --dry-run", &["address", "port", "7687"]),
        ("--database x", &["--database", "is a file", "bolt://"]),
        ("--graph g.sqlite --database x", &["--database", "is a file", "bolt://"]),
        ("--replay r --azure", &["--replay", "--azure"]),
        ("--replay r --pace 5", &["--replay", "--pace"]),
        ("--cache c --no-cache", &["--cache", "--no-cache"]),
        ("--list-type virtualMachines --scale-to 0", &["virtualMachines", "namespace/type"]),
        ("--report none/r.json", &["none", "create it first"]),
        ("--report .", &["directory", "name a file"]),
        ("--report atg.sqlite", &["is the graph", "another path"]),
        ("--html none/r.html", &["none", "create it first"]),
        ("--html .", &["directory", "name a file"]),
        ("--html atg.sqlite", &["is the graph", "another path"]),
        ("--html ./atg.sqlite-wal", &["is the graph", "another path"]),
        ("--metrics .", &["is none"]),
        ("--metrics /dev/null", &["/dev/null", "is none"]),
        ("--html r --metrics ./r", &["./r", "a file of its own"]),
        ("--report r --html r", &["a file of its own"]),
        ("--html /proc/r.html", &["/proc", "nothing can be written"]),
        ("--batch 0", &["'0'", "auto, static"]),
        ("--batch many", &["'many'", "auto, static", "1 to 100000"]),
        ("--batch 100001", &["100001", "1 to 100000"]),
        ("--pace 0", &["'0'", "auto, none"]),
        ("--pace fast", &["'fast'", "auto, none", "requests a second"]),
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
    for option in ["--report", "--html", "--metrics"] {
        let mut command = scan_and_scale(folder, option);
        refused(folder, command.arg(&report), &["is the graph", "another path"]);
    }
}

#[test]
fn a_file_that_is_none_of_runs_stays_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, &format!("{QUICK} --resources 5 --scale-to 0 --graph other.sqlite --quiet"))
        .done();
    let file = folder.join("other.sqlite");
    let before = std::fs::read(&file).unwrap();
    let mut command = scan_and_scale(folder, "--metrics other.sqlite");
    refused(folder, &mut command, &["no metrics file", "nothing was changed"]);
    assert!(std::fs::read(&file).unwrap() == before);
}

#[test]
fn an_address_that_is_not_understood_shows_no_password() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let scan = |options: &str| scan_and_scale(folder, &format!("{options} --scale-to 0"));
    for address in [
        "bolt://someone:s3cret@localhost:nope",
        "bolt://someone:s3cret/x@localhost",
        "bolt://localhost/?password=s3cret",
        "bolt+tls://someone:s3cret@localhost",
        "http://someone:s3cret@localhost",
    ] {
        let ended = refused(folder, &mut scan(&format!("--graph {address}")), &["address"]);
        assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
    }
    let ended = refused(folder, scan("").env("NEO4J_URI", "me:s3cret@localhost"), &["scheme"]);
    assert!(!format!("{ended:?}").contains("s3cret"), "{ended:?}");
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
