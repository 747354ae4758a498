//! [`Index`]: every node's identity and hashes in memory.
//!
//! A node's number (`nid`) is its place here, so a node costs 28 bytes and at most 11 more in
//! the hash table. Rows live in chunks and the table in shards, so growing never copies it all.
//!
//! Identity is 96 bits of the key's 128-bit hash: 64 address the table, 32 tell keys apart that
//! agree in those. That two of ten million keys agree in all 96 has a chance of 10⁻¹⁵.
//!
//! An index is taken out of its place for a transaction and put back once that is committed; if
//! anything fails it is dropped and read anew. So it never says more than the file.

use std::collections::{BTreeSet, HashMap};

use atg_core::{ErrorKind, Labels, Text};
use hashbrown::HashTable;
use rusqlite::Connection;

use super::encode::{labels_json, parse_labels};
use super::errors::{Failure, Try};
use super::index_rows::{Identity, Row, Rows};

/// A node's relationship hash: no set of it was ever stored, so nothing is claimed by it.
pub(super) const NEVER: u64 = 0;

/// A node's relationship hash: something may be claimed by it, and no whole set is stored.
pub(super) const INCOMPLETE: u64 = u64::MAX;

const SHARDS: usize = 64;

/// Nodes a row of `relhash`.
pub(super) const BLOCK: u32 = 256;

/// Bytes of file that a node takes at the very least, in `node` and `nk`.
const SMALLEST_NODE_BYTES: u64 = 16;

/// Nodes for which there is always room, however small a file became once they were deleted.
const ALWAYS_EXPECTED: u64 = 1 << 24;

/// What is known of every node, label set and relationship type.
pub(super) struct Index {
    rows: Rows,
    shards: Vec<HashTable<u32>>,
    /// Numbers of deleted nodes, the smallest last.
    free: Vec<u32>,
    labels: HashMap<Labels, i64>,
    relations: HashMap<Text, u32>,
    /// Blocks of relationship hashes that the file does not have yet.
    dirty: BTreeSet<u32>,
}

impl Index {
    /// Reads the index from the file. Costs about 0.2 µs a node.
    pub(super) fn load(connection: &Connection) -> Try<Self> {
        let mut index = Self {
            rows: Rows::default(),
            shards: (0..SHARDS).map(|_| HashTable::new()).collect(),
            free: Vec::new(),
            labels: HashMap::new(),
            relations: HashMap::new(),
            dirty: BTreeSet::new(),
        };
        index.load_nodes(connection)?;
        index.load_relationship_hashes(connection)?;
        index.load_names(connection)?;
        Ok(index)
    }

    fn load_nodes(&mut self, connection: &Connection) -> Try<()> {
        check_numbers(connection)?;
        let mut statement =
            connection.prepare("SELECT nid, hash, checksum, content FROM nk ORDER BY nid")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (nid, checksum): (u32, u32) = (row.get(0)?, row.get(2)?);
            let (hash, content): (i64, i64) = (row.get(1)?, row.get(3)?);
            while self.rows.length + 1 < nid {
                self.rows.push(Row::default());
                self.free.push(self.rows.length);
            }
            self.rows.push(Row::default());
            let identity = Identity { hash: hash.cast_unsigned(), checksum };
            self.insert(nid, identity, content.cast_unsigned());
        }
        self.free.reverse();
        Ok(())
    }

    fn load_relationship_hashes(&mut self, connection: &Connection) -> Try<()> {
        let mut statement = connection.prepare("SELECT block, hashes FROM relhash")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let block: u32 = row.get(0)?;
            let hashes = row.get_ref(1)?.as_blob()?;
            for (nid, hash) in block_hashes(block, hashes) {
                if let Some(row) = self.rows.get_mut(nid) {
                    row.relationships = hash;
                }
            }
        }
        Ok(())
    }

    fn load_names(&mut self, connection: &Connection) -> Try<()> {
        let mut statement = connection.prepare("SELECT id, labels FROM labelset")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let json = row.get_ref(1)?.as_str()?;
            self.labels.insert(parse_labels(json)?, row.get(0)?);
        }
        let mut statement = connection.prepare("SELECT id, name FROM reltype")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let name = row.get_ref(1)?.as_str()?;
            self.relations.insert(name.into(), row.get(0)?);
        }
        Ok(())
    }

    fn shard(hash: u64) -> usize {
        // Neither the low bits nor the top ones: those address and mark within a shard.
        (hash >> 40) as usize % SHARDS
    }

    /// The number of a node.
    pub(super) fn find(&self, identity: Identity) -> Option<u32> {
        let shard = self.shards.get(Self::shard(identity.hash))?;
        shard.find(identity.hash, |&nid| self.rows.identity(nid) == identity).copied()
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.rows.length as usize - self.free.len()
    }

    /// A number for a new node: one that became free, or the next.
    pub(super) fn allocate(&mut self) -> Try<u32> {
        if let Some(nid) = self.free.pop() {
            return Ok(nid);
        }
        if self.rows.length == u32::MAX {
            let what = "the graph holds 4,294,967,295 nodes, which is all that it can";
            return Err(Failure::Said(ErrorKind::ResourceExhausted, what.into()));
        }
        self.rows.push(Row::default());
        Ok(self.rows.length)
    }

    /// Enters a node under an allocated number.
    pub(super) fn insert(&mut self, nid: u32, identity: Identity, content: u64) {
        let Identity { hash, checksum } = identity;
        if let Some(row) = self.rows.get_mut(nid) {
            *row = Row { hash, content, relationships: NEVER, checksum };
        }
        let rows = &self.rows;
        if let Some(shard) = self.shards.get_mut(Self::shard(hash)) {
            shard.insert_unique(hash, nid, |&nid| rows.get(nid).hash);
        }
    }

    /// Forgets a node; its number may be given again.
    pub(super) fn remove(&mut self, nid: u32) {
        let Row { hash, .. } = self.rows.get(nid);
        if let Some(shard) = self.shards.get_mut(Self::shard(hash))
            && let Ok(entry) = shard.find_entry(hash, |&other| other == nid)
        {
            entry.remove();
        }
        self.set_relationships(nid, NEVER);
        if let Some(row) = self.rows.get_mut(nid) {
            *row = Row::default();
        }
        self.free.push(nid);
    }

    /// Puts the free numbers in order again, after removals.
    pub(super) fn sort_free(&mut self) {
        self.free.sort_unstable_by(|a, b| b.cmp(a));
    }

    /// The content hash of a node.
    pub(super) fn content(&self, nid: u32) -> u64 {
        self.rows.get(nid).content
    }

    /// Notes another content hash.
    pub(super) fn set_content(&mut self, nid: u32, content: u64) {
        if let Some(row) = self.rows.get_mut(nid) {
            row.content = content;
        }
    }

    /// The relationship hash of a node, or [`NEVER`], or [`INCOMPLETE`].
    pub(super) fn relationships(&self, nid: u32) -> u64 {
        self.rows.get(nid).relationships
    }

    /// Notes another relationship hash, to be written by [`store`](Self::store).
    pub(super) fn set_relationships(&mut self, nid: u32, hash: u64) {
        if let Some(row) = self.rows.get_mut(nid)
            && { row.relationships } != hash
        {
            row.relationships = hash;
            self.dirty.insert((nid - 1) / BLOCK);
        }
    }

    /// Writes the relationship hashes that changed, before a commit.
    pub(super) fn store(&mut self, connection: &Connection) -> Try<()> {
        if self.dirty.is_empty() {
            return Ok(());
        }
        let mut statement = connection.prepare_cached(
            "INSERT INTO relhash(block, hashes) VALUES (?1, ?2) \
             ON CONFLICT(block) DO UPDATE SET hashes = excluded.hashes",
        )?;
        let mut hashes = Vec::with_capacity(BLOCK as usize * 8);
        for block in std::mem::take(&mut self.dirty) {
            hashes.clear();
            for nid in block * BLOCK + 1..=block * BLOCK + BLOCK {
                hashes.extend_from_slice(&{ self.rows.get(nid).relationships }.to_le_bytes());
            }
            statement.execute((block, &hashes))?;
        }
        Ok(())
    }

    /// The number of a label set, entering it where it is new.
    pub(super) fn labels(&mut self, connection: &Connection, labels: &Labels) -> Try<i64> {
        if let Some(id) = self.labels.get(labels) {
            return Ok(*id);
        }
        let json = labels_json(labels)?;
        let sql = "INSERT INTO labelset(labels) VALUES (?1) RETURNING id";
        let id = connection.query_row(sql, [json], |row| row.get(0))?;
        // Detached, for a label may be a slice of a large page.
        self.labels.insert(labels.iter().map(Text::detached).collect(), id);
        Ok(id)
    }

    /// The number of a relationship type, if there is one.
    pub(super) fn find_relation(&self, name: &str) -> Option<u32> {
        self.relations.get(name).copied()
    }

    /// The number of a relationship type, entering it where it is new.
    pub(super) fn relation(&mut self, connection: &Connection, name: &Text) -> Try<u32> {
        if let Some(id) = self.find_relation(name) {
            return Ok(id);
        }
        let sql = "INSERT INTO reltype(name) VALUES (?1) RETURNING id";
        let id = connection.query_row(sql, [name.as_str()], |row| row.get(0))?;
        self.relations.insert(name.detached(), id);
        Ok(id)
    }
}

/// Refuses a node number that the file cannot have come to: an index up to it could take more
/// than all memory. Numbers of deleted nodes leave gaps, so the count of nodes is no bound.
fn check_numbers(connection: &Connection) -> Try<()> {
    let number = |sql| connection.query_row(sql, [], |row| row.get::<_, Option<i64>>(0));
    let (Some(first), Some(last)) =
        (number("SELECT min(nid) FROM nk")?, number("SELECT max(nid) FROM nk")?)
    else {
        return Ok(());
    };
    let pages: u32 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let page_bytes: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
    let most = (u64::from(pages) * u64::from(page_bytes) / SMALLEST_NODE_BYTES)
        .clamp(ALWAYS_EXPECTED, u64::from(u32::MAX));
    match u64::try_from(last) {
        Ok(last) if first > 0 && last <= most => Ok(()),
        _ => Err(Failure::data(format!(
            "the file is damaged: it numbers its nodes from {first} to {last}, and can hold no \
             more than {most}; restore it from a copy, or move it away and scan again"
        ))),
    }
}

/// The nodes' numbers and relationship hashes in a row of `relhash`.
pub(super) fn block_hashes(block: u32, hashes: &[u8]) -> impl Iterator<Item = (u32, u64)> {
    let first = block.saturating_mul(BLOCK).saturating_add(1);
    let hashes = hashes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes));
    (first..=u32::MAX).zip(hashes)
}
