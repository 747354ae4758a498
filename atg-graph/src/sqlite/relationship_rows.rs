//! Writing single rows of `rel`, and counting what that did.

use std::collections::HashMap;
use std::ops::Range;

use atg_core::RelationshipOutcome;
use rusqlite::{CachedStatement, Connection, OptionalExtension as _};
use xxhash_rust::xxh3::xxh3_64;

use super::encode::utf8;
use super::errors::Try;

/// A relationship's identity by numbers; ordered as the table is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) source: u32,
    pub(super) kind: u32,
    pub(super) target: u32,
}

/// What a set does to one relationship.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) key: Key,
    pub(super) action: Action,
}

#[derive(Debug)]
pub(super) enum Action {
    /// Claims it, and gives it the properties at this place in the texts.
    Add { bits: u8, text: Range<usize> },
    /// Withdraws claims.
    Withdraw { bits: u8 },
}

/// What can change of a relationship: its claims, and its properties by their hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    bits: u8,
    properties: u64,
}

/// What became of one relationship, and how many rows of the batch asked for it.
#[derive(Debug, Clone, Copy)]
struct Effect {
    before: Option<Version>,
    after: Option<Version>,
    rows: u64,
}

/// The statements, and the counts of one batch.
pub(super) struct Rows<'a> {
    counts: RelationshipOutcome,
    /// Where the same relationship may be written several times: its effect over all of them.
    effects: Option<HashMap<Key, Effect>>,
    statements: Statements<'a>,
}

struct Statements<'a> {
    insert: CachedStatement<'a>,
    select: CachedStatement<'a>,
    claims: CachedStatement<'a>,
    update: CachedStatement<'a>,
    delete: CachedStatement<'a>,
}

const INSERT: &str = "INSERT INTO rel(src, type, dst, named_by, properties) \
    VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT DO NOTHING";
const SELECT: &str =
    "SELECT named_by, properties FROM rel WHERE src = ?1 AND type = ?2 AND dst = ?3";
const UPDATE_CLAIMS: &str =
    "UPDATE rel SET named_by = ?4 WHERE src = ?1 AND type = ?2 AND dst = ?3";
const UPDATE: &str = "UPDATE rel SET named_by = ?4, properties = ?5 \
    WHERE src = ?1 AND type = ?2 AND dst = ?3";
const DELETE: &str = "DELETE FROM rel WHERE src = ?1 AND type = ?2 AND dst = ?3";

// Both parts are read from an index alone, and the second needs no look at the table.
const CLAIMS: &str = "SELECT src, type, dst, CASE WHEN src = dst THEN 3 ELSE 1 END FROM rel \
    WHERE src = ?1 AND named_by & CASE WHEN src = dst THEN 3 ELSE 1 END \
    UNION ALL SELECT src, type, dst, 2 FROM rel WHERE dst = ?1 AND src <> ?1 AND named_by & 2";

impl<'a> Rows<'a> {
    /// Rows for a batch; `again` where separate writes may ask for the same relationship.
    pub(super) fn new(connection: &'a Connection, again: bool) -> Try<Self> {
        Ok(Self {
            counts: RelationshipOutcome::default(),
            effects: again.then(HashMap::new),
            statements: Statements::prepare(connection)?,
        })
    }

    /// What a node claims now, and by which bits.
    pub(super) fn claims(connection: &Connection, owner: u32) -> Try<Vec<(Key, u8)>> {
        let mut statement = connection.prepare_cached(CLAIMS)?;
        let rows = statement.query_map([owner], |row| {
            let key = Key { source: row.get(0)?, kind: row.get(1)?, target: row.get(2)? };
            Ok((key, row.get(3)?))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// Writes what the entries of one relationship come to.
    pub(super) fn write(&mut self, group: &[Entry], texts: &[u8]) -> Try<()> {
        let Some(key) = group.first().map(|entry| entry.key) else { return Ok(()) };
        let mut adds = group.iter().filter_map(|entry| match &entry.action {
            Action::Add { bits, text } => Some((*bits, text)),
            Action::Withdraw { .. } => None,
        });
        let (mut rows, mut claims, mut newest) = (0, 0, None);
        for (bits, text) in adds.by_ref() {
            (rows, claims, newest) = (rows + 1, claims | bits, texts.get(text.clone()));
        }
        let text = newest.map(utf8).transpose()?;
        // Most are new: try that before looking.
        let created = rows == group.len() && self.insert(key, claims, text)?;
        let before = if created { None } else { self.read(key)? };
        let after = fold(before, group, texts);
        if !created {
            self.change(key, before, after, text)?;
        }
        self.note(key, Effect { before, after, rows: rows as u64 });
        Ok(())
    }

    /// Inserts the relationship if it is not there, and says whether it did.
    fn insert(&mut self, key: Key, bits: u8, text: Option<&str>) -> Try<bool> {
        let Key { source, kind, target } = key;
        let text = text.filter(|text| !text.is_empty());
        Ok(self.statements.insert.execute((source, kind, target, bits, text))? == 1)
    }

    fn read(&mut self, key: Key) -> Try<Option<Version>> {
        let Key { source, kind, target } = key;
        let version = self.statements.select.query_row((source, kind, target), |row| {
            let text = row.get_ref(1)?.as_bytes_or_null()?;
            Ok(Version { bits: row.get(0)?, properties: hash_of(text.unwrap_or_default()) })
        });
        Ok(version.optional()?)
    }

    /// Makes the stored relationship what it is to be; `text` holds its properties where a row
    /// of the batch gave them.
    fn change(
        &mut self,
        key: Key,
        before: Option<Version>,
        after: Option<Version>,
        text: Option<&str>,
    ) -> Try<()> {
        let Key { source, kind, target } = key;
        let statements = &mut self.statements;
        match (before, after) {
            (None, Some(version)) => {
                self.insert(key, version.bits, text)?;
            }
            (Some(_), None) => {
                statements.delete.execute((source, kind, target))?;
            }
            (Some(old), Some(new)) if old != new => {
                let text = text.map(|text| Some(text).filter(|text| !text.is_empty()));
                match text {
                    Some(text) => {
                        statements.update.execute((source, kind, target, new.bits, text))?
                    }
                    None => statements.claims.execute((source, kind, target, new.bits))?,
                };
            }
            _ => {}
        }
        Ok(())
    }

    fn note(&mut self, key: Key, effect: Effect) {
        let Some(effects) = &mut self.effects else { return effect.count(&mut self.counts) };
        effects
            .entry(key)
            .and_modify(|known| {
                known.after = effect.after;
                known.rows += effect.rows;
            })
            .or_insert(effect);
    }

    /// Adds the counts of all that was written to an outcome.
    pub(super) fn count(mut self, outcome: &mut RelationshipOutcome) {
        for effect in self.effects.take().unwrap_or_default().values() {
            effect.count(&mut self.counts);
        }
        outcome.created += self.counts.created;
        outcome.updated += self.counts.updated;
        outcome.unchanged += self.counts.unchanged;
        outcome.removed += self.counts.removed;
    }
}

impl Effect {
    /// One row at the most did what was done; the others count as unchanged.
    fn count(&self, counts: &mut RelationshipOutcome) {
        let mut unchanged = self.rows;
        match (self.before, self.after) {
            (None, Some(_)) => {
                counts.created += 1;
                unchanged -= 1;
            }
            (Some(_), None) => counts.removed += 1,
            (Some(before), Some(after)) if self.rows > 0 && before != after => {
                counts.updated += 1;
                unchanged -= 1;
            }
            _ => {}
        }
        counts.unchanged += unchanged;
    }
}

/// Applies the entries in their order.
fn fold(before: Option<Version>, group: &[Entry], texts: &[u8]) -> Option<Version> {
    group.iter().fold(before, |version, entry| match &entry.action {
        Action::Add { bits, text } => {
            let claimed = version.map_or(0, |version| version.bits);
            let properties = hash_of(texts.get(text.clone()).unwrap_or_default());
            Some(Version { bits: claimed | bits, properties })
        }
        Action::Withdraw { bits } => version
            .map(|version| Version { bits: version.bits & !bits, ..version })
            .filter(|version| version.bits != 0),
    })
}

/// A hash of a relationship's properties; 0 for none.
fn hash_of(text: &[u8]) -> u64 {
    if text.is_empty() { 0 } else { xxh3_64(text).max(1) }
}

impl<'a> Statements<'a> {
    fn prepare(connection: &'a Connection) -> Try<Self> {
        Ok(Self {
            insert: connection.prepare_cached(INSERT)?,
            select: connection.prepare_cached(SELECT)?,
            claims: connection.prepare_cached(UPDATE_CLAIMS)?,
            update: connection.prepare_cached(UPDATE)?,
            delete: connection.prepare_cached(DELETE)?,
        })
    }
}
