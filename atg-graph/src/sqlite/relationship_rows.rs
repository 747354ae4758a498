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
    /// The set's place in the batch.
    pub(super) set: usize,
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
    connection: &'a Connection,
    counts: RelationshipOutcome,
    changed: Vec<bool>,
    /// Where the same relationship may be written several times: its effect over all of them.
    effects: Option<HashMap<Key, Effect>>,
    statements: Option<Statements<'a>>,
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
    /// Rows for a batch of `sets` sets, some of which may ask for one relationship several times
    /// in separate writes if `again`.
    pub(super) fn new(connection: &'a Connection, sets: usize, again: bool) -> Self {
        Self {
            connection,
            counts: RelationshipOutcome::default(),
            changed: vec![false; sets],
            effects: again.then(HashMap::new),
            statements: None,
        }
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

    /// Whether a set changed anything by adding.
    pub(super) fn changed(&self, set: usize) -> bool {
        self.changed.get(set).copied().unwrap_or(false)
    }

    /// Writes what the entries of one relationship come to.
    pub(super) fn write(&mut self, group: &[Entry], texts: &[u8]) -> Try<()> {
        let Some(key) = group.first().map(|entry| entry.key) else { return Ok(()) };
        let rows = group.iter().filter(|entry| matches!(entry.action, Action::Add { .. })).count();
        let text = newest_text(group, texts)?;
        let mut before = None;
        let mut after = self.fold(before, group, texts);
        let only_adds = rows == group.len();
        let created = match after {
            Some(version) if only_adds => self.insert(key, version, text)?,
            _ => false,
        };
        if !created {
            before = self.read(key)?;
            after = self.fold(before, group, texts);
            self.change(key, before, after, (rows > 0).then_some(text))?;
        }
        self.note(key, Effect { before, after, rows: rows as u64 });
        Ok(())
    }
}
