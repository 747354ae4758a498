//! Deleting nodes with their relationships, in transactions of bounded size.
//!
//! A transaction locks what it deletes before it looks who claims it, and deletes a node only
//! once nothing hangs on it any more, which the server checks. So no other writer's relationship
//! goes unnoticed, and none keeps the hash of a set that is no longer stored as a whole.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{DeleteOutcome, ResourceId, Result, Text};
use neo4rs::BoltType;
use serde::Deserialize;

use super::Inner;
use super::errors::{Class, Try};
use super::pages;
use super::pool::Access;
use super::transaction::Transaction;
use super::values;
use super::work::{self, Work};

/// Keys whose nodes are looked up at once.
const LOOKED_UP_AT_ONCE: usize = 10_000;

/// Which nodes are there, and with how many relationships; rows are key, place.
pub(super) const DEGREES: &str = "UNWIND $rows AS r MATCH (n:Resource {id: r[0]}) \
    USING INDEX SEEK n:Resource(id) \
    RETURN r[1] AS place, COUNT { (n)--() } AS degree";

/// Locks relationships of nodes, `$limit` at most, until the transaction ends; rows are key.
///
/// Setting a property to itself would lock, too, but write back what was read before the lock.
pub(super) const LOCK_RELATIONSHIPS: &str = "UNWIND $rows AS r \
    MATCH (n:Resource {id: r[0]})-[e]-() USING INDEX SEEK n:Resource(id) \
    WITH DISTINCT e LIMIT $limit SET e += {} RETURN elementId(e) AS id";

/// Locks the nodes that claim relationships, so that nobody else sets their hashes; rows are
/// element ids.
pub(super) const LOCK_OWNERS: &str = "MATCH (a)-[e]->(b) WHERE elementId(e) IN $rows \
    UNWIND CASE e.named_by WHEN 1 THEN [a] WHEN 2 THEN [b] WHEN 3 THEN [a, b] ELSE [] END AS owner \
    WITH DISTINCT owner ORDER BY owner.id SET owner += {}";

/// Deletes relationships, and the hashes of the sets they were a part of; rows are element ids.
pub(super) const DELETE_RELATIONSHIPS: &str = "MATCH (a)-[e]->(b) WHERE elementId(e) IN $rows \
    FOREACH (owner IN [one IN CASE e.named_by \
    WHEN 1 THEN [a] WHEN 2 THEN [b] WHEN 3 THEN [a, b] ELSE [] END \
    WHERE one.relationships_hash <> 0] | SET owner.relationships_hash = 0) \
    DELETE e";

/// Deletes nodes that no relationship hangs on; rows are key.
pub(super) const DELETE_NODES: &str = "UNWIND $rows AS r MATCH (n:Resource {id: r[0]}) \
    USING INDEX SEEK n:Resource(id) DELETE n";

const OPERATION: &str = "delete nodes";

/// Deletes nodes; what is not there is passed over.
///
/// A failure leaves deleted what was done before it, by whole nodes; only a node with more
/// relationships than a transaction may have rows loses them before it goes, a transaction at a
/// time.
pub(super) async fn delete(inner: &Arc<Inner>, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
    let mut keys: Vec<Text> = nodes.iter().map(|id| id.key().clone()).collect();
    // One order of locks for all writers, and each node once.
    keys.sort_unstable();
    keys.dedup();
    let mut total = DeleteOutcome::default();
    for keys in keys.chunks(LOOKED_UP_AT_ONCE) {
        let nodes = pages::read(&inner.pool, LookUp(keys)).await?;
        delete_found(inner, nodes, &mut total).await?;
    }
    Ok(total)
}

/// Deletes nodes, as many in a transaction as fit it.
async fn delete_found(
    inner: &Arc<Inner>,
    nodes: Vec<Found>,
    total: &mut DeleteOutcome,
) -> Result<()> {
    let mut limit = inner.limits.rows();
    let mut parts = vec![nodes];
    while let Some(mut nodes) = parts.pop() {
        let rows: usize = nodes.iter().map(|node| 1 + node.relationships).sum();
        if nodes.len() > 1 && rows > limit {
            let second = nodes.split_off(nodes.len() / 2);
            parts.extend([second, nodes]);
            continue;
        }
        let mut deletion = Deletion::new(nodes, limit);
        match work::perform(&inner.pool, &mut deletion).await {
            Ok(done) => {
                add(total, deletion.committed);
                add(total, done.outcome);
                if !done.whole {
                    parts.push(deletion.nodes);
                }
            }
            Err(failure) if failure.class == Class::TooLarge && limit > 1 => {
                limit /= 2;
                parts.push(deletion.nodes);
            }
            Err(failure) => return Err(failure.error),
        }
    }
    Ok(())
}

fn add(total: &mut DeleteOutcome, outcome: DeleteOutcome) {
    total.nodes += outcome.nodes;
    total.relationships += outcome.relationships;
}

/// A node that is there.
struct Found {
    key: Text,
    relationships: usize,
}

/// Looks which of the nodes are there.
struct LookUp<'a>(&'a [Text]);

#[derive(Deserialize)]
struct Degree {
    place: usize,
    degree: usize,
}

#[async_trait]
impl Work for LookUp<'_> {
    type Outcome = Vec<Found>;

    fn operation(&self) -> &'static str {
        OPERATION
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Vec<Found>> {
        let row = |(place, key): (usize, &Text)| {
            values::row(vec![values::text(key), values::place(place)])
        };
        let rows = self.0.iter().enumerate().map(row).collect();
        let mut degrees: Vec<Degree> = transaction.read(DEGREES, rows).await?;
        degrees.sort_unstable_by_key(|one| one.place);
        let found = |one: Degree| {
            Some(Found { key: self.0.get(one.place)?.clone(), relationships: one.degree })
        };
        Ok(degrees.into_iter().filter_map(found).collect())
    }
}

/// The deletion of some nodes, from try to try.
struct Deletion {
    nodes: Vec<Found>,
    /// Relationships a transaction.
    limit: usize,
    /// The relationships of the last try, by the server's ids.
    relationships: Vec<String>,
    /// What a transaction did whose commit was never answered, and to which relationships.
    uncertain: Option<(DeleteOutcome, HashSet<String>)>,
    /// What such transactions turned out to have done.
    committed: DeleteOutcome,
}

/// What a transaction deleted.
struct Deleted {
    outcome: DeleteOutcome,
    /// Whether the nodes are gone, or have relationships left.
    whole: bool,
}

impl Deletion {
    fn new(nodes: Vec<Found>, limit: usize) -> Self {
        let (relationships, committed) = (Vec::new(), DeleteOutcome::default());
        Self { nodes, limit, relationships, uncertain: None, committed }
    }

    fn keys(&self) -> Vec<BoltType> {
        self.nodes.iter().map(|node| values::row(vec![values::text(&node.key)])).collect()
    }

    /// Locks the relationships to be deleted; then nobody else changes who claims them.
    async fn lock(&mut self, transaction: &mut Transaction) -> Try<()> {
        let parameters =
            vec![("rows", values::row(self.keys())), ("limit", values::place(self.limit))];
        let rows = transaction.fetch(LOCK_RELATIONSHIPS, parameters).await?;
        self.relationships = rows.iter().filter_map(|row| row.get("id").ok()).collect();
        Ok(())
    }

    async fn delete(&mut self, transaction: &mut Transaction) -> Try<Deleted> {
        self.lock(transaction).await?;
        let mut outcome = DeleteOutcome::default();
        if !self.relationships.is_empty() {
            let rows: Vec<BoltType> =
                self.relationships.iter().map(|id| values::text(id)).collect();
            transaction.run(LOCK_OWNERS, rows.clone()).await?;
            let counters = transaction.run(DELETE_RELATIONSHIPS, rows).await?;
            outcome.relationships = counters.relationships_deleted;
        }
        let whole = self.relationships.len() < self.limit;
        if whole {
            outcome.nodes = transaction.run(DELETE_NODES, self.keys()).await?.nodes_deleted;
        }
        Ok(Deleted { outcome, whole })
    }

    /// Finds out whether the commit that was not answered was done: then what it deleted is not
    /// here to be deleted again.
    fn settle(&mut self, again: DeleteOutcome) {
        let Some((outcome, relationships)) = self.uncertain.take() else { return };
        let was_undone = if relationships.is_empty() {
            again.nodes > 0
        } else {
            self.relationships.iter().any(|id| relationships.contains(id))
        };
        if !was_undone {
            add(&mut self.committed, outcome);
        }
    }
}

#[async_trait]
impl Work for Deletion {
    type Outcome = Deleted;

    fn operation(&self) -> &'static str {
        OPERATION
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Deleted> {
        let deleted = self.delete(transaction).await?;
        self.settle(deleted.outcome);
        Ok(deleted)
    }

    fn can_shrink(&self) -> bool {
        self.limit > 1
    }

    fn uncertain(&mut self, deleted: Deleted) {
        let relationships = std::mem::take(&mut self.relationships).into_iter().collect();
        self.uncertain = Some((deleted.outcome, relationships));
    }
}

#[cfg(test)]
mod tests {
    use atg_core::DeleteOutcome;

    use super::{Deleted, Deletion};
    use crate::neo4j::work::Work as _;

    const LOST: DeleteOutcome = DeleteOutcome { nodes: 1, relationships: 2 };

    /// What a lost commit counts for, after a second try that found these relationships.
    fn counted(before: &[&str], found: &[&str], again: DeleteOutcome) -> DeleteOutcome {
        let owned = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect();
        let mut deletion = Deletion::new(Vec::new(), 10);
        deletion.relationships = owned(before);
        deletion.uncertain(Deleted { outcome: LOST, whole: true });
        deletion.relationships = owned(found);
        deletion.settle(again);
        // Once settled, nothing is counted again.
        deletion.settle(again);
        deletion.committed
    }

    #[test]
    fn a_commit_without_answer_counts_where_it_was_done() {
        let nothing = DeleteOutcome::default();
        assert_eq!(counted(&["a", "b"], &[], nothing), LOST);
        assert_eq!(counted(&["a", "b"], &["c"], LOST), LOST, "a part of a hub's");
        assert_eq!(counted(&["a", "b"], &["b"], LOST), nothing);
        assert_eq!(counted(&[], &[], nothing), LOST, "nodes without relationships");
        assert_eq!(counted(&[], &[], LOST), nothing);
    }
}
