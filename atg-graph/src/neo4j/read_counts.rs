//! Counting what a graph holds.

use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{GraphCounts, Result};
use neo4rs::Row;
use serde::Deserialize;

use super::errors::Try;
use super::pages::{self, foreign};
use super::pool::Access;
use super::read_relationships::relationship_types;
use super::transaction::Transaction;
use super::work::Work;
use super::{Inner, read_statements};

/// Counts exactly what reading gives: a pass over the nodes' index and over that of each
/// relationship type.
pub(super) async fn counts(inner: &Arc<Inner>) -> Result<GraphCounts> {
    pages::read(&inner.pool, Counts).await
}

struct Counts;

#[async_trait]
impl Work for Counts {
    type Outcome = GraphCounts;

    fn operation(&self) -> &'static str {
        "count"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<GraphCounts> {
        let mut counts = GraphCounts::default();
        for row in &transaction.fetch(read_statements::COUNT_NODES, Vec::new()).await? {
            count_type(row, &mut counts)?;
        }
        for relation in relationship_types(transaction).await? {
            let statement = read_statements::count_relationships(&relation);
            let rows = transaction.fetch(&statement, Vec::new()).await?;
            let count = rows.first().and_then(|row| row.get("relationships").ok()).unwrap_or(0);
            if count > 0 {
                counts.relationships += count;
                counts.relationships_by_type.insert(relation.into(), count);
            }
        }
        Ok(counts)
    }
}

/// The nodes of one type.
#[derive(Deserialize)]
struct OfType<'a> {
    #[serde(rename = "type")]
    resource_type: &'a str,
    nodes: u64,
    synthetic: u64,
    unresolved: u64,
}

fn count_type(row: &Row, counts: &mut GraphCounts) -> Try<()> {
    let one: OfType<'_> =
        row.to_strict().map_err(|error| foreign("a node's property type", error))?;
    counts.nodes += one.nodes;
    counts.synthetic_nodes += one.synthetic;
    counts.unresolved_nodes += one.unresolved;
    counts.nodes_by_type.insert(one.resource_type.to_owned(), one.nodes);
    Ok(())
}
