//! Broken sinks are caught by the check that names what is wrong with them.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use async_trait::async_trait;
use atg_core::memory::MemoryGraph;
use atg_core::{
    DeleteOutcome, Error, ErrorKind, GraphCounts, GraphReader, GraphSink, Known, NamedBy, Node,
    NodeFilter, NodeOutcome, Relationship, RelationshipFilter, RelationshipOutcome,
    RelationshipSet, ResourceId, Result, SetMode, Text, Value, conformance,
};
use futures::TryStreamExt as _;
use futures::stream::BoxStream;

/// What is wrong with a sink.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    DropsANode,
    DropsARelationship,
    CountsTheBatch,
    CreatesAgain,
    FirstOfEqualKeysWins,
    BadRowKillsTheBatch,
    SwallowsBadRows,
    KeepsEmptiedColumns,
    ForgetsSpelling,
    RoundsIntegers,
    CutsLongTexts,
    KeepsOneLabel,
    PrepareEmpties,
    LosesClaims,
    IgnoresReplace,
    WithdrawsForBothEnds,
    SwallowsMissing,
    RefusesSetsWithMissing,
    KeepsHashTooEarly,
    IgnoresHashes,
    UpdateForgetsTheSet,
    CountsDeletedIds,
    KeepsHashesOnDelete,
    CountsByLookingFirst,
    WritesByHalves,
}

/// A sink over a good one.
struct Broken {
    inner: MemoryGraph,
    fault: Fault,
}

impl Broken {
    fn has(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    async fn known(&self) -> Vec<Known> {
        self.inner.known().try_collect().await.unwrap()
    }

    /// The node as this sink understands it.
    async fn altered(&self, node: &Node) -> Node {
        let mut node = node.clone();
        match self.fault {
            Fault::ForgetsSpelling => {
                node.id = ResourceId::from_stored(node.id.key().clone()).unwrap();
            }
            Fault::KeepsOneLabel => node.labels = node.labels[..1].into(),
            Fault::CutsLongTexts if node.properties.len() > 65_535 => {
                node.properties = node.properties.chars().take(60_000).collect::<String>().into();
            }
            Fault::RoundsIntegers => {
                for (_, value) in &mut node.columns {
                    if let Value::Integer(number) = value {
                        *number = rounded(*number);
                    }
                }
            }
            Fault::KeepsEmptiedColumns => {
                let before = self.inner.node(&node.id).await.unwrap();
                if let Some(before) = before.filter(|_| node.kind.is_empty()) {
                    node.kind = before.kind;
                }
            }
            Fault::UpdateForgetsTheSet => {
                let before = self.inner.node(&node.id).await.unwrap();
                if before.is_some_and(|before| before.content_hash() != node.content_hash()) {
                    self.inner.delete(&[node.id.clone()]).await.unwrap();
                }
            }
            _ => {}
        }
        node
    }

    /// Takes the other end's claim as well from what an owner names no more.
    async fn withdraw_for_others(&self, set: &RelationshipSet) {
        let identity =
            |one: &Relationship| (one.source.clone(), one.relation.clone(), one.target.clone());
        let named: BTreeSet<_> = set.relationships.iter().map(identity).collect();
        let all = self.inner.relationships_snapshot();
        for gone in &all {
            let ends = [&gone.source, &gone.target];
            if !ends.contains(&&set.owner) || named.contains(&identity(gone)) {
                continue;
            }
            let other = if gone.source == set.owner { &gone.target } else { &gone.source };
            let rest = all.iter().filter(|one| one != &gone).filter(|one| {
                (one.source == *other && one.named_by != NamedBy::Target)
                    || (one.target == *other && one.named_by != NamedBy::Source)
            });
            let rest = RelationshipSet::complete(other.clone(), rest.cloned().collect());
            self.inner.upsert_relationships(&[rest]).await.unwrap();
        }
    }
}

/// An integer as a store of floats gives it back.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)]
fn rounded(number: i64) -> i64 {
    number as f64 as i64
}

#[async_trait]
impl GraphSink for Broken {
    async fn prepare(&self) -> Result<()> {
        if self.has(Fault::PrepareEmpties) {
            let nodes = self.inner.nodes_snapshot().into_iter().map(|node| node.id);
            self.inner.delete(&nodes.collect::<Vec<_>>()).await?;
        }
        Ok(())
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        let mut rows = Vec::new();
        for node in nodes {
            rows.push(self.altered(node).await);
        }
        let mut absent = 0;
        match self.fault {
            Fault::DropsANode if rows.len() > 1 => drop(rows.pop()),
            Fault::FirstOfEqualKeysWins => rows.reverse(),
            Fault::BadRowKillsTheBatch if rows.iter().any(|row| row.problem().is_some()) => {
                return Err(Error::new(ErrorKind::InvalidInput, "write nodes", "a bad row"));
            }
            Fault::CountsByLookingFirst => {
                for row in &rows {
                    absent += u64::from(self.inner.node(&row.id).await?.is_none());
                }
                tokio::task::yield_now().await;
            }
            Fault::WritesByHalves => {
                let half = rows.len() / 2;
                self.inner.upsert_nodes(&rows[..half]).await?;
                tokio::task::yield_now().await;
            }
            _ => {}
        }
        let mut outcome = self.inner.upsert_nodes(&rows).await?;
        match self.fault {
            Fault::DropsANode if nodes.len() > 1 => outcome.created += 1,
            Fault::CountsTheBatch => {
                outcome = NodeOutcome { created: nodes.len() as u64, ..NodeOutcome::default() };
            }
            Fault::CreatesAgain => outcome.created += std::mem::take(&mut outcome.unchanged),
            Fault::SwallowsBadRows => outcome.rejected.clear(),
            Fault::CountsByLookingFirst => outcome.created = absent,
            _ => {}
        }
        Ok(outcome)
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        let mut sets = sets.to_vec();
        let mut dropped = 0;
        for set in &mut sets {
            match self.fault {
                Fault::DropsARelationship if set.relationships.len() > 1 => {
                    set.relationships.pop();
                    dropped += 1;
                }
                Fault::LosesClaims => {
                    set.relationships.iter_mut().for_each(|one| one.named_by = NamedBy::Source);
                }
                Fault::IgnoresReplace => set.mode = SetMode::Add,
                Fault::IgnoresHashes => set.hash = 0,
                Fault::WithdrawsForBothEnds if set.mode == SetMode::Replace => {
                    self.withdraw_for_others(set).await;
                }
                _ => {}
            }
        }
        let mut outcome = self.inner.upsert_relationships(&sets).await?;
        outcome.created += dropped;
        match self.fault {
            Fault::SwallowsMissing => outcome.missing.clear(),
            Fault::SwallowsBadRows => outcome.rejected.clear(),
            Fault::RefusesSetsWithMissing if !outcome.missing.is_empty() => {
                return Err(Error::new(ErrorKind::NotFound, "write relationships", "no such node"));
            }
            Fault::KeepsHashTooEarly => {
                for set in &sets {
                    let hash = set.hash;
                    let kept = RelationshipSet {
                        hash,
                        ..RelationshipSet::addition(set.owner.clone(), vec![])
                    };
                    self.inner.upsert_relationships(&[kept]).await?;
                }
            }
            _ => {}
        }
        Ok(outcome)
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        let before = self.known().await;
        let mut outcome = self.inner.delete(nodes).await?;
        if self.has(Fault::CountsDeletedIds) {
            outcome.nodes = nodes.len() as u64;
        }
        if self.has(Fault::KeepsHashesOnDelete) {
            let left: BTreeSet<Text> = self.known().await.into_iter().map(|one| one.key).collect();
            for known in before.into_iter().filter(|known| left.contains(&known.key)) {
                let owner = ResourceId::from_stored(known.key)?;
                let hash = known.relationships_hash;
                let kept = RelationshipSet { hash, ..RelationshipSet::addition(owner, vec![]) };
                self.inner.upsert_relationships(&[kept]).await?;
            }
        }
        Ok(outcome)
    }

    async fn flush(&self) -> Result<()> {
        self.inner.flush().await
    }
}

#[async_trait]
impl GraphReader for Broken {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        self.inner.nodes(filter, after)
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        self.inner.relationships(filter, after)
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        self.inner.known()
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        self.inner.node(id).await
    }

    async fn counts(&self) -> Result<GraphCounts> {
        self.inner.counts().await
    }
}

/// Fails unless the suite finds the fault by these checks.
async fn is_caught(fault: Fault, checks: &[&str]) {
    let make = || async { Broken { inner: MemoryGraph::new(), fault } };
    let failure = conformance::sink(make).await.unwrap_err();
    for check in checks {
        assert!(failure.names(check), "{fault:?} is not caught by {check}, but:\n{failure}");
    }
}

/// The check that finds what no other looks for.
const RANDOM: &str = "random_operations_match_the_model";

#[tokio::test]
async fn rows_that_are_lost_or_changed_are_noticed() {
    is_caught(Fault::DropsANode, &["every_node_of_a_batch_is_kept"]).await;
    is_caught(Fault::DropsARelationship, &["every_relationship_of_a_batch_is_kept"]).await;
    is_caught(Fault::KeepsEmptiedColumns, &["an_update_changes_exactly_that_node"]).await;
    is_caught(Fault::ForgetsSpelling, &["ids_differ_by_key_alone", RANDOM]).await;
    is_caught(Fault::RoundsIntegers, &["custom_columns_read_back_equal"]).await;
    is_caught(Fault::CutsLongTexts, &["odd_texts_read_back_equal"]).await;
    is_caught(Fault::KeepsOneLabel, &["label_sets_are_kept_and_changed"]).await;
    is_caught(Fault::PrepareEmpties, &["prepare_and_flush_keep_everything"]).await;
}

#[tokio::test]
async fn counts_that_are_not_the_stores_own_are_noticed() {
    is_caught(Fault::CountsTheBatch, &["node_counts_are_the_stores_own"]).await;
    is_caught(Fault::CreatesAgain, &["writing_nodes_again_changes_nothing"]).await;
    is_caught(Fault::FirstOfEqualKeysWins, &["the_last_of_equal_keys_wins", RANDOM]).await;
    is_caught(Fault::CountsDeletedIds, &["deleting_counts_what_was_there"]).await;
    is_caught(Fault::CountsByLookingFirst, &["tasks_write_overlapping_nodes"]).await;
}

#[tokio::test]
async fn bad_rows_that_cost_others_or_vanish_are_noticed() {
    let bad_node = "a_bad_node_is_left_out_and_named";
    is_caught(Fault::BadRowKillsTheBatch, &[bad_node]).await;
    let checks = [bad_node, "a_bad_relationship_is_left_out_and_named"];
    is_caught(Fault::SwallowsBadRows, &checks).await;
    is_caught(Fault::SwallowsMissing, &["missing_endpoints_are_reported", RANDOM]).await;
    is_caught(Fault::RefusesSetsWithMissing, &["missing_endpoints_are_reported"]).await;
    is_caught(Fault::WritesByHalves, &["a_dropped_call_is_whole_or_nothing"]).await;
}

#[tokio::test]
async fn sets_that_are_not_replaced_or_kept_are_noticed() {
    let claims = "a_relationship_stays_while_one_end_names_it";
    is_caught(Fault::LosesClaims, &[claims, RANDOM]).await;
    is_caught(Fault::IgnoresReplace, &["replacing_withdraws_exactly", RANDOM]).await;
    is_caught(Fault::WithdrawsForBothEnds, &[claims, RANDOM]).await;
    is_caught(Fault::KeepsHashTooEarly, &["an_incomplete_set_keeps_no_hash", RANDOM]).await;
    is_caught(Fault::IgnoresHashes, &["an_unchanged_set_costs_no_write", RANDOM]).await;
    is_caught(Fault::UpdateForgetsTheSet, &["updating_a_node_keeps_its_set", RANDOM]).await;
    is_caught(Fault::KeepsHashesOnDelete, &["a_lost_end_makes_a_set_incomplete", RANDOM]).await;
}
