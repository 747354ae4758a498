//! What the server holds, compared with what was to be loaded.

use atg_benches::neo4j_server::Server;
use atg_core::{Node, Relationship, Value};
use neo4rs::query;
use xxhash_rust::xxh3::xxh3_128;

use crate::Outcome;
use crate::data::Rows;

const RELATIONSHIPS: &str = "MATCH (a:Resource)-[r]->(b:Resource) \
                             RETURN [a.id, type(r), b.id, toString(r.weight)] AS row";

/// How many rows there are, and a sum of their hashes that does not depend on their order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Fingerprint {
    count: u64,
    sum: u128,
}

impl Fingerprint {
    fn add<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        let mut row = Vec::new();
        for value in values {
            row.extend_from_slice(value.as_bytes());
            row.push(0xff);
        }
        self.count += 1;
        self.sum = self.sum.wrapping_add(xxh3_128(&row));
    }
}

/// The properties of a node, `id` first, with their names.
pub(crate) fn columns(node: &Node) -> Vec<(&'static str, &str)> {
    let filled = node.text_columns().into_iter().filter(|(_, text)| !text.is_empty());
    let filled = filled.map(|(name, text)| (name, &**text));
    std::iter::once(("id", &**node.id.key())).chain(filled).collect()
}

/// The property of a relationship.
pub(crate) fn weight(relationship: &Relationship) -> i64 {
    match relationship.properties.first() {
        Some((_, Value::Integer(weight))) => *weight,
        _ => 0,
    }
}

/// What a load must leave.
pub(crate) struct Expected {
    statement: String,
    nodes: Fingerprint,
    relationships: Fingerprint,
}

impl Expected {
    pub(crate) fn of(rows: &Rows) -> Self {
        let mut nodes = Fingerprint::default();
        for node in &rows.nodes {
            nodes.add(columns(node).into_iter().map(|(_, value)| value));
        }
        let mut relationships = Fingerprint::default();
        for one in &rows.relationships {
            let weight = weight(one).to_string();
            let values: [&str; 4] = [one.source.key(), &one.relation, one.target.key(), &weight];
            relationships.add(values.into_iter());
        }
        let names = rows.nodes.first().map(columns).unwrap_or_default();
        let names: Vec<String> = names.iter().map(|(name, _)| format!("n.{name}")).collect();
        let statement = format!("MATCH (n:Resource) RETURN [{}] AS row", names.join(", "));
        Self { statement, nodes, relationships }
    }

    /// Fails unless all nodes are there and nothing else.
    pub(crate) async fn check_nodes(&self, server: &Server) -> Outcome {
        same("nodes", &self.nodes, &read(server, &self.statement).await?)?;
        self.check_count(server).await
    }

    /// Fails unless all relationships are there and nothing else.
    pub(crate) async fn check_relationships(&self, server: &Server) -> Outcome {
        same("relationships", &self.relationships, &read(server, RELATIONSHIPS).await?)
    }

    /// Fails unless there are as many nodes as there must be.
    pub(crate) async fn check_count(&self, server: &Server) -> Outcome {
        let count = server.count("MATCH (n) RETURN count(n) AS count").await?;
        if count == self.nodes.count {
            return Ok(());
        }
        Err(format!("{count} nodes are stored instead of {}", self.nodes.count).into())
    }
}

async fn read(server: &Server, statement: &str) -> Outcome<Fingerprint> {
    let mut stored = Fingerprint::default();
    let mut rows = server.graph.execute(query(statement)).await?;
    while let Some(row) = rows.next().await? {
        let values: Vec<String> = row.get("row")?;
        stored.add(values.iter().map(String::as_str));
    }
    Ok(stored)
}

fn same(what: &str, expected: &Fingerprint, stored: &Fingerprint) -> Outcome {
    if expected == stored {
        return Ok(());
    }
    Err(format!("the {what} stored are {stored:x?} instead of {expected:x?}").into())
}
