//! Reading and writing entries.

use std::collections::HashMap;

use ::redis::Pipeline;
use bytes::Bytes;

use super::codec::Entry;
use super::server::{self, Unanswered};
use super::{RedisCache, tags};

/// So far another machine's clock may be ahead of this one's, in milliseconds.
const SKEW: u64 = 10_000;
/// Longer values are compressed and read on a thread of their own, so that no other task waits.
const LONG: usize = 256 * 1024;

impl RedisCache {
    /// The entries under these keys that are good, counted.
    pub(super) async fn look_up(&self, keys: &[&str]) -> Vec<Option<Entry>> {
        let found = self.good(keys).await.unwrap_or_else(|Unanswered| vec![None; keys.len()]);
        let hits = found.iter().flatten().count();
        self.counters.hits.add(hits as u64);
        self.counters.misses.add((found.len() - hits) as u64);
        found
    }

    async fn good(&self, keys: &[&str]) -> Result<Vec<Option<Entry>>, Unanswered> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let until = self.server.deadline();
        let names: Vec<String> = keys.iter().map(|key| self.keys.entry(key)).collect();
        let mut commands = Pipeline::new();
        commands.cmd("MGET").arg(names);
        let read = |mut answers: Vec<_>| server::values(answers.pop()?, keys.len());
        let values = self.server.ask(&commands, until, read).await?;
        let mut found = Vec::with_capacity(values.len());
        for (key, value) in keys.iter().zip(values) {
            found.push(self.read(key, value).await);
        }
        let tags = found.iter().flatten().flat_map(|entry| &entry.tags);
        let tags = tags.map(|(tag, _)| tag.clone()).collect();
        let standing = tags::standing(&self.server, &self.keys, tags, until).await?;
        Ok(found.into_iter().map(|entry| entry.filter(|entry| stands(entry, &standing))).collect())
    }

    /// The entry that a value is, unless it is damaged, expired or should have been removed.
    async fn read(&self, key: &str, value: Option<Bytes>) -> Option<Entry> {
        let (value, max) = (value?, self.max_entry_bytes);
        let long = value.len() > LONG;
        let entry = apart(long, move || Entry::decode(&value, max)).await?;
        let now = self.clock.wall();
        let entry = entry.ok().filter(|entry| entry.created <= now.saturating_add(SKEW));
        if entry.is_none() {
            self.counters.corrupt.add(1);
        }
        let entry = entry?;
        if remaining(&entry, now) == Some(0) {
            self.counters.expired.add(1);
            return None;
        }
        self.floor.allows(key, entry.created).then_some(entry)
    }

    /// Whether it was written; it is not where the server holds no tag under a tag's name.
    pub(super) async fn write(
        &self,
        key: &str,
        value: Bytes,
        time_to_live: Option<u64>,
        tags: &[String],
    ) -> Result<bool, Unanswered> {
        let (until, created) = (self.server.deadline(), self.clock.wall());
        let tags = tags::give(&self.server, &self.keys, tags, until).await?;
        let Some(tags) = tags else { return Ok(false) };
        let (long, above) = (value.len() > LONG, self.compress_above);
        let entry = Entry { created, time_to_live, tags, value };
        let Some(bytes) = apart(long, move || entry.encode(above)).await else {
            return Ok(false);
        };
        let mut commands = Pipeline::new();
        let command = commands.cmd("SET").arg(self.keys.entry(key)).arg(bytes);
        if let Some(time_to_live) = time_to_live {
            command.arg("PX").arg(time_to_live);
        }
        self.server.ask(&commands, until, Some).await.map(|_| true)
    }

    /// Counts a value that is not kept, and removes the one before it.
    pub(super) async fn reject(&self, key: &str) {
        self.counters.rejected.add(1);
        let mut commands = Pipeline::new();
        commands.cmd("UNLINK").arg(self.keys.entry(key));
        if self.server.ask(&commands, self.server.deadline(), Some).await.is_err() {
            self.floor.raise_key(key, self.clock.wall());
        }
    }
}

/// Milliseconds that an entry has left, 0 if it has expired; `None` if it never does.
pub(super) fn remaining(entry: &Entry, now: u64) -> Option<u64> {
    let time_to_live = entry.time_to_live?;
    Some(time_to_live.saturating_sub(now.saturating_sub(entry.created)))
}

/// Whether each tag of an entry still has the generation that the entry was written with.
fn stands(entry: &Entry, standing: &HashMap<String, u64>) -> bool {
    entry.tags.iter().all(|(tag, generation)| standing.get(tag) == Some(generation))
}

/// Computes on a thread of its own where that takes long; `None` if it panicked.
async fn apart<T: Send + 'static>(
    long: bool,
    compute: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if long { tokio::task::spawn_blocking(compute).await.ok() } else { Some(compute()) }
}
