//! Writing relationship sets: created outright where they are likely new, else compared first.

use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{Error, ErrorKind, RejectedRow, RelationshipOutcome, RelationshipSet, Result, Text};

use super::Inner;
use super::errors::{Class, Failure, Try};
use super::ledger::{self, Owner, View};
use super::parts::{self, Part};
use super::relationship_changes as changes;
use super::relationship_creation;
use super::relationship_view;
use super::sets::SetPart;
use super::transaction::Transaction;
use super::work::{self, Work};

/// Writes a batch.
pub(super) async fn upsert(
    inner: &Arc<Inner>,
    sets: &[RelationshipSet],
) -> Result<RelationshipOutcome> {
    let mut outcome = RelationshipOutcome::default();
    let sets: Vec<SetPart<'_>> = sets
        .iter()
        .enumerate()
        .map(|(place, set)| SetPart::new(place, set, &mut outcome))
        .collect();
    if !sets.is_empty() {
        let types = relation_types(&sets);
        inner.schema.ensure_types(&inner.pool, &types).await.map_err(|failure| failure.error)?;
        let part = SetsPart { inner: inner.clone(), sets };
        outcome.divided = parts::write(&inner.limits, part, &mut outcome).await?;
    }
    outcome.rejected.sort_by_key(|row| (row.index, row.inner));
    outcome.missing.sort_by_key(|one| (one.set, one.relationship, one.endpoint));
    Ok(outcome)
}

fn relation_types(sets: &[SetPart<'_>]) -> Vec<Text> {
    let rows = sets.iter().flat_map(|set| &set.rows);
    let mut types: Vec<Text> = Vec::new();
    for row in rows {
        // Most rows are of the type of the one before.
        if !types.iter().rev().any(|known| *known == row.identity.relation) {
            types.push(row.identity.relation.clone());
        }
    }
    types
}

/// Sets for one transaction.
struct SetsPart<'a> {
    inner: Arc<Inner>,
    sets: Vec<SetPart<'a>>,
}

#[async_trait]
impl Part for SetsPart<'_> {
    type Outcome = RelationshipOutcome;

    fn rows(&self) -> usize {
        self.sets.iter().map(SetPart::weight).sum()
    }

    fn bytes(&self) -> usize {
        self.sets.iter().map(SetPart::bytes).sum()
    }

    fn halves(mut self) -> (Self, Self) {
        let inner = self.inner.clone();
        let second = match self.sets.pop() {
            Some(only) if self.sets.is_empty() => {
                let (first, rest) = only.split();
                self.sets.push(first);
                vec![rest]
            }
            last => {
                self.sets.extend(last);
                self.sets.split_off(self.sets.len() / 2)
            }
        };
        (self, Self { inner, sets: second })
    }

    async fn write(self) -> (Self, Try<RelationshipOutcome>) {
        let (inner, sets) = (self.inner, self.sets);
        let fresh = inner.fresh_relationships.is_likely();
        let mut write =
            SetWrite { inner: inner.clone(), sets, fresh, uncertain: None, deadlocks: 0 };
        let mut removed = 0;
        let result = loop {
            match work::perform(&inner.pool, &mut write).await {
                Ok(done) if done.more => removed += done.outcome.removed,
                result => break result,
            }
            write.uncertain = None;
        };
        let result = result.map(|mut done| {
            done.outcome.removed += removed;
            done.outcome.retries = write.deadlocks;
            let RelationshipOutcome { updated, unchanged, removed, ref missing, .. } = done.outcome;
            let new = updated + unchanged + removed == 0 && missing.is_empty();
            inner.fresh_relationships.written(new);
            for set in done.incomplete.iter().filter_map(|place| write.sets.get(*place)) {
                set.mark_incomplete();
            }
            done.outcome
        });
        (Self { inner, sets: write.sets }, result)
    }

    fn done(outcome: RelationshipOutcome, total: &mut RelationshipOutcome) {
        total.created += outcome.created;
        total.updated += outcome.updated;
        total.unchanged += outcome.unchanged;
        total.removed += outcome.removed;
        total.retries = total.retries.saturating_add(outcome.retries);
        total.missing.extend(outcome.missing);
    }

    fn can_do_without(&self) -> bool {
        matches!(self.sets.as_slice(), [set] if set.rows.len() == 1)
    }

    fn refused(mut self, why: &Error, total: &mut RelationshipOutcome) -> Option<Self> {
        for set in &mut self.sets {
            for row in set.take_rows() {
                let why = why.report();
                total.rejected.push(RejectedRow { index: set.place, inner: row.inner, why });
            }
        }
        self.sets.retain(|set| set.ending.is_some());
        Some(self).filter(|part| !part.sets.is_empty())
    }
}

/// The guess that nothing is stored was wrong.
fn not_new() -> Failure {
    let message = "a node of the batch has a set already";
    Failure::new(Class::Exists, Error::new(ErrorKind::Conflict, "write relationships", message))
}

/// What a transaction did.
#[derive(Clone)]
struct Done {
    outcome: RelationshipOutcome,
    /// The places of parts of which a row is missing.
    incomplete: Vec<usize>,
    /// Whether withdrawals are left for another transaction.
    more: bool,
}

/// The writing of a part, from try to try.
struct SetWrite<'a> {
    inner: Arc<Inner>,
    sets: Vec<SetPart<'a>>,
    fresh: bool,
    /// What a transaction did whose commit was never answered.
    uncertain: Option<Done>,
    deadlocks: u32,
}

#[async_trait]
impl Work for SetWrite<'_> {
    type Outcome = Done;

    fn operation(&self) -> &'static str {
        "write relationships"
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Done> {
        if self.fresh {
            return self.write_new(transaction).await;
        }
        let done = self.compare_and_write(transaction).await?;
        let RelationshipOutcome { created, updated, removed, .. } = done.outcome;
        if created + updated + removed == 0 {
            // All is as it should be: so the commit that was not answered was done.
            return Ok(self.uncertain.clone().unwrap_or(done));
        }
        Ok(done)
    }

    fn conflict(&mut self) {
        if std::mem::take(&mut self.fresh) {
            self.inner.fresh_relationships.refuted();
        }
    }

    fn deadlocked(&mut self) {
        self.deadlocks += 1;
        self.inner.turns.deadlocked();
    }

    fn can_shrink(&self) -> bool {
        self.sets.iter().map(SetPart::weight).sum::<usize>() > 1
    }

    fn uncertain(&mut self, outcome: Done) {
        self.fresh = false;
        self.uncertain = Some(outcome);
    }
}

impl SetWrite<'_> {
    /// Writes the sets as if nothing of them were stored, and fails with a conflict where
    /// something is, or where what their owners keep matters.
    async fn write_new(&self, transaction: &mut Transaction) -> Try<Done> {
        let numbers = &self.inner.numbers;
        let owners = self.sets.iter().map(|set| (set.owner.key().clone(), Owner::default()));
        let mut view = View { owners: owners.collect(), ..View::default() };
        let plan = ledger::plan(&self.sets, &view);
        view.missing = relationship_creation::create(transaction, numbers, &plan.changes).await?;
        let plan = if view.missing.is_empty() { plan } else { ledger::plan(&self.sets, &view) };
        transaction.hold(self.inner.turns.take().await);
        if !changes::keep_new(transaction, numbers, &self.sets, &view, &plan).await? {
            return Err(not_new());
        }
        changes::note_claimed(transaction, &plan).await?;
        Ok(Done { outcome: plan.outcome, incomplete: plan.incomplete, more: false })
    }

    /// Writes what differs from what is stored, or as much of what goes as one transaction may
    /// hold.
    async fn compare_and_write(&self, transaction: &mut Transaction) -> Try<Done> {
        let view = relationship_view::load(transaction, &self.inner.turns, &self.sets).await?;
        let mut plan = ledger::plan(&self.sets, &view);
        let more = plan.begin_withdrawals(self.inner.limits.rows());
        changes::write(transaction, &self.inner.numbers, &plan).await?;
        changes::keep(transaction, &plan).await?;
        changes::note_claimed(transaction, &plan).await?;
        Ok(Done { outcome: plan.outcome, incomplete: plan.incomplete, more })
    }
}
