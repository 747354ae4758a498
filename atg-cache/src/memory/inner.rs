//! What handles of the cache share: its parts, and how entries come and go.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::budget::Budget;
use super::hashed::Hashed;
use super::removal::{Listener, Removed};
use super::settings::{MemoryCacheBuilder, Policy, Weigh};
use super::shard::{Entry, NEVER, Shard};
use super::tags::Tags;
use crate::Clock;
use crate::clock::milliseconds;
use crate::stats::Counter;

/// The most parts the cache is divided into, each with a lock of its own.
const MOST_SHARDS: usize = 64;

/// Entries a part from which on more parts would cost hits: queues that are too short.
const ENTRIES_A_SHARD: usize = 256;

/// Parts that two threads seldom meet in, and the entries a part that they need at the least.
const ENOUGH_SHARDS: usize = 16;
const FEWEST_ENTRIES: usize = 32;

/// How often all parts are looked through for room while others' values are on their way in.
const PASSES: usize = 100;

/// What all handles share.
pub(super) struct Inner<V> {
    pub(super) shards: Box<[Padded<Mutex<Shard<V>>>]>,
    pub(super) hasher: foldhash::fast::RandomState,
    pub(super) budget: Budget,
    pub(super) weigh: Option<Arc<Weigh<V>>>,
    pub(super) jitter: f64,
    pub(super) clock: Clock,
    pub(super) tags: Tags,
    pub(super) listener: Listener<V>,
    pub(super) rejected: Counter,
    /// Where room is made next, and what makes waits differ.
    pub(super) turn: AtomicUsize,
    pub(super) seed: AtomicU64,
}

/// On cache lines of its own, so that one lock's traffic is not its neighbours'.
#[derive(Debug)]
#[repr(align(128))]
pub(super) struct Padded<T>(pub(super) T);

impl<V> Inner<V> {
    pub(super) fn open(settings: MemoryCacheBuilder<V>) -> Self {
        let MemoryCacheBuilder { capacity, policy, .. } = settings;
        let shards = match policy {
            Policy::Lru => 1,
            Policy::TwoQueues => {
                let enough = (capacity / FEWEST_ENTRIES).min(ENOUGH_SHARDS);
                (capacity / ENTRIES_A_SHARD).max(enough).clamp(1, MOST_SHARDS)
            }
        };
        // Rounded down to a power of two, so that a mask finds the shard.
        let shards = 1 << shards.ilog2();
        Self {
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
        }
    }

    pub(super) fn read<T>(&self, key: &str, read: impl Fn(&Entry<V>) -> T) -> Option<T> {
        let key = self.hashed(key);
        let mut removed = Vec::new();
        let found = self.shard(key.hash).get(key, &self.clock, read, &mut removed);
        self.let_go(removed);
        found
    }

    pub(super) fn hashed<'a>(&self, text: &'a str) -> Hashed<'a> {
        Hashed { hash: self.hasher.hash_one(text), text }
    }

    /// Bits that neither the maps nor the ghosts of a shard look at.
    #[allow(clippy::cast_possible_truncation, reason = "some bits are wanted")]
    pub(super) fn shard(&self, hash: u64) -> MutexGuard<'_, Shard<V>> {
        let number = (hash >> 40) as usize & (self.shards.len() - 1);
        lock(&self.shards[number].0)
    }

    /// Reserves a place and a weight for a new entry, for which others go: of its own part as long
    /// as there are any, so that no part takes from another's, then turn by turn of all. What they
    /// free is held until it is enough, so others cannot take it meanwhile.
    pub(super) fn make_room(&self, hash: u64, weight: u32) -> bool {
        let (mut held, mut empty, mut evicted) = ((0, 0), 0, Vec::new());
        let reserved = loop {
            if self.budget.reserve(weight, held) {
                break true;
            }
            let own = self.shard(hash).evict(&self.clock);
            let one = own.or_else(|| {
                let turn = self.turn.fetch_add(1, Relaxed) % self.shards.len();
                lock(&self.shards[turn].0).evict(&self.clock)
            });
            if let Some(one) = one {
                held = (held.0 + u64::from(one.places), held.1 + u64::from(one.weight));
                evicted.push(Removed { places: 0, weight: 0, ..one });
                empty = 0;
            } else if empty == PASSES * self.shards.len() {
                // What is reserved stays on its way in; this value is one too many.
                break false;
            } else {
                empty += 1;
                if empty % self.shards.len() == 0 {
                    std::thread::yield_now();
                }
            }
        };
        let (places, weight) = if reserved { (1, u64::from(weight)) } else { held };
        // Released as well where a listener panics.
        let undo = self.budget.release_later(places, weight);
        // They are dropped before the new one is stored.
        self.let_go(evicted);
        if reserved {
            std::mem::forget(undo);
        }
        reserved
    }

    /// When an entry expires, in the clock's milliseconds.
    #[allow(clippy::cast_precision_loss, reason = "a fraction of a time may be off by a bit")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    pub(super) fn expires(&self, time_to_live: Option<Duration>) -> u64 {
        let Some(time_to_live) = time_to_live else { return NEVER };
        let mut lasts = milliseconds(time_to_live);
        if self.jitter > 0.0 && lasts != u64::MAX {
            let random = self.hasher.hash_one(self.seed.fetch_add(1, Relaxed));
            let part = (random >> 11) as f64 / (1_u64 << 53) as f64;
            lasts -= (lasts as f64 * self.jitter * part) as u64;
        }
        self.clock.now().saturating_add(lasts)
    }

    pub(super) fn sweep(&self, take: impl Fn(&mut Shard<V>, &mut Vec<Removed<V>>)) -> u64 {
        let mut count = 0;
        for shard in &self.shards {
            let mut removed = Vec::new();
            take(&mut lock(&shard.0), &mut removed);
            count += removed.len() as u64;
            self.let_go(removed);
        }
        count
    }

    /// Drops entries that are out, outside of all locks.
    pub(super) fn let_go(&self, removed: Vec<Removed<V>>) {
        if removed.is_empty() {
            return;
        }
        let places = removed.iter().map(|one| u64::from(one.places)).sum();
        let weight = removed.iter().map(|one| u64::from(one.weight)).sum();
        let _after_them = self.budget.release_later(places, weight);
        for one in removed {
            self.listener.tell(&one);
        }
    }
}

// Every change leaves what a lock guards whole, so a holder that panicked spoils nothing.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
