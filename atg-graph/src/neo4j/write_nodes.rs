//! Writing nodes: created outright where they are likely new, else compared first.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{Error, Node, NodeOutcome, RejectedRow, Result, Text};
use neo4rs::BoltType;
use serde::Deserialize;

use super::Inner;
use super::errors::Try;
use super::node_numbers::NodeNumber;
use super::node_rows::{self, NodeRow};
use super::node_updates;
use super::parts::{self, Part};
use super::statements;
use super::transaction::Transaction;
use super::values;
use super::work::{self, Work};

/// Writes a batch.
pub(super) async fn upsert(inner: &Arc<Inner>, nodes: &[Node]) -> Result<NodeOutcome> {
    let mut outcome = NodeOutcome::default();
    let rows = accepted(nodes, &mut outcome);
    if !rows.is_empty() {
        let part = NodePart { inner: inner.clone(), rows };
        outcome.divided = parts::write(&inner.limits, part, &mut outcome).await?;
    }
    outcome.rejected.sort_by_key(|row| row.index);
    Ok(outcome)
}

/// Every row that the server can hold and that no later one replaces; the others are counted.
fn accepted<'a>(nodes: &'a [Node], outcome: &mut NodeOutcome) -> Vec<NodeRow<'a>> {
    let mut last: HashMap<&Text, usize, foldhash::fast::RandomState> = HashMap::default();
    let mut rows: Vec<NodeRow<'_>> = Vec::with_capacity(nodes.len());
    for (place, node) in nodes.iter().enumerate() {
        if let Some(why) = node_rows::problem(node) {
            outcome.rejected.push(RejectedRow { index: place, inner: 0, why });
            continue;
        }
        let row = NodeRow { place, hash: node.content_hash(), node };
        if let Some(earlier) = last.get(node.id.key()).and_then(|index| rows.get_mut(*index)) {
            outcome.unchanged += 1;
            *earlier = row;
        } else {
            last.insert(node.id.key(), rows.len());
            rows.push(row);
        }
    }
    rows
}

/// Nodes for one transaction.
struct NodePart<'a> {
    inner: Arc<Inner>,
    rows: Vec<NodeRow<'a>>,
}

#[async_trait]
impl Part for NodePart<'_> {
    type Outcome = NodeOutcome;

    fn rows(&self) -> usize {
        self.rows.len()
    }

    fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row.node.size()).sum()
    }

    fn halves(mut self) -> (Self, Self) {
        let second = self.rows.split_off(self.rows.len() / 2);
        let inner = self.inner.clone();
        (self, Self { inner, rows: second })
    }

    async fn write(self) -> (Self, Try<NodeOutcome>) {
        let (inner, rows) = (self.inner, self.rows);
        let fresh = inner.fresh_nodes.is_likely();
        let mut write = NodeWrite {
            inner: inner.clone(),
            rows,
            fresh,
            uncertain: None,
            deadlocks: 0,
            numbered: Vec::new(),
        };
        let mut result = work::perform(&inner.pool, &mut write).await;
        if let Ok(outcome) = &mut result {
            outcome.retries = write.deadlocks;
            write.remember_numbers();
            inner.fresh_nodes.written(outcome.created == write.rows.len() as u64);
        }
        (Self { inner, rows: write.rows }, result)
    }

    fn done(outcome: NodeOutcome, total: &mut NodeOutcome) {
        total.created += outcome.created;
        total.updated += outcome.updated;
        total.unchanged += outcome.unchanged;
        total.retries = total.retries.saturating_add(outcome.retries);
    }

    fn can_do_without(&self) -> bool {
        self.rows.len() == 1
    }

    fn refused(self, why: &Error, total: &mut NodeOutcome) -> Option<Self> {
        let rejected =
            |row: &NodeRow<'_>| RejectedRow { index: row.place, inner: 0, why: why.report() };
        total.rejected.extend(self.rows.iter().map(rejected));
        None
    }
}

/// The writing of a part, from try to try.
struct NodeWrite<'a> {
    inner: Arc<Inner>,
    rows: Vec<NodeRow<'a>>,
    fresh: bool,
    /// What a transaction did whose commit was never answered.
    uncertain: Option<NodeOutcome>,
    deadlocks: u32,
    /// The nodes that the last try created: their places, and the server's numbers.
    numbered: Vec<(usize, i64)>,
}

#[async_trait]
impl Work for NodeWrite<'_> {
    type Outcome = NodeOutcome;

    fn operation(&self) -> &'static str {
        "write nodes"
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<NodeOutcome> {
        self.numbered.clear();
        if self.fresh {
            let created = self.create(transaction, 0..self.rows.len()).await?;
            return Ok(NodeOutcome { created, ..NodeOutcome::default() });
        }
        let outcome = self.compare_and_write(transaction).await?;
        if outcome.created + outcome.updated == 0 {
            // All is there: so the commit that was not answered was done.
            return Ok(self.uncertain.clone().unwrap_or(outcome));
        }
        Ok(outcome)
    }

    fn conflict(&mut self) {
        if std::mem::take(&mut self.fresh) {
            self.inner.fresh_nodes.refuted();
        }
    }

    fn deadlocked(&mut self) {
        self.deadlocks += 1;
    }

    fn can_shrink(&self) -> bool {
        self.rows.len() > 1
    }

    fn uncertain(&mut self, outcome: NodeOutcome) {
        self.fresh = false;
        self.uncertain = Some(outcome);
    }
}

/// The numbers of the nodes that a statement created, in the order of its rows. Other servers
/// than Neo4j have something else.
#[derive(Deserialize)]
struct Created {
    numbers: Vec<BoltType>,
}

#[derive(Deserialize)]
struct Differing {
    place: usize,
    absent: bool,
}

impl NodeWrite<'_> {
    /// Creates nodes, says how many, and notes their numbers.
    async fn create(
        &mut self,
        transaction: &mut Transaction,
        places: impl Iterator<Item = usize>,
    ) -> Try<u64> {
        let mut created = 0;
        for group in node_rows::groups(&self.rows, places) {
            let labels = node_rows::label_text(&group.labels);
            let resource = node_rows::is_resource(&group.labels);
            let statement = statements::create_nodes(&labels, &group.properties(), resource);
            let rows = group.encode(&self.rows);
            let made: Vec<Created> = transaction.read(&statement, rows).await?;
            let numbers = made.into_iter().flat_map(|made| made.numbers);
            for (place, number) in group.rows.into_iter().zip(numbers) {
                created += 1;
                if let BoltType::Integer(number) = number {
                    self.numbered.push((place, number.value));
                }
            }
        }
        Ok(created)
    }

    /// Tells the handle the numbers of the nodes created, once they are committed.
    fn remember_numbers(&self) {
        let node = |(place, number): &(usize, i64)| {
            let row = self.rows.get(*place)?;
            Some((row.node.id.key(), NodeNumber { number: *number, content: row.hash }))
        };
        self.inner.numbers.remember(self.numbered.iter().filter_map(node));
    }

    /// Writes what differs from what is stored.
    async fn compare_and_write(&mut self, transaction: &mut Transaction) -> Try<NodeOutcome> {
        let keys = self.rows.iter().enumerate().map(|(place, row)| {
            let key = values::text(row.node.id.key());
            values::row(vec![key, values::hash(row.hash), values::place(place)])
        });
        let differing: Vec<Differing> =
            transaction.read(statements::DIFFERING_NODES, keys.collect()).await?;
        let places =
            |absent| differing.iter().filter(move |one| one.absent == absent).map(|one| one.place);
        let mut changed: Vec<usize> = places(false).collect();
        // One order of locks for all writers.
        changed.sort_by_key(|place| self.rows.get(*place).map(|row| row.node.id.key()));
        node_updates::update(transaction, &self.rows, &changed).await?;
        let keys = changed.iter().filter_map(|place| Some(self.rows.get(*place)?.node.id.key()));
        self.inner.numbers.forget(keys);
        let created = self.create(transaction, places(true)).await?;
        Ok(NodeOutcome {
            created,
            updated: changed.len() as u64,
            unchanged: (self.rows.len() - differing.len()) as u64,
            ..NodeOutcome::default()
        })
    }
}
