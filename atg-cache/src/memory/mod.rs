//! [`MemoryCache`]: the tier in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation, glob_matches};

use crate::TierStats;
use crate::clock::milliseconds;

mod budget;
mod ghosts;
mod hashed;
mod inner;
mod removal;
mod settings;
mod shard;
mod tags;

use inner::{Inner, lock};
pub use removal::RemovalCause;
pub use settings::{MemoryCacheBuilder, Policy};
use shard::{Entry, NEVER, Shard};

/// A cache in memory with a bound on entries, and on their weight if wanted.
///
/// - **Eviction**: [`Policy`]; 2Q unless set, which a scan does not flush.
/// - **Bounds hold at every moment**: room is made before an entry is stored.
/// - **Expiry** by a clock that only goes forward, exact to some 10 milliseconds; it stands still
///   while the machine is suspended. What has expired goes when it is met, when room is needed and
///   it is the oldest of its part, or by [`purge`](Self::purge); there is no thread. Times to live
///   below a millisecond are none.
/// - **A tag** is invalidated by one count, however many entries have it; they go when they are
///   met. A glob is a pass over all keys, part by part.
/// - **Cost**: a hit hashes the key once and takes one short lock of 64; see the comparison in the
///   benches. About 110 bytes an entry beside key and value.
/// - Values are cloned out: use `Arc<T>` or `Bytes`. A clone of the cache is another handle to it.
pub struct MemoryCache<V> {
    inner: Arc<Inner<V>>,
}

impl<V> Clone for MemoryCache<V> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<V> std::fmt::Debug for MemoryCache<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryCache").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

impl<V> MemoryCache<V> {
    /// A cache for this many entries; one for 0 keeps nothing.
    pub fn new(capacity: usize) -> Self {
        Self::builder(capacity).build()
    }

    /// Sets up a cache for this many entries.
    pub fn builder(capacity: usize) -> MemoryCacheBuilder<V> {
        MemoryCacheBuilder::new(capacity)
    }

    fn open(settings: MemoryCacheBuilder<V>) -> Self {
        Self { inner: Arc::new(Inner::open(settings)) }
    }

    /// The value under a key that may be served; never waits for more than a short lock.
    pub fn get(&self, key: &str) -> Option<V>
    where
        V: Clone,
    {
        self.inner.read(key, |entry| entry.value.clone())
    }

    /// The same, with the time it has left and its tags.
    pub fn find(&self, key: &str) -> Option<Found<V>>
    where
        V: Clone,
    {
        self.inner.read(key, |entry| {
            let left =
                || Duration::from_millis(entry.expires.saturating_sub(self.inner.clock.now()));
            let options = EntryOptions {
                time_to_live: (entry.expires != NEVER).then(left),
                tags: entry.stamps.as_ref().map(|stamps| stamps.names()).unwrap_or_default(),
            };
            Found { value: entry.value.clone(), options: Some(options) }
        })
    }

    /// Keeps a value under a key, in place of the one that was there; whether or not it can be
    /// kept, the old one is gone. While a heavier value takes its place, a key may miss.
    pub fn insert(&self, key: &str, value: V, options: &EntryOptions) {
        let key = self.inner.hashed(key);
        let weight = self.inner.weigh.as_ref().map_or(0, |weigh| weigh(key.text, &value));
        let stamps = self.inner.tags.stamps(&options.tags);
        let expires = self.inner.expires(options.time_to_live);
        let of_time = options.time_to_live.is_none_or(|time| milliseconds(time) > 0);
        let mut removed = Vec::new();
        if !of_time || !self.inner.budget.allows(weight) {
            removed.extend(self.inner.shard(key.hash).remove(key, RemovalCause::Replaced));
            self.inner.rejected.add(1);
            return self.inner.let_go(removed);
        }
        let entry = Entry { value, expires, stamps, weight, asked_for: false };
        let entry = self.inner.shard(key.hash).replace(key, entry, &mut removed);
        self.inner.let_go(std::mem::take(&mut removed));
        let Some(entry) = entry else { return };
        if self.inner.make_room(key.hash, weight) {
            self.inner.shard(key.hash).insert(key, entry, &mut removed);
            self.inner.let_go(removed);
        } else {
            self.inner.rejected.add(1);
        }
    }

    /// Forgets a key; says whether it was there.
    pub fn remove(&self, key: &str) -> bool {
        let key = self.inner.hashed(key);
        let removed = self.inner.shard(key.hash).remove(key, RemovalCause::Invalidated);
        let found = removed.is_some();
        self.inner.let_go(removed.into_iter().collect());
        found
    }

    /// Forgets what the invalidation names; returns how many entries went, 0 for a tag, whose
    /// entries go when they are met.
    pub fn invalidate(&self, what: &Invalidation) -> u64 {
        match what {
            Invalidation::Key(key) => u64::from(self.remove(key)),
            Invalidation::Tag(tag) => {
                self.inner.tags.invalidate(tag);
                0
            }
            Invalidation::Glob(glob) => {
                let matches = |key: &str| glob_matches(glob, key);
                self.inner.sweep(|shard, removed| {
                    let cause = |key: &str| matches(key).then_some(RemovalCause::Invalidated);
                    shard.remove_where(|key, _| cause(key), removed);
                })
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.inner.sweep(Shard::clear);
    }

    /// Lets go of all entries that may not be served any more, and says how many that were: a
    /// pass over all entries, for who cannot wait until their room is needed.
    pub fn purge(&self) -> u64 {
        self.inner.sweep(|shard, removed| shard.purge(&self.inner.clock, removed))
    }

    /// How many entries it holds, those included that have expired and were not met since.
    pub fn len(&self) -> usize {
        self.inner.shards.iter().map(|shard| lock(&shard.0).len()).sum()
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most this many keys, to warm up the next run: those first that were asked for again and
    /// have outlived others; a cache that was never full knows of none, and gives the latest.
    pub fn hot_keys(&self, most: usize) -> Vec<String> {
        let mut keys: Vec<String> = Vec::new();
        for protected in [true, false] {
            let left = most - keys.len();
            let each = left.div_ceil(self.inner.shards.len());
            // As many of each part; where some have fewer, more of the others.
            for take in [0..each, each..left] {
                for shard in &self.inner.shards {
                    let shard = lock(&shard.0);
                    let some = shard.keys(protected).skip(take.start).take(take.len());
                    keys.extend(some.take(most - keys.len()).map(str::to_owned));
                }
            }
        }
        keys
    }

    /// What it did and holds; counted part by part, while others may go on.
    pub fn stats(&self) -> TierStats {
        let mut stats = TierStats { rejected: self.inner.rejected.get(), ..TierStats::default() };
        for shard in &self.inner.shards {
            stats.add(&lock(&shard.0).stats());
        }
        stats.weight = self.inner.budget.weight();
        stats
    }
}

#[async_trait]
impl<V: Clone + Send + Sync + 'static> Cache<V> for MemoryCache<V> {
    async fn get(&self, key: &str) -> Option<V> {
        Self::get(self, key)
    }

    async fn find(&self, key: &str) -> Option<Found<V>> {
        Self::find(self, key)
    }

    async fn insert(&self, key: &str, value: V, options: EntryOptions) {
        Self::insert(self, key, value, &options);
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        Self::invalidate(self, what)
    }

    async fn clear(&self) {
        Self::clear(self);
    }
}
