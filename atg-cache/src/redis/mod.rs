//! [`RedisCache`]: a tier in a Redis server.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::Pipeline;
use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation, glob_matches};
use bytes::Bytes;

use crate::Clock;
use crate::clock::milliseconds;
use crate::stats::{Counter, TierStats};

mod breaker;
mod broadcast;
mod codec;
mod entries;
mod floor;
mod keys;
mod scan;
mod server;
mod settings;
mod tags;

pub use broadcast::{Heard, Listening};
use floor::Floor;
use keys::Keys;
use server::{Server, Unanswered};
pub use settings::{RedisBuilder, RedisOpenError};

/// The longest expiry that the server is told, in milliseconds: 30,000 years.
const LONGEST: u64 = 1 << 50;

/// A tier in a Redis server (4.0 or later, no cluster), shared by all that use the same prefix.
///
/// - **A server that fails** is a miss and a count in [`TierStats::errors`], never an error, and
///   never takes longer than the timeout; after failures in a row it is left alone for a while.
/// - **Lookups** take one round trip, and one more if entries have tags; `insert` one, and one
///   more with tags. By key and by tag `invalidate` takes one, whatever it hits; by glob it looks
///   at every name of the database, 500 a round trip.
/// - **Tags** each take a small key in the server, which stays until [`Cache::clear`].
/// - **An invalidation that the server could not take** is remembered: this process serves
///   nothing it should have removed. Other processes may, until its time to live is over.
/// - **Clocks** of the machines that share it may differ by 10 s; what is from a later future is
///   [`TierStats::corrupt`]. They should agree: an entry's age is told by the clock of whoever
///   inserted it.
/// - **Cancellation**: a dropped call has or has not reached the server; a glob's may have
///   removed a part.
///
/// Calls need a tokio runtime with time and I/O, the same for all calls to one tier.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use atg_cache::RedisCache;
/// use atg_core::{Cache as _, EntryOptions, Invalidation};
///
/// let cache = RedisCache::builder("redis://127.0.0.1/").prefix("inventory:").open()?;
/// let options = EntryOptions::ttl(Duration::from_secs(60)).with_tag("subscription:1");
/// cache.insert("vm_list:a", "[]".into(), options).await;
/// cache.invalidate(&Invalidation::Tag("subscription:1".to_owned())).await;
/// assert_eq!(cache.get("vm_list:a").await, None);
/// # Ok(())
/// # }
/// ```
pub struct RedisCache {
    server: Arc<Server>,
    keys: Keys,
    clock: Clock,
    compress_above: usize,
    max_entry_bytes: usize,
    floor: Floor,
    /// By which others know who invalidated.
    sender: u64,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    hits: Counter,
    misses: Counter,
    inserted: Counter,
    rejected: Counter,
    expired: Counter,
    invalidated: Counter,
    corrupt: Counter,
}

impl RedisCache {
    /// Starts to open a tier at an address: `redis://user:password@host:port/database`, or
    /// `rediss://…` for TLS with the system's certificates.
    pub fn builder(address: &str) -> RedisBuilder {
        RedisBuilder::new(address)
    }

    /// The values under these keys, in their order. The same round trips as for one key.
    pub async fn get_many(&self, keys: &[&str]) -> Vec<Option<Bytes>> {
        let entries = self.look_up(keys).await;
        entries.into_iter().map(|entry| entry.map(|entry| entry.value)).collect()
    }

    /// What it did so far. It cannot tell how many entries there are, nor their weight.
    pub fn stats(&self) -> TierStats {
        let counters = &self.counters;
        TierStats {
            hits: counters.hits.get(),
            misses: counters.misses.get(),
            inserted: counters.inserted.get(),
            rejected: counters.rejected.get(),
            expired: counters.expired.get(),
            invalidated: counters.invalidated.get(),
            corrupt: counters.corrupt.get(),
            errors: self.server.errors(),
            ..TierStats::default()
        }
    }

    /// Tells all others that listen what was invalidated elsewhere. `invalidate` and `clear` do
    /// it by themselves. One round trip; a failure is counted.
    pub async fn publish(&self, what: &Invalidation) {
        // Counted already; there is nobody else to be told.
        let _ = self.announce(Some(what)).await;
    }

    /// Calls back with what other handles invalidate, in this process or another; with
    /// [`Heard::Everything`] after each connection, for what was said before is lost. Listens in
    /// a task, and connects again for ever, until the guard is dropped.
    pub fn subscribe<F, Fut>(&self, heard: F) -> Listening
    where
        F: Fn(Heard) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        let ear = broadcast::Ear {
            client: self.server.client().clone(),
            address: self.server.address(),
            channel: self.keys.channel(),
            own: self.sender,
        };
        ear.listen(heard)
    }

    /// Keeps a faster tier in line: what other handles invalidate goes from it too, and it is
    /// cleared after each connection. See [`RedisCache::subscribe`].
    pub fn listen(&self, upper: Arc<dyn Cache<Bytes>>) -> Listening {
        self.subscribe(move |heard| broadcast::forward(upper.clone(), heard))
    }

    async fn announce(&self, what: Option<&Invalidation>) -> Result<(), Unanswered> {
        let mut commands = Pipeline::new();
        self.add_announcement(&mut commands, what);
        self.server.ask(&commands, self.server.deadline(), Some).await.map(drop)
    }

    fn add_announcement(&self, commands: &mut Pipeline, what: Option<&Invalidation>) {
        let message = broadcast::message(self.sender, what);
        commands.cmd("PUBLISH").arg(self.keys.channel()).arg(message);
    }

    async fn remove(&self, what: &Invalidation) -> Result<u64, Unanswered> {
        let mut commands = Pipeline::new();
        match what {
            Invalidation::Key(key) => {
                commands.cmd("UNLINK").arg(self.keys.entry(key));
            }
            Invalidation::Tag(tag) => tags::renew(&mut commands, &self.keys, tag),
            Invalidation::Glob(glob) => {
                let wanted =
                    |name: &[u8]| self.keys.key_of(name).is_some_and(|key| glob_matches(glob, key));
                let pattern = self.keys.matching(glob);
                let removed = scan::remove(&self.server, &pattern, wanted).await?;
                self.announce(Some(what)).await?;
                return Ok(removed);
            }
        }
        self.add_announcement(&mut commands, Some(what));
        let is_key = matches!(what, Invalidation::Key(_));
        // A tag's is not a count.
        let read =
            |answers: Vec<_>| if is_key { server::number(answers.first()?) } else { Some(0) };
        self.server.ask(&commands, self.server.deadline(), read).await
    }

    async fn remove_everything(&self) -> Result<(), Unanswered> {
        for pattern in self.keys.everything() {
            scan::remove(&self.server, &pattern, |_| true).await?;
        }
        self.announce(None).await
    }
}

#[async_trait]
impl Cache<Bytes> for RedisCache {
    async fn get(&self, key: &str) -> Option<Bytes> {
        self.look_up(&[key]).await.pop().flatten().map(|entry| entry.value)
    }

    async fn find(&self, key: &str) -> Option<Found<Bytes>> {
        let entry = self.look_up(&[key]).await.pop().flatten()?;
        let time_to_live = entries::remaining(&entry, self.clock.wall()).map(Duration::from_millis);
        let tags = entry.tags.into_iter().map(|(tag, _)| tag).collect();
        Some(Found { value: entry.value, options: Some(EntryOptions { time_to_live, tags }) })
    }

    async fn insert(&self, key: &str, value: Bytes, options: EntryOptions) {
        let time_to_live = options.time_to_live.map(milliseconds);
        if time_to_live == Some(0) || value.len() > self.max_entry_bytes {
            return self.reject(key).await;
        }
        let time_to_live = time_to_live.filter(|time| *time <= LONGEST);
        match self.write(key, value, time_to_live, &options.tags).await {
            Ok(true) => self.counters.inserted.add(1),
            Ok(false) => self.reject(key).await,
            // The value before may still be there.
            Err(Unanswered) => self.floor.raise_key(key, self.clock.wall()),
        }
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        match (self.remove(what).await, what) {
            (Ok(removed), _) => {
                self.counters.invalidated.add(removed);
                return removed;
            }
            (Err(Unanswered), Invalidation::Key(key)) => {
                self.floor.raise_key(key, self.clock.wall());
            }
            (Err(Unanswered), _) => self.floor.raise(self.clock.wall()),
        }
        0
    }

    async fn clear(&self) {
        if self.remove_everything().await.is_err() {
            self.floor.raise(self.clock.wall());
        }
    }

    /// Nothing: what is shared was told by the other process.
    async fn heard(&self, _what: Option<&Invalidation>) {}
}

impl fmt::Debug for RedisCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisCache")
            .field("server", &self.server.address())
            .field("prefix", &self.keys.prefix())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
