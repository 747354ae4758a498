//! What plain SQL sees: the views, their columns, and JSON.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod sqlite_support;

use atg_core::{GraphReader, GraphSink, Node, RelationshipSet, ResourceId, Value, labels};
use rusqlite::Connection;
use rusqlite::types::FromSql;
use sqlite_support::{id, node, open, place, uses};

fn full_node() -> Node {
    Node {
        labels: labels(["Resource", "Odd \"label\""]),
        location: "westeurope".into(),
        tenant_id: "T".into(),
        kind: "linux".into(),
        sku: "D2".into(),
        provisioning_state: "Succeeded".into(),
        tags: r#"{"Env":"Prod"}"#.into(),
        properties: r#"{"hardware":{"cores":8},"disks":[{"size":32},{"size":64}]}"#.into(),
        additional: r#"{"zones":["1","2"]}"#.into(),
        synthetic: true,
        scale_operation_id: "op".into(),
        template_source_id: "from".into(),
        columns: vec![("cores".into(), 8.into()), ("load".into(), Value::Float(1.0))],
        ..node("Front")
    }
}

fn one<T: FromSql>(sql: &Connection, query: &str) -> T {
    sql.query_row(query, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[tokio::test]
async fn views_show_what_was_written_and_json_functions_work() {
    let (_directory, path) = place();
    let graph = open(&path);
    graph.upsert_nodes(&[full_node(), node("Back")]).await.unwrap();
    let mut link = uses("Front", "Back");
    link.properties = vec![("path".into(), "a.b".into()), ("weight".into(), Value::Float(2.0))];
    let set = RelationshipSet::complete(id("Front"), vec![link]);
    graph.upsert_relationships(&[set]).await.unwrap();
    graph.flush().await.unwrap();
    drop(graph);
    assert!(!path.with_extension("sqlite-wal").exists(), "a log is left beside the file");

    let sql = Connection::open(&path).unwrap();
    let front = "FROM nodes WHERE name = 'Front'";
    assert_eq!(one::<i64>(&sql, "SELECT count(*) FROM nodes"), 2);
    assert_eq!(one::<String>(&sql, &format!("SELECT id {front}")), id("Front").as_str());
    assert_eq!(
        one::<String>(&sql, &format!("SELECT labels->>1 {front}")),
        "Resource",
        "labels are a JSON array"
    );
    assert_eq!(one::<i64>(&sql, &format!("SELECT properties->>'$.hardware.cores' {front}")), 8);
    let sum = "SELECT sum(d.value->>'size') FROM nodes n, json_each(n.properties, '$.disks') d";
    assert_eq!(one::<i64>(&sql, sum), 96);
    assert_eq!(one::<String>(&sql, &format!("SELECT json_extract(tags, '$.Env') {front}")), "Prod");
    assert_eq!(one::<String>(&sql, &format!("SELECT typeof(columns->>'load') {front}")), "real");
    assert_eq!(
        one::<String>(&sql, &format!("SELECT typeof(columns->>'cores') {front}")),
        "integer"
    );
    assert_eq!(one::<i64>(&sql, "SELECT count(*) FROM nodes WHERE synthetic"), 1);
    let empty = "SELECT count(*) FROM nodes WHERE properties IS NULL AND tags IS NULL \
                 AND location IS NULL AND columns IS NULL AND scale_operation_id IS NULL";
    assert_eq!(one::<i64>(&sql, empty), 1);
    let link = "SELECT source || ' ' || type || ' ' || target FROM relationships";
    let expected = format!("{} USES {}", id("Front"), id("Back"));
    assert_eq!(one::<String>(&sql, link), expected);
    assert_eq!(one::<String>(&sql, "SELECT properties->'weight' FROM relationships"), "2.0");
    let join = "SELECT n.name FROM relationships r JOIN nodes n ON n.id = r.target";
    assert_eq!(one::<String>(&sql, join), "Back");
}

#[tokio::test]
async fn the_views_have_the_promised_columns() {
    let (_directory, path) = place();
    drop(open(&path));
    let sql = Connection::open(&path).unwrap();
    let columns = |view| {
        let statement = sql.prepare(&format!("SELECT * FROM {view}")).unwrap();
        statement.column_names().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        columns("nodes"),
        "id type name labels location resource_group subscription_id tenant_id kind sku \
         provisioning_state tags properties additional synthetic scale_operation_id \
         template_source_id columns"
    );
    assert_eq!(columns("relationships"), "source type target properties");
}

#[tokio::test]
async fn counting_nodes_reads_an_index_and_not_the_bodies() {
    let (_directory, path) = place();
    let graph = open(&path);
    let of_type = |number: usize| {
        let resource_type = format!("a.b/t{}", number % 50).into();
        Node { resource_type, ..node(&format!("N{number}")) }
    };
    let rows: Vec<Node> = (0..500).map(of_type).collect();
    graph.upsert_nodes(&rows).await.unwrap();
    graph.flush().await.unwrap();
    let sql = Connection::open(&path).unwrap();
    let plan = |query: &str| -> String {
        sql.query_row(&format!("EXPLAIN QUERY PLAN {query}"), [], |row| row.get(3)).unwrap()
    };
    let counting = plan("SELECT count(*) FROM nodes");
    assert!(counting.contains("USING COVERING INDEX"), "{counting}");
    let by_type = plan("SELECT * FROM nodes WHERE type = 'a.b/t7'");
    assert!(by_type.contains("USING INDEX node_type"), "{by_type}");
}

#[tokio::test]
async fn every_column_comes_back_as_it_was() {
    let (_directory, path) = place();
    let graph = open(&path);
    let rows = [full_node(), node("Back"), Node { name: "".into(), ..node("nul\u{e9}") }];
    graph.upsert_nodes(&rows).await.unwrap();
    for row in &rows {
        let back = graph.node(&row.id).await.unwrap().unwrap();
        assert_eq!(back, *row);
        assert_eq!(back.content_hash(), row.content_hash());
    }
}

#[tokio::test]
async fn an_id_that_could_not_be_read_back_is_a_bad_row() {
    let (_directory, path) = place();
    let graph = open(&path);
    let named = |kind, name| Node::new(ResourceId::named(kind, name), labels(["Resource"]));
    let odd = named("host", "/a:b/");
    let rows = [named("", "x"), named("/x", "y"), odd.clone(), node("colon:in:name")];
    let outcome = graph.upsert_nodes(&rows).await.unwrap();
    assert_eq!(outcome.rejected.iter().map(|row| row.index).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(outcome.created, 2);
    assert_eq!(graph.node(&odd.id).await.unwrap(), Some(odd));
    assert_eq!(graph.node(&id("COLON:in:name")).await.unwrap(), Some(node("colon:in:name")));
}
