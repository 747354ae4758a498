//! What the server's planner makes of every statement: index seeks, and no Eager where rows are
//! written.

use atg_core::{NodeFilter, RelationshipFilter, ResourceId};
use neo4rs::{Graph, query};

use super::statements::{self, Naming, NodeChange};
use super::{delete, read_statements};

/// A type whose uniqueness constraint the statements below may count on.
const RELATION: &str = "PLAN_TEST";

/// Relationships of that type.
const SOME_RELATIONSHIPS: &str = "UNWIND range(1, 100) AS i \
    CREATE (n:Resource {id: 'plan test ' + i}) \
    CREATE (n)-[:PLAN_TEST {relationship_key: 'plan test ' + i, named_by: 1}]->(n)";

/// Takes away the type with all that is of it.
async fn forget_relation(server: &Graph) {
    for statement in [
        "MATCH (n:Resource) WHERE n.id STARTS WITH 'plan test ' DETACH DELETE n",
        "DROP CONSTRAINT atg_relationship_plan_test IF EXISTS",
    ] {
        server.run(query(statement)).await.unwrap();
    }
}

/// Statements that write rows.
fn writes() -> Vec<String> {
    let change = NodeChange {
        labels: "`vm`",
        stale_labels: "`old`",
        stale_properties: &["gone".to_owned()],
        resource: true,
    };
    vec![
        statements::create_nodes("`vm`", &["id", "name", "content_hash"], true),
        statements::create_nodes("`vm`", &["id", "name", "content_hash"], false),
        statements::update_nodes(&change, &["spelled_id", "content_hash", "name"]),
        statements::LOCK_NODES.to_owned(),
        statements::LOCK_SET_HASHES.to_owned(),
        statements::KEEP_SET_HASHES.to_owned(),
        statements::keep_new_set_hashes(Naming::Key),
        statements::keep_new_set_hashes(Naming::Number),
        statements::NOTE_CLAIMED.to_owned(),
        statements::create_relationships(RELATION, &["path"], Naming::Key),
        statements::create_relationships(RELATION, &["path"], Naming::Number),
        statements::lock_relationships(RELATION),
        statements::update_relationships(RELATION, &["path"], &["gone".to_owned()]),
    ]
}

/// Statements that only read.
fn reads() -> Vec<String> {
    vec![
        statements::DIFFERING_NODES.to_owned(),
        statements::LABELS_AND_KEYS.to_owned(),
        statements::SET_HASHES.to_owned(),
        statements::OUTGOING_CLAIMS.to_owned(),
        statements::INCOMING_CLAIMS.to_owned(),
        statements::MISSING_ENDS.to_owned(),
        statements::find_relationships(RELATION),
        statements::count_claims(RELATION),
        delete::DEGREES.to_owned(),
        read_statements::relationships_of_node(&RelationshipFilter {
            source: Some(ResourceId::named("thing", "a")),
            ..RelationshipFilter::default()
        }),
    ]
}

/// Statements that read a page along an index, in its order.
fn pages() -> Vec<String> {
    vec![
        read_statements::KNOWN.to_owned(),
        read_statements::nodes(&NodeFilter::default()),
        read_statements::relationships_of_type(RELATION, &RelationshipFilter::default()),
    ]
}

/// Statements that delete, which take an Eager.
fn deletions() -> Vec<String> {
    vec![
        statements::delete_relationships(RELATION),
        delete::LOCK_RELATIONSHIPS.to_owned(),
        delete::DELETE_NODES.to_owned(),
    ]
}

/// The operators of a statement's plan.
async fn operators(server: &Graph, statement: &str) -> Vec<String> {
    let mut transaction = server.start_txn().await.unwrap();
    let explained = query(&format!("EXPLAIN {statement}"))
        .param("rows", Vec::<i64>::new())
        .param("after", "")
        .param("limit", 1);
    let mut stream = transaction.execute(explained).await.unwrap();
    assert!(stream.next(transaction.handle()).await.unwrap().is_none(), "EXPLAIN runs nothing");
    // The driver keeps the plan to itself but for Debug.
    let summary = format!("{:?}", stream.finish(transaction.handle()).await.unwrap());
    transaction.rollback().await.unwrap();
    let after = |text: &str| text.split('"').nth(1).map(|name| name.replace("@neo4j", ""));
    summary
        .match_indices("operatorType")
        .filter_map(|(at, name)| after(summary.get(at + name.len()..)?.split_once('"')?.1))
        .collect()
}

#[tokio::test]
async fn every_statement_seeks_and_no_writing_one_is_eager() {
    let Ok(uri) = std::env::var("ATG_TEST_NEO4J_URI") else {
        let required = std::env::var("ATG_REQUIRE_SERVERS").is_ok_and(|value| value == "1");
        assert!(!required, "no Neo4j: set ATG_TEST_NEO4J_URI");
        eprintln!("skipped: no Neo4j (set ATG_TEST_NEO4J_URI)");
        return;
    };
    let server = Graph::new(&uri, "", "").unwrap();
    forget_relation(&server).await;
    let graph = super::Neo4jGraph::builder(&uri).connect().await.unwrap();
    atg_core::GraphSink::prepare(&graph).await.unwrap();
    let inner = &graph.inner;
    inner.schema.ensure_types(&inner.pool, &[RELATION.into()]).await.unwrap();
    // By now the server has hardly counted what is in the new index, as amid a load.
    server.run(query(SOME_RELATIONSHIPS)).await.unwrap();
    let all: [(Vec<String>, &[&str]); 4] = [
        (writes(), &["Scan", "Eager"]),
        (pages(), &["Scan", "Sort", "Top"]),
        (reads(), &["Scan"]),
        (deletions(), &["Scan"]),
    ];
    let mut wrong = Vec::new();
    let all = all.iter().flat_map(|(some, never)| some.iter().map(move |one| (one, *never)));
    for (statement, never) in all {
        let operators = operators(&server, statement).await;
        let creates_nodes = statement.contains("CREATE (n:");
        // What creates nodes collects their numbers behind that, which holds nothing up.
        let collects = |name: &str| creates_nodes && name == "EagerAggregation";
        let has = |part: &str| operators.iter().any(|name| name.contains(part) && !collects(name));
        let seek = if statement.contains("WHERE id(") { "NodeByIdSeek" } else { "IndexSeek" };
        let seeks = has(seek) || creates_nodes;
        if !has("ProduceResults") || !seeks || never.iter().any(|name| has(name)) {
            wrong.push(format!("{statement}\n{operators:?}"));
        }
    }
    forget_relation(&server).await;
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
