//! [`MemoryCache`]: the tier in memory.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation, glob_matches};

use crate::clock::milliseconds;
use crate::stats::Counter;
use crate::{Clock, TierStats};

mod budget;
mod ghosts;
mod hashed;
mod removal;
mod settings;
mod shard;
mod tags;

use budget::Budget;
use hashed::Hashed;
pub use removal::RemovalCause;
use removal::Removed;
use settings::Weigh;
pub use settings::{MemoryCacheBuilder, Policy};
use shard::{Entry, NEVER, Shard};
use tags::Tags;

/// The most parts the cache is divided into, each with a lock of its own.
const MOST_SHARDS: usize = 64;

/// Entries below which a part is not worth its lock.
const ENTRIES_A_SHARD: usize = 256;

/// A cache in memory with a bound on entries, and on their weight if wanted.
///
/// - **Eviction**: [`Policy`]; 2Q unless set, which a scan does not flush.
/// - **Bounds hold at every moment**: room is made before an entry is stored.
/// - **Expiry** by a clock that only goes forward, exact to some 10 milliseconds. What has
///   expired goes when it is met, when room is needed, or by [`purge`](Self::purge); there is no
///   thread.
/// - **A tag** is invalidated by one count, however many entries have it; they go when they are
///   met. A glob is a pass over all keys, part by part.
/// - **Cost**: a hit hashes the key once and takes one short lock of 64; see the comparison in the
///   benches. About 110 bytes an entry beside key and value.
/// - Values are cloned out: use `Arc<T>` or `Bytes`. A clone of the cache is another handle to it.
pub struct MemoryCache<V> {
    inner: Arc<Inner<V>>,
}

struct Inner<V> {
    shards: Box<[Padded<Mutex<Shard<V>>>]>,
    hasher: foldhash::fast::RandomState,
    budget: Budget,
    weigh: Option<Arc<Weigh<V>>>,
    jitter: f64,
    clock: Clock,
    tags: Tags,
    listener: removal::Listener<V>,
    rejected: Counter,
    /// Where room is made next, and what makes waits differ.
    turn: AtomicUsize,
    seed: AtomicU64,
}

/// On cache lines of its own, so that one lock's traffic is not its neighbours'.
#[derive(Debug)]
#[repr(align(128))]
struct Padded<T>(T);

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
        let MemoryCacheBuilder { capacity, policy, .. } = settings;
        let shards = match policy {
            Policy::Lru => 1,
            Policy::TwoQueues => (capacity / ENTRIES_A_SHARD).clamp(1, MOST_SHARDS),
        };
        // Rounded down to a power of two, so that a mask finds the shard.
        let shards = 1 << shards.ilog2();
        let inner = Inner {
            shards: (0..shards).map(|_| Padded(Mutex::new(Shard::new(policy)))).collect(),
            hasher: foldhash::fast::RandomState::default(),
            budget: Budget::new(capacity, settings.max_weight),
            weigh: settings.weigh,
            jitter: settings.jitter,
            clock: settings.clock,
            tags: Tags::default(),
            listener: settings.listener,
            rejected: Counter::default(),
            turn: AtomicUsize::new(0),
            seed: AtomicU64::new(0),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The value under a key that may be served; never waits for more than a short lock.
    pub fn get(&self, key: &str) -> Option<V>
    where
        V: Clone,
    {
        self.read(key, |entry| entry.value.clone())
    }

    /// The same, with the time it has left and its tags.
    pub fn find(&self, key: &str) -> Option<Found<V>>
    where
        V: Clone,
    {
        self.read(key, |entry| {
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
        let key = self.hashed(key);
        let weight = self.inner.weigh.as_ref().map_or(0, |weigh| weigh(key.text, &value));
        let stamps = self.inner.tags.stamps(&options.tags);
        let expires = self.expires(options.time_to_live);
        let of_time = options.time_to_live != Some(Duration::ZERO);
        let mut removed = Vec::new();
        if !of_time || !self.inner.budget.allows(weight) {
            removed.extend(self.shard(key.hash).remove(key, RemovalCause::Replaced));
            self.inner.rejected.add(1);
            return self.let_go(removed);
        }
        let entry = Entry { value, expires, stamps, weight };
        let entry = self.shard(key.hash).replace(key, entry, &mut removed);
        self.let_go(std::mem::take(&mut removed));
        let Some(entry) = entry else { return };
        if self.make_room(weight) {
            self.shard(key.hash).insert(key, entry, &mut removed);
            self.let_go(removed);
        } else {
            self.inner.rejected.add(1);
        }
    }

    /// Forgets a key; says whether it was there.
    pub fn remove(&self, key: &str) -> bool {
        let key = self.hashed(key);
        let removed = self.shard(key.hash).remove(key, RemovalCause::Invalidated);
        let found = removed.is_some();
        self.let_go(removed.into_iter().collect());
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
                self.sweep(|shard, removed| {
                    let cause = |key: &str| matches(key).then_some(RemovalCause::Invalidated);
                    shard.remove_where(|key, _| cause(key), removed);
                })
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.sweep(Shard::clear);
    }

    /// Lets go of all entries that may not be served any more, and says how many that were: a
    /// pass over all entries, for who cannot wait until their room is needed.
    pub fn purge(&self) -> u64 {
        self.sweep(|shard, removed| shard.purge(&self.inner.clock, removed))
    }

    /// How many entries it holds, those included that have expired and were not met since.
    pub fn len(&self) -> usize {
        self.inner.shards.iter().map(|shard| lock(&shard.0).len()).sum()
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// At most this many keys, those first that were asked for again: to warm up the next run.
    pub fn hot_keys(&self, most: usize) -> Vec<String> {
        let share = most.div_ceil(self.inner.shards.len());
        let mut keys: Vec<String> = Vec::new();
        for shard in &self.inner.shards {
            keys.extend(lock(&shard.0).hot_keys().take(share).map(str::to_owned));
        }
        keys.truncate(most);
        keys
    }

    /// What it did and holds; counted part by part, while others may go on.
    pub fn stats(&self) -> TierStats {
        let mut stats = TierStats { rejected: self.inner.rejected.get(), ..TierStats::default() };
        for shard in &self.inner.shards {
            let shard = lock(&shard.0);
            let counts = shard.counts;
            stats.hits += counts.hits;
            stats.misses += counts.misses;
            stats.inserted += counts.inserted;
            stats.expired += counts.expired;
            stats.evicted += counts.evicted;
            stats.replaced += counts.replaced;
            stats.invalidated += counts.invalidated;
            stats.entries += shard.len() as u64;
        }
        stats.weight = self.inner.budget.weight();
        stats
    }

    fn read<T>(&self, key: &str, read: impl Fn(&Entry<V>) -> T) -> Option<T> {
        let key = self.hashed(key);
        let mut removed = Vec::new();
        let found = self.shard(key.hash).get(key, &self.inner.clock, read, &mut removed);
        self.let_go(removed);
        found
    }

    fn hashed<'a>(&self, text: &'a str) -> Hashed<'a> {
        Hashed { hash: self.inner.hasher.hash_one(text), text }
    }

    /// Bits that neither the maps nor the ghosts of a shard look at.
    #[allow(clippy::cast_possible_truncation, reason = "some bits are wanted")]
    fn shard(&self, hash: u64) -> MutexGuard<'_, Shard<V>> {
        let number = (hash >> 40) as usize & (self.inner.shards.len() - 1);
        lock(&self.inner.shards[number].0)
    }

    /// Reserves a place and a weight, for which others go, turn by turn from all parts.
    fn make_room(&self, weight: u32) -> bool {
        let mut empty = 0;
        while !self.inner.budget.reserve(weight) {
            let turn = self.inner.turn.fetch_add(1, Relaxed) % self.inner.shards.len();
            let evicted = lock(&self.inner.shards[turn].0).evict();
            empty = if evicted.is_some() { 0 } else { empty + 1 };
            if empty > 2 * self.inner.shards.len() {
                // What is reserved is still on its way in; this value is one too many.
                return false;
            }
            self.let_go(evicted.into_iter().collect());
        }
        true
    }

    /// When an entry expires, in the clock's milliseconds.
    #[allow(clippy::cast_precision_loss, reason = "a fraction of a time may be off by a bit")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    fn expires(&self, time_to_live: Option<Duration>) -> u64 {
        let Some(time_to_live) = time_to_live else { return NEVER };
        let mut lasts = milliseconds(time_to_live);
        if self.inner.jitter > 0.0 && lasts != u64::MAX {
            let random = self.inner.hasher.hash_one(self.inner.seed.fetch_add(1, Relaxed));
            let part = (random >> 11) as f64 / (1_u64 << 53) as f64;
            lasts -= (lasts as f64 * self.inner.jitter * part) as u64;
        }
        self.inner.clock.now().saturating_add(lasts)
    }

    fn sweep(&self, take: impl Fn(&mut Shard<V>, &mut Vec<Removed<V>>)) -> u64 {
        let mut count = 0;
        for shard in &self.inner.shards {
            let mut removed = Vec::new();
            take(&mut lock(&shard.0), &mut removed);
            count += removed.len() as u64;
            self.let_go(removed);
        }
        count
    }

    /// Drops entries that are out, outside of all locks.
    fn let_go(&self, removed: Vec<Removed<V>>) {
        if removed.is_empty() {
            return;
        }
        let places = removed.iter().map(|one| u64::from(one.places)).sum();
        let weight = removed.iter().map(|one| u64::from(one.weight)).sum();
        let _after_them = self.inner.budget.release_later(places, weight);
        for one in removed {
            self.inner.listener.tell(&one);
        }
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

// Every change leaves what a lock guards whole, so a holder that panicked spoils nothing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn read<T>(guarded: &RwLock<T>) -> RwLockReadGuard<'_, T> {
    guarded.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(guarded: &RwLock<T>) -> RwLockWriteGuard<'_, T> {
    guarded.write().unwrap_or_else(PoisonError::into_inner)
}
