//! Writing what a plan says: relationships made, changed and deleted, and the hashes of sets.

use std::collections::{BTreeMap, HashSet};

use atg_core::Text;
use neo4rs::BoltType;
use serde::Deserialize;

use super::errors::{Failure, Try};
use super::ledger::{Change, Plan, Properties, Version, View};
use super::names;
use super::node_numbers::NodeNumbers;
use super::relationship_creation;
use super::sets::SetPart;
use super::statements::{self, Naming};
use super::transaction::Transaction;
use super::values;

/// Rows of one statement, by the type and the names of properties set and taken away.
type Groups<'a, T> = BTreeMap<(&'a Text, Vec<String>, Vec<String>), Vec<T>>;

/// Makes the database what the plan says, given that it was read under the owners' locks.
pub(super) async fn write(
    transaction: &mut Transaction,
    numbers: &NodeNumbers,
    plan: &Plan<'_>,
) -> Try<()> {
    let (changed, created): (Vec<&Change<'_>>, Vec<&Change<'_>>) =
        plan.changes.iter().partition(|change| change.before.is_some());
    lock(transaction, &changed).await?;
    let (updated, deleted): (Vec<&Change<'_>>, Vec<&Change<'_>>) =
        changed.into_iter().partition(|change| change.after.is_some());
    delete(transaction, &deleted).await?;
    update(transaction, &updated).await?;
    let missing = relationship_creation::create(transaction, numbers, created).await?;
    if missing.is_empty() {
        Ok(())
    } else {
        Err(Failure::overtaken("a node was deleted meanwhile"))
    }
}

/// The changes by type.
fn by_type<'a>(changes: &[&'a Change<'_>]) -> BTreeMap<&'a Text, Vec<&'a Change<'a>>> {
    let mut types: BTreeMap<&Text, Vec<&Change<'_>>> = BTreeMap::new();
    for change in changes {
        types.entry(&change.identity.relation).or_default().push(change);
    }
    types
}

/// Locks relationships that are stored, and makes sure that they are still claimed as they were.
async fn lock(transaction: &mut Transaction, changes: &[&Change<'_>]) -> Try<()> {
    for (relation, changes) in by_type(changes) {
        let rows = || -> Vec<BoltType> {
            let row = |change: &&Change<'_>| {
                let claims = change.before.as_ref().map_or(0, |before| before.claims);
                values::row(vec![values::text(&change.identity.key), values::claims(claims)])
            };
            changes.iter().map(row).collect()
        };
        transaction.run(&statements::lock_relationships(relation), rows()).await?;
        let stored = count(transaction, &statements::count_claims(relation), rows()).await?;
        if stored != changes.len() {
            return Err(Failure::overtaken("another writer changed a relationship meanwhile"));
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Counted {
    stored: usize,
}

async fn count(transaction: &mut Transaction, statement: &str, rows: Vec<BoltType>) -> Try<usize> {
    let counted: Vec<Counted> = transaction.read(statement, rows).await?;
    Ok(counted.first().map_or(0, |counted| counted.stored))
}

async fn delete(transaction: &mut Transaction, changes: &[&Change<'_>]) -> Try<()> {
    for (relation, changes) in by_type(changes) {
        let row = |change: &&Change<'_>| values::row(vec![values::text(&change.identity.key)]);
        let rows = changes.iter().map(row).collect();
        transaction.run(&statements::delete_relationships(relation), rows).await?;
    }
    Ok(())
}

async fn update(transaction: &mut Transaction, changes: &[&Change<'_>]) -> Try<()> {
    let mut groups: Groups<'_, BoltType> = Groups::new();
    for change in changes {
        let Some(after) = &change.after else { continue };
        let before = change.before.as_ref().and_then(|before| before.properties.as_ref());
        // Where only claims change, the properties are left alone.
        let same = before.is_none() || before == after.properties.as_ref();
        let set: &[_] = if same { &[] } else { after.properties.as_deref().unwrap_or_default() };
        let stale = if same { Vec::new() } else { stale_names(before, after) };
        let mut row = vec![values::text(&change.identity.key), values::claims(after.claims)];
        row.extend(set.iter().map(|(_, value)| values::encode(value)));
        let shape = (&change.identity.relation, property_names(set), stale);
        groups.entry(shape).or_default().push(values::row(row));
    }
    for ((relation, set, stale), rows) in groups {
        let names: Vec<&str> = set.iter().map(String::as_str).collect();
        let statement = statements::update_relationships(relation, &names, &stale);
        transaction.run(&statement, rows).await?;
    }
    Ok(())
}

fn property_names(properties: &[(Text, atg_core::Value)]) -> Vec<String> {
    properties.iter().map(|(name, _)| names::relationship_property(name).into_owned()).collect()
}

/// The properties that are stored and are not to be.
fn stale_names(before: Option<&Properties>, after: &Version) -> Vec<String> {
    let wanted = property_names(after.properties.as_deref().unwrap_or_default());
    let stored = property_names(before.map(Vec::as_slice).unwrap_or_default());
    stored.into_iter().filter(|name| !wanted.contains(name)).collect()
}

/// Locks the owners, keeps the hashes of their sets, and says whether nothing that is stored of
/// them matters: these are their first sets, or they only add to an owner that keeps no hash, so
/// that nothing is withdrawn and no hash becomes false.
pub(super) async fn keep_new(
    transaction: &mut Transaction,
    numbers: &NodeNumbers,
    sets: &[SetPart<'_>],
    view: &View,
    plan: &Plan<'_>,
) -> Try<bool> {
    let others = sets.iter().filter(|set| !set.only_adds()).map(|set| set.owner.key());
    let others: HashSet<&Text> = others.collect();
    let mut keys: Vec<&Text> = view.owners.keys().collect();
    // One order of locks for all writers.
    keys.sort_unstable();
    let (naming, named): (_, Vec<Vec<BoltType>>) = match numbers.of_all(&keys) {
        Some(known) => (Naming::Number, known.iter().map(|one| one.encode().into()).collect()),
        None => (Naming::Key, keys.iter().map(|key| vec![values::text(key)]).collect()),
    };
    let row = |(key, mut row): (&&Text, Vec<BoltType>)| {
        let hash = plan.hashes.get(*key).copied().unwrap_or_default();
        row.extend([values::hash(hash), values::boolean(!others.contains(*key))]);
        values::row(row)
    };
    let rows = keys.iter().zip(named).map(row).collect();
    let counters = transaction.run(&statements::keep_new_set_hashes(naming), rows).await?;
    let all = counters.properties_set == keys.len() as u64;
    if !all {
        numbers.forget(keys);
    }
    Ok(all)
}

/// Keeps the hashes of the sets.
pub(super) async fn keep(transaction: &mut Transaction, plan: &Plan<'_>) -> Try<()> {
    if plan.hashes.is_empty() {
        return Ok(());
    }
    let row =
        |(key, hash): (&Text, &u64)| values::row(vec![values::text(key), values::hash(*hash)]);
    let rows = plan.hashes.iter().map(row).collect();
    transaction.run(statements::KEEP_SET_HASHES, rows).await.map(drop)
}

/// Notes on whose behalf others made claims.
pub(super) async fn note_claimed(transaction: &mut Transaction, plan: &Plan<'_>) -> Try<()> {
    let mut claimed: Vec<&Text> =
        plan.claimed.iter().filter(|key| !plan.hashes.contains_key(*key)).collect();
    if !claimed.is_empty() {
        claimed.sort_unstable();
        transaction.run(statements::LOCK_NODES, key_rows(&claimed)).await?;
        transaction.run(statements::NOTE_CLAIMED, key_rows(&claimed)).await?;
    }
    Ok(())
}

fn key_rows(keys: &[&Text]) -> Vec<BoltType> {
    keys.iter().map(|key| values::row(vec![values::text(key)])).collect()
}
