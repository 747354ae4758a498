//! The first whole flow: scan, scale, validate, report; then once more.

use std::collections::BTreeSet;
use std::path::Path;

use atg_azure::simulator::{Simulator, TenantSpec};
use serde_json::Value;

use crate::contents::{Contents, number, open, texts};
use crate::process::{QUICK, report, scan};
use crate::report_keys::assert_keys;

const OPTIONS: &str = "--resources 300 --latency-ms 0 --scale-to 2000 --report r.json";

#[test]
fn scan_scale_validate_report_and_again() {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("atg.sqlite");
    let ended = scan(folder.path(), &format!("{OPTIONS} --quiet")).done();
    assert_eq!(ended.stdout, "");
    let first = report(folder.path(), "r.json");
    assert_keys(&first);
    assert_eq!(first["validation"]["passed"], true);
    assert_eq!(first["scan"]["resources_skipped"], Value::Array(Vec::new()));
    assert_scaled(folder.path(), &graph, &first);
    assert_is_the_oracle(&graph);
    assert_readable(&graph);
    let before = Contents::read(&graph);

    let ended = scan(folder.path(), OPTIONS).done();
    assert!(ended.stdout.contains("left alone"), "{}", ended.stdout);
    let second = report(folder.path(), "r.json");
    assert_keys(&second);
    assert_eq!(second["scan"]["nodes_written"], 0);
    assert_eq!(second["scan"]["relationships_written"], 0);
    let figure = |key: &str| first["scan"][key].as_u64().unwrap();
    assert_eq!(second["scan"]["nodes_unchanged"], figure("nodes_written") - figure("unresolved"));
    assert_eq!(second["scan"]["unresolved"], first["scan"]["unresolved"]);
    assert_eq!(second["validation"]["passed"], true);
    before.assert_same(&Contents::read(&graph));
    assert_queries_run(&graph, &ended.stdout);
}

/// The report's counts are the graph's, and the copies are whole: the smallest number of them
/// that reaches what was asked for.
fn assert_scaled(folder: &Path, graph: &Path, report: &Value) {
    let figure = |section: &str, key: &str| report[section][key].as_u64().unwrap();
    let (made, template) = (figure("scale", "nodes"), figure("scale", "template_nodes"));
    let relationships = figure("scale", "relationships");
    let template_relationships = figure("scale", "template_relationships");
    let copies = made / template;
    assert_eq!((made, relationships), (copies * template, copies * template_relationships));

    let bare = "--resources 300 --latency-ms 0 --scale-to 0 --graph bare.sqlite --quiet";
    scan(folder, bare).done();
    let bare = folder.join("bare.sqlite");
    let own = number(&bare, "select count(*) from nodes");
    let own_relationships = number(&bare, "select count(*) from relationships");
    assert_eq!(own, figure("scan", "nodes_written"));
    assert_eq!(own_relationships, figure("scan", "relationships_written"));
    assert!(own + made >= 2000 && own + made - template < 2000, "{own} + {made}");

    assert_eq!(number(graph, "select count(*) from nodes"), own + made);
    let all = number(graph, "select count(*) from relationships");
    assert_eq!(all, own_relationships + copies * template_relationships);
    let synthetic = "select count(*) from nodes where synthetic and scale_operation_id is not null \
                     and template_source_id in (select lower(id) from nodes where not synthetic)";
    assert_eq!(number(graph, synthetic), made);
    let unresolved =
        "select count(*) from nodes where not synthetic and labels like '%Unresolved%'";
    assert_eq!(number(graph, unresolved), figure("scan", "unresolved"));
}

/// What was scanned is what a perfect scan must find.
fn assert_is_the_oracle(graph: &Path) {
    let simulator = Simulator::builder(TenantSpec::sized(300, 4)).build().unwrap();
    let oracle = simulator.tenant().oracle();
    let mut nodes = BTreeSet::new();
    oracle.node_keys(|key, _| {
        nodes.insert(vec![key.to_owned()]);
    });
    oracle.unresolved(|key| {
        nodes.insert(vec![key.to_owned()]);
    });
    let query = format!("select {} from nodes where not synthetic", key("id"));
    assert_same_set(texts(graph, &query), &nodes);
    let mut triples = BTreeSet::new();
    oracle.relationships(|source, relation, target| {
        triples.insert([source, relation, target].map(str::to_owned).to_vec());
    });
    let query = format!(
        "select {}, type, {} from relationships \
         where source in (select id from nodes where not synthetic)",
        key("source"),
        key("target"),
    );
    assert_same_set(texts(graph, &query), &triples);
}

/// The SQL of an id's key: of Azure's ids, which alone ignore case, in lower case.
fn key(column: &str) -> String {
    format!("iif({column} like '/%', lower({column}), {column})")
}

fn assert_same_set(found: Vec<Vec<String>>, expected: &BTreeSet<Vec<String>>) {
    let found: BTreeSet<_> = found.into_iter().collect();
    let extra: Vec<_> = found.difference(expected).take(5).collect();
    let missing: Vec<_> = expected.difference(&found).take(5).collect();
    assert!(extra.is_empty() && missing.is_empty(), "extra {extra:#?}, missing {missing:#?}");
}

/// Ids as they were spelled, and JSON that SQLite's functions read.
fn assert_readable(graph: &Path) {
    assert!(
        number(
            graph,
            "select count(*) from nodes where id like '/subscriptions/%' and id <> lower(id)"
        ) > 200
    );
    let provided = "select count(*) from nodes where \
                    json_extract(properties, '$.provisioningState') = provisioning_state";
    assert!(number(graph, provided) > 100);
    for column in ["properties", "tags", "labels", "additional", "columns"] {
        let broken = format!("select count(*) from nodes where not json_valid({column})");
        assert_eq!(number(graph, &broken), 0, "{column}");
    }
    let elsewhere = "select count(*) from nodes n, json_tree(n.properties) j \
                     where n.synthetic and j.type = 'text' and j.value like '/subscriptions/%' \
                     and substr(lower(j.value), 16, 36) in \
                     (select lower(subscription_id) from nodes where not synthetic)";
    assert_eq!(number(graph, elsewhere), 0, "copies refer to the template");
}

/// Each query that is offered runs, and finds something.
fn assert_queries_run(graph: &Path, stdout: &str) {
    let connection = open(graph).unwrap();
    let offered = stdout.lines().filter_map(|line| line.strip_prefix("  sqlite3 atg.sqlite \""));
    let mut count = 0;
    for query in offered.filter_map(|line| line.strip_suffix('"')) {
        let found = connection.prepare(query).unwrap().exists([]).unwrap();
        assert!(found, "nothing: {query}");
        count += 1;
    }
    assert_eq!(count, 3);
}

#[test]
fn more_copies_are_added_to_those_there_are_and_0_adds_none() {
    let folder = tempfile::tempdir().unwrap();
    let options = format!("{QUICK} --resources 60 --report r.json --quiet");
    for (scale, graph) in
        [(0, "a.sqlite"), (700, "a.sqlite"), (1500, "a.sqlite"), (1500, "b.sqlite")]
    {
        scan(folder.path(), &format!("{options} --graph {graph} --scale-to {scale}")).done();
        let nodes = number(&folder.path().join(graph), "select count(*) from nodes");
        assert!(nodes >= scale, "{nodes}");
        assert_eq!(report(folder.path(), "r.json")["scale"]["nodes"] == 0, scale == 0);
    }
    let [a, b] = ["a.sqlite", "b.sqlite"].map(|name| Contents::read(&folder.path().join(name)));
    a.assert_same(&b);
}

#[test]
fn the_report_can_go_to_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    let options = format!("{QUICK} --resources 5 --scale-to 0 --quiet --report /dev/stdout");
    let ended = scan(folder.path(), &options).done();
    assert_keys(&serde_json::from_str(&ended.stdout).unwrap());
}
