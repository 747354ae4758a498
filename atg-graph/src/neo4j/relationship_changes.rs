//! Writing what a plan says: relationships made, changed and deleted, and the hashes of sets.

use std::collections::{BTreeMap, HashMap, HashSet};

use atg_core::Text;
use neo4rs::BoltType;
use serde::Deserialize;

use super::errors::{Failure, Try};
use super::ledger::{Change, Plan, Properties, Version, View};
use super::names;
use super::sets::{Identity, Row, SetPart};
use super::statements;
use super::transaction::Transaction;
use super::values;

/// Rows of one statement, by the type and the names of properties set and taken away.
type Groups<'a, T> = BTreeMap<(&'a Text, Vec<String>, Vec<String>), Vec<T>>;

/// Which relationships have an end that is not there: source, target.
type Missing = HashMap<Identity, [bool; 2], foldhash::fast::RandomState>;

/// Makes the database what the plan says, given that it was read under the owners' locks.
pub(super) async fn write(transaction: &mut Transaction, plan: &Plan<'_>) -> Try<()> {
    let (changed, created): (Vec<&Change<'_>>, Vec<&Change<'_>>) =
        plan.changes.iter().partition(|change| change.before.is_some());
    lock(transaction, &changed).await?;
    let (updated, deleted): (Vec<&Change<'_>>, Vec<&Change<'_>>) =
        changed.into_iter().partition(|change| change.after.is_some());
    delete(transaction, &deleted).await?;
    update(transaction, &updated).await?;
    let missing = create(transaction, created).await?;
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
                let claims = values::integer(i64::from(claims));
                values::row(vec![values::text(&change.identity.key), claims])
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
        let mut row = vec![values::text(&change.identity.key), claims(after)];
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

fn claims(version: &Version) -> BoltType {
    values::integer(i64::from(version.claims))
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

/// Creates the relationships that are not stored, but for those with an end that is not there,
/// which it gives back.
pub(super) async fn create<'a>(
    transaction: &mut Transaction,
    changes: impl IntoIterator<Item = &'a Change<'a>>,
) -> Try<Missing> {
    let mut groups: BTreeMap<(&Text, Vec<&Text>), Vec<&Change<'_>>> = BTreeMap::new();
    for change in changes {
        let properties = change.after.iter().flat_map(|after| &after.properties).flatten();
        let names = properties.map(|(name, _)| name).collect();
        groups.entry((&change.identity.relation, names)).or_default().push(change);
    }
    let mut missing = Missing::default();
    for ((relation, names), changes) in groups {
        let names: Vec<_> =
            names.into_iter().map(|name| names::relationship_property(name)).collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let statement = statements::create_relationships(relation, &names);
        let rows = created_rows(&changes);
        let counters = transaction.run(&statement, rows).await?;
        let left_out = changes.len() - usize::try_from(counters.relationships_created).unwrap_or(0);
        if left_out > 0 {
            let found = find_missing(transaction, &changes).await?;
            if found.len() != left_out {
                return Err(Failure::overtaken("a node came or went meanwhile"));
            }
            missing.extend(found);
        }
    }
    Ok(missing)
}

/// Rows of the relationships to create, by their source.
fn created_rows(changes: &[&Change<'_>]) -> Vec<BoltType> {
    let mut rows: Vec<(&Text, BoltType)> =
        changes.iter().filter_map(|change| created_row(change)).collect();
    // One order of locks for all writers: a source's rows come by key.
    rows.sort_by_key(|(source, _)| *source);
    let mut sources: Vec<(&Text, Vec<BoltType>)> = Vec::new();
    for (source, row) in rows {
        match sources.last_mut() {
            Some((last, rows)) if *last == source => rows.push(row),
            _ => sources.push((source, vec![row])),
        }
    }
    let nested = |(source, rows): (&Text, Vec<BoltType>)| {
        values::row(vec![values::text(source), values::row(rows)])
    };
    sources.into_iter().map(nested).collect()
}

/// A relationship's source, and its row without it.
fn created_row<'a>(change: &Change<'a>) -> Option<(&'a Text, BoltType)> {
    let (row, after) = (change.row?, change.after.as_ref()?);
    let mut values = vec![
        values::text(row.relationship.target.key()),
        values::text(&change.identity.key),
        claims(after),
    ];
    let properties = after.properties.iter().flatten();
    values.extend(properties.map(|(_, value)| values::encode(value)));
    Some((row.relationship.source.key(), values::row(values)))
}

#[derive(Deserialize)]
struct MissingEnds {
    place: usize,
    no_source: bool,
    no_target: bool,
}

async fn find_missing(transaction: &mut Transaction, changes: &[&Change<'_>]) -> Try<Missing> {
    let rows: Vec<&Row<'_>> = changes.iter().filter_map(|change| change.row).collect();
    let encoded = rows.iter().enumerate().map(|(place, row)| {
        let [source, target] =
            [&row.relationship.source, &row.relationship.target].map(|end| values::text(end.key()));
        values::row(vec![source, target, values::place(place)])
    });
    let found: Vec<MissingEnds> =
        transaction.read(statements::MISSING_ENDS, encoded.collect()).await?;
    let named = found.into_iter().filter_map(|one| {
        Some((rows.get(one.place)?.identity.clone(), [one.no_source, one.no_target]))
    });
    Ok(named.collect())
}

/// Locks the owners, keeps the hashes of their sets, and says whether nothing that is stored of
/// them matters: these are their first sets, or they only add to an owner that keeps no hash, so
/// that nothing is withdrawn and no hash becomes false.
pub(super) async fn keep_new(
    transaction: &mut Transaction,
    sets: &[SetPart<'_>],
    view: &View,
    plan: &Plan<'_>,
) -> Try<bool> {
    let others = sets.iter().filter(|set| !set.only_adds()).map(|set| set.owner.key());
    let others: HashSet<&Text> = others.collect();
    let mut keys: Vec<&Text> = view.owners.keys().collect();
    // One order of locks for all writers.
    keys.sort_unstable();
    let row = |key: &&Text| {
        let hash = plan.hashes.get(*key).copied().unwrap_or_default();
        let only_adds = values::boolean(!others.contains(*key));
        values::row(vec![values::text(key), values::hash(hash), only_adds])
    };
    let rows = keys.iter().map(row).collect();
    let counters = transaction.run(statements::KEEP_NEW_SET_HASHES, rows).await?;
    Ok(counters.properties_set == keys.len() as u64)
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
