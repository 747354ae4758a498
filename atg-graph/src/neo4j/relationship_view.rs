//! Reading what is stored of all that a batch of relationship sets touches.

use std::collections::{BTreeMap, HashMap, HashSet};

use atg_core::Text;
use neo4rs::BoltType;
use serde::Deserialize;

use super::errors::Try;
use super::ledger::{Owner, Version, View};
use super::names;
use super::sets::{Identity, Row, SetPart};
use super::statements;
use super::transaction::Transaction;
use super::turns::Turns;
use super::values::{self, Stored};

/// Reads it, with the owners whose sets differ locked: so no other writer changes what they
/// claim before the transaction ends.
pub(super) async fn load(
    transaction: &mut Transaction,
    turns: &Turns,
    sets: &[SetPart<'_>],
) -> Try<View> {
    let mut view = View::default();
    let owners: HashSet<&Text> = sets.iter().map(|set| set.owner.key()).collect();
    let owners: Vec<&Text> = owners.into_iter().collect();
    read_hashes(transaction, statements::SET_HASHES, &owners, &mut view).await?;
    let differing = |view: &View| -> Vec<&SetPart<'_>> {
        let kept = |set: &&SetPart<'_>| view.owners.get(set.owner.key()).and_then(|one| one.kept);
        let differs = |set: &&SetPart<'_>| set.hash == 0 || kept(set) != Some(set.hash);
        let owners: HashSet<&Text> =
            sets.iter().filter(differs).map(|set| set.owner.key()).collect();
        sets.iter().filter(|set| owners.contains(set.owner.key())).collect()
    };
    let changed = differing(&view);
    if changed.is_empty() {
        return Ok(view);
    }
    let mut owners: Vec<&Text> = changed.iter().map(|set| set.owner.key()).collect();
    // One order of locks for all writers.
    owners.sort_unstable();
    owners.dedup();
    transaction.hold(turns.take().await);
    read_hashes(transaction, statements::LOCK_SET_HASHES, &owners, &mut view).await?;
    read_rows(transaction, &changed, &mut view).await?;
    let replaces = |set: &&&SetPart<'_>| set.ending.as_ref().is_some_and(|end| end.named.is_some());
    let owners: HashSet<&Text> =
        changed.iter().filter(replaces).map(|set| set.owner.key()).collect();
    read_claims(transaction, &owners, &mut view).await?;
    Ok(view)
}

/// Rows of key and place.
fn key_rows(keys: &[&Text]) -> Vec<BoltType> {
    let row =
        |(place, key): (usize, &&Text)| values::row(vec![values::text(key), values::place(place)]);
    keys.iter().enumerate().map(row).collect()
}

#[derive(Deserialize)]
struct Kept {
    place: usize,
    hash: Option<i64>,
}

async fn read_hashes(
    transaction: &mut Transaction,
    statement: &str,
    keys: &[&Text],
    view: &mut View,
) -> Try<()> {
    let kept: Vec<Kept> = transaction.read(statement, key_rows(keys)).await?;
    for Kept { place, hash } in kept {
        if let Some(key) = keys.get(place) {
            let owner: &mut Owner = view.owners.entry((*key).clone()).or_default();
            owner.kept = hash.map(i64::cast_unsigned);
        }
    }
    Ok(())
}

#[derive(Deserialize)]
struct Found {
    place: usize,
    no_source: bool,
    no_target: bool,
    stored: Option<HashMap<String, Stored>>,
}

/// Reads the relationships that the sets name, and which of their ends are not there.
async fn read_rows(
    transaction: &mut Transaction,
    sets: &[&SetPart<'_>],
    view: &mut View,
) -> Try<()> {
    let mut types: BTreeMap<&Text, BTreeMap<&Identity, &Row<'_>>> = BTreeMap::new();
    for row in sets.iter().flat_map(|set| &set.rows) {
        types.entry(&row.identity.relation).or_default().insert(&row.identity, row);
    }
    for (relation, rows) in types {
        let rows: Vec<&Row<'_>> = rows.into_values().collect();
        let encoded = rows.iter().enumerate().map(|(place, row)| {
            let one = row.relationship;
            values::row(vec![
                values::text(one.source.key()),
                values::text(one.target.key()),
                values::text(&row.identity.key),
                values::place(place),
            ])
        });
        let statement = statements::find_relationships(relation);
        let found: Vec<Found> = transaction.read(&statement, encoded.collect()).await?;
        for one in found {
            let Some(row) = rows.get(one.place) else { continue };
            if one.no_source || one.no_target {
                view.missing.insert(row.identity.clone(), [one.no_source, one.no_target]);
            } else if let Some(stored) = one.stored {
                view.stored.insert(row.identity.clone(), version(stored));
            }
        }
    }
    Ok(())
}

/// A stored relationship's claims and properties.
fn version(stored: HashMap<String, Stored>) -> Version {
    let mut claims = 0;
    let mut properties = Vec::with_capacity(stored.len());
    for (name, Stored(value)) in stored {
        match (names::relationship_property_of(&name), value) {
            (Some(name), Some(value)) => properties.push((name, value)),
            (None, Some(atg_core::Value::Integer(bits))) => claims = claim_bits(bits),
            _ => {}
        }
    }
    properties.sort_by(|one, other| one.0.cmp(&other.0));
    Version { claims, properties: Some(properties) }
}

/// The claims that a stored number stands for.
fn claim_bits(number: i64) -> u8 {
    u8::try_from(number & 3).unwrap_or_default()
}

#[derive(Deserialize)]
struct Claim {
    place: usize,
    relation: String,
    key: String,
    named_by: i64,
    claims: i64,
}

/// Reads what owners claim whose set is replaced and who have named something before.
async fn read_claims(
    transaction: &mut Transaction,
    owners: &HashSet<&Text>,
    view: &mut View,
) -> Try<()> {
    let named = |key: &&Text| view.owners.get(*key).is_some_and(|owner| owner.kept.is_some());
    let owners: Vec<&Text> = owners.iter().copied().filter(named).collect();
    if owners.is_empty() {
        return Ok(());
    }
    for statement in [statements::OUTGOING_CLAIMS, statements::INCOMING_CLAIMS] {
        let claims: Vec<Claim> = transaction.read(statement, key_rows(&owners)).await?;
        for one in claims {
            let Some(owner) = owners.get(one.place) else { continue };
            let identity = Identity { relation: one.relation.into(), key: one.key.into() };
            let version = Version { claims: claim_bits(one.named_by), properties: None };
            // What a row of the batch names is known in full.
            view.stored.entry(identity.clone()).or_insert(version);
            if let Some(owner) = view.owners.get_mut(*owner) {
                owner.claims.push((identity, claim_bits(one.claims)));
            }
        }
    }
    Ok(())
}
