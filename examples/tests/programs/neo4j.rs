//! The whole flow with a graph in a Neo4j server.

use std::net::TcpListener;
use std::path::Path;

use atg_graph::sqlite::SqliteGraph;
use serde_json::Value;

use crate::process::{Ended, QUICK, refused, report, run, scan, scan_and_scale};
use crate::report_keys::assert_keys;
use crate::server::{Server, assert_same, contents};

const OPTIONS: &str = "--scale-to 8000 --report r.json";

/// The server's address with a user and a password, which a server without sign-in lets pass.
fn with_password(address: &str) -> String {
    address.replacen("://", "://someone:s3cret@", 1)
}

fn into(server: &Server, folder: &Path, options: &str) -> Ended {
    scan(folder, &format!("{QUICK} {options} --graph {}", server.address))
}

#[test]
fn holds_what_sqlite_holds_and_again_nothing_is_written() {
    let Some(server) = Server::empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    scan(folder, &format!("{QUICK} {OPTIONS} --quiet --graph g.sqlite")).done();
    let sqlite = report(folder, "r.json");
    let file = SqliteGraph::open(folder.join("g.sqlite")).unwrap();
    let expected = server.wait(contents(&file));

    // What others keep in the same database is none of the graph's.
    server.run("CREATE (:Person {id: '1'})-[:KNOWS]->(:Person {id: '1'})");
    let address = with_password(&server.address);
    let ended = scan(folder, &format!("{QUICK} {OPTIONS} --graph {address}")).done();
    assert!(!ended.stdout.contains("s3cret"), "{}", ended.stdout);
    let first = report(folder, "r.json");
    assert_keys(&first);
    assert_same_figures(&first, &sqlite);
    assert_eq!(first["graph"], server.address);
    assert!(!first.to_string().contains("s3cret"), "{first:#}");
    assert_same(&server.contents(), &expected);
    assert_queries_find(&server, &ended.stdout);

    let ended = into(&server, folder, OPTIONS).done();
    assert!(ended.stdout.contains("left alone"), "{}", ended.stdout);
    let second = report(folder, "r.json");
    assert_keys(&second);
    assert_eq!(written(&second), (0, 0));
    assert_eq!(second["validation"]["passed"], true);
    assert_same(&server.contents(), &expected);
    assert_eq!(server.number("MATCH (n:Person)-->(m:Person) RETURN count(*) AS number"), 1);
}

fn written(report: &Value) -> (u64, u64) {
    let figure = |key: &str| report["scan"][key].as_u64().unwrap();
    (figure("nodes_written"), figure("relationships_written"))
}

/// All that does not tell of time or memory is the same.
fn assert_same_figures(found: &Value, expected: &Value) {
    for (section, keys) in [
        ("scan", "resources_read resources_skipped nodes_written relationships_written unresolved"),
        ("scale", "template_nodes template_relationships nodes relationships"),
        ("validation", "passed checks"),
    ] {
        for key in keys.split_whitespace() {
            assert_eq!(found[section][key], expected[section][key], "{section}.{key}");
        }
    }
}

/// Each query that is offered runs, and finds something.
fn assert_queries_find(server: &Server, stdout: &str) {
    let (_, offered) = stdout.split_once("Try next").expect("queries");
    let queries: Vec<_> =
        offered.lines().filter_map(|line| line.trim().strip_suffix(';')).collect();
    assert_eq!(queries.len(), 3, "{offered}");
    for query in queries {
        assert!(server.finds(query) > 0, "nothing: {query}");
    }
}

#[test]
fn a_dry_run_says_what_would_be_and_writes_nothing() {
    let Some(server) = Server::empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let dry = "--dry-run --resources 200 --quiet --report r.json";
    let constraints = "SHOW CONSTRAINTS YIELD name RETURN count(*) AS number";
    into(&server, folder, dry).done();
    let would = report(folder, "r.json");
    assert_keys(&would);
    assert_eq!(server.number(constraints), 0);
    assert_eq!(server.number("MATCH (n) RETURN count(*) AS number"), 0);

    into(&server, folder, "--resources 200 --scale-to 900 --quiet --report d.json").done();
    let did = report(folder, "d.json");
    assert_eq!(written(&would), written(&did));
    assert_eq!(would["scan"]["unresolved"], did["scan"]["unresolved"]);
    let before = (server.number(constraints), server.contents());

    into(&server, folder, dry).done();
    assert_eq!(written(&report(folder, "r.json")), (0, 0));
    into(&server, folder, &format!("{dry} --seed 7")).done();
    let (nodes, relationships) = written(&report(folder, "r.json"));
    assert!(nodes > 150 && relationships > 150, "{nodes} {relationships}");
    assert_eq!(server.number(constraints), before.0);
    assert_same(&server.contents(), &before.1);
}

#[test]
fn the_environment_names_the_server_and_the_options_go_before_it() {
    let Some(server) = Server::empty() else { return };
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let scan = |options: &str| {
        let options = format!("{QUICK} --resources 20 --scale-to 0 --report r.json {options}");
        let mut command = scan_and_scale(folder, &options);
        command.env("NEO4J_URI", with_password(&server.address));
        command
    };
    let nodes = || server.number("MATCH (n:Resource) RETURN count(*) AS number");

    run(&mut scan("--graph g.sqlite --quiet")).done();
    assert_eq!(nodes(), 0);
    assert!(folder.join("g.sqlite").exists());

    let elsewhere = &["nosuch", "database"];
    refused(folder, scan("--quiet").env("NEO4J_DATABASE", "nosuch"), elsewhere);
    refused(folder, &mut scan("--quiet --database nosuch"), elsewhere);

    let mut command = scan("--database neo4j");
    let command = command.env("NEO4J_DATABASE", "nosuch");
    let ended = run(command.env("NEO4J_USER", "other").env("NEO4J_PASSWORD", "hidden")).done();
    assert!(nodes() > 20);
    assert!(!folder.join("atg.sqlite").exists());
    let name = report(folder, "r.json")["graph"].as_str().unwrap().to_owned();
    assert_eq!(name, format!("{}, database neo4j", server.address));
    for secret in ["s3cret", "hidden"] {
        assert!(!ended.stdout.contains(secret), "{}", ended.stdout);
    }
}

#[test]
fn an_address_where_nobody_listens_fails_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for more in ["", "--dry-run"] {
        let options = format!(
            "--resources 20 --scale-to 0 --report r.json --graph bolt://u:s3cret@127.0.0.1:{port} {more}"
        );
        let ended = refused(
            folder,
            &mut scan_and_scale(folder, &options),
            &[&format!("127.0.0.1:{port}"), "unavailable"],
        );
        assert_eq!(ended.status, Some(1));
        assert!(!ended.stdout.contains("s3cret") && !ended.stderr.contains("s3cret"), "{ended:#?}");
        // One try: what was never there is not waited for.
        assert!(!ended.stderr.contains("gave up after"), "{ended:#?}");
    }
}
