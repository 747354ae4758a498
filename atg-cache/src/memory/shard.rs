//! One part of the cache: two queues over the `lru` crate, after the 2Q algorithm (Johnson and
//! Shasha, VLDB 1994).
//!
//! A new entry joins the *probation* queue, which is first in, first out. When room is needed the
//! oldest on probation goes, as long as that queue holds more than a twentieth of all entries: to
//! the *protected* queue if it was asked for meanwhile; out otherwise, and its key is remembered. A
//! key that comes again while it is remembered joins the protected queue at once, which gives up
//! the least recently used. So a scan passes through probation and leaves the protected ones alone.

use lru::LruCache;

use super::ghosts::Ghosts;
use super::hashed::{BuildPassThrough, Hashed, HashedKey, StoredKey};
use super::removal::{RemovalCause, Removed};
use super::settings::Policy;
use super::tags::Stamps;
use crate::{Clock, TierStats};

/// The time of what never expires.
pub(super) const NEVER: u64 = u64::MAX;

/// One of how many entries is on probation when room is needed.
const PROBATION_PART: usize = 20;

#[derive(Debug)]
pub(super) struct Entry<V> {
    pub(super) value: V,
    /// In the clock's milliseconds.
    pub(super) expires: u64,
    pub(super) stamps: Option<Box<Stamps>>,
    pub(super) weight: u32,
    /// Whether it was asked for while on probation.
    pub(super) asked_for: bool,
}

impl<V> Entry<V> {
    /// Why it may not be served, if so.
    fn ended(&self, clock: &Clock) -> Option<RemovalCause> {
        if self.expires != NEVER && self.expires <= clock.now() {
            return Some(RemovalCause::Expired);
        }
        let current = self.stamps.as_ref().is_none_or(|stamps| stamps.are_current());
        (!current).then_some(RemovalCause::Invalidated)
    }
}

type Queue<V> = LruCache<StoredKey, Entry<V>, BuildPassThrough>;

#[derive(Debug)]
pub(super) struct Shard<V> {
    probation: Queue<V>,
    protected: Queue<V>,
    ghosts: Ghosts,
    policy: Policy,
    /// What it did.
    counts: TierStats,
}

impl<V> Shard<V> {
    pub(super) fn new(policy: Policy) -> Self {
        let queue = || LruCache::unbounded_with_hasher(BuildPassThrough::default());
        Self {
            probation: queue(),
            protected: queue(),
            ghosts: Ghosts::default(),
            policy,
            counts: TierStats::default(),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.probation.len() + self.protected.len()
    }

    /// What it did, and how many entries it holds.
    pub(super) fn stats(&self) -> TierStats {
        TierStats { entries: self.len() as u64, ..self.counts }
    }

    /// What `read` takes from the entry, if there is one that may be served; one that may not be
    /// any more is taken out.
    pub(super) fn get<T>(
        &mut self,
        key: Hashed<'_>,
        clock: &Clock,
        read: impl Fn(&Entry<V>) -> T,
        removed: &mut Vec<Removed<V>>,
    ) -> Option<T> {
        let Self { probation, protected, .. } = self;
        let serve = |queue: &mut Queue<V>, promote: bool| {
            let key: &dyn HashedKey = &key;
            let entry = if promote { queue.get_mut(key) } else { queue.peek_mut(key) }?;
            entry.asked_for |= !promote;
            Some(entry.ended(clock).map_or_else(|| Ok(read(entry)), Err))
        };
        // Most keys are where most entries are.
        let served = if probation.len() > protected.len() {
            serve(probation, false).or_else(|| serve(protected, true))
        } else {
            serve(protected, true).or_else(|| serve(probation, false))
        };
        match served {
            Some(Ok(value)) => {
                self.counts.hits += 1;
                return Some(value);
            }
            Some(Err(cause)) => removed.extend(self.remove(key, cause)),
            None => {}
        }
        self.counts.misses += 1;
        None
    }

    /// Puts an entry in the place of the one under its key, where that weighs as much at least;
    /// gives it back otherwise, with the other one out of its way.
    pub(super) fn replace(
        &mut self,
        key: Hashed<'_>,
        mut entry: Entry<V>,
        removed: &mut Vec<Removed<V>>,
    ) -> Option<Entry<V>> {
        let borrowed: &dyn HashedKey = &key;
        let mut is_protected = true;
        let known = self.protected.get_mut(borrowed).or_else(|| {
            is_protected = false;
            self.probation.peek_mut(borrowed)
        });
        match known {
            None => return Some(entry),
            Some(known) if known.weight >= entry.weight => {
                let weight = known.weight - entry.weight;
                std::mem::swap(known, &mut entry);
                let key = key.stored();
                let out = self.count(key, entry, RemovalCause::Replaced);
                removed.push(Removed { weight, places: 0, ..out });
                self.counts.inserted += 1;
                return None;
            }
            Some(_) => {}
        }
        removed.extend(self.remove(key, RemovalCause::Replaced));
        if is_protected {
            // It comes back to its queue.
            self.ghosts.remember(key.hash);
        }
        Some(entry)
    }

    /// Stores an entry for which there is room.
    pub(super) fn insert(
        &mut self,
        key: Hashed<'_>,
        entry: Entry<V>,
        removed: &mut Vec<Removed<V>>,
    ) {
        // Another thread may have been faster.
        removed.extend(self.remove(key, RemovalCause::Replaced));
        let protect = self.policy == Policy::Lru || self.ghosts.take(key.hash);
        let queue = if protect { &mut self.protected } else { &mut self.probation };
        queue.put(key.stored(), entry);
        self.counts.inserted += 1;
    }

    /// Takes out the entry that deserves its place least: one that has ended, if it is the oldest of
    /// its queue; else the oldest of the queue that holds more than its part.
    pub(super) fn evict(&mut self, clock: &Clock) -> Option<Removed<V>> {
        let pop_ended = |queue: &mut Queue<V>| {
            let cause = queue.peek_lru()?.1.ended(clock)?;
            Some((cause, queue.pop_lru()?))
        };
        let ended = pop_ended(&mut self.probation).or_else(|| pop_ended(&mut self.protected));
        if let Some((cause, (key, entry))) = ended {
            return Some(self.count(key, entry, cause));
        }
        let part = self.len() / PROBATION_PART;
        while self.probation.len() > part || self.protected.is_empty() {
            let (key, mut entry) = self.probation.pop_lru()?;
            if std::mem::take(&mut entry.asked_for) {
                self.protected.put(key, entry);
                continue;
            }
            self.ghosts.fit(self.len());
            self.ghosts.remember(key.hash);
            return Some(self.count(key, entry, RemovalCause::Evicted));
        }
        let (key, entry) = self.protected.pop_lru()?;
        Some(self.count(key, entry, RemovalCause::Evicted))
    }

    /// Takes out the entry under a key.
    pub(super) fn remove(&mut self, key: Hashed<'_>, cause: RemovalCause) -> Option<Removed<V>> {
        let borrowed: &dyn HashedKey = &key;
        let (key, entry) =
            self.protected.pop_entry(borrowed).or_else(|| self.probation.pop_entry(borrowed))?;
        Some(self.count(key, entry, cause))
    }

    /// Takes out every entry for which `cause` names one.
    pub(super) fn remove_where(
        &mut self,
        cause: impl Fn(&str, &Entry<V>) -> Option<RemovalCause>,
        removed: &mut Vec<Removed<V>>,
    ) {
        let entries = self.probation.iter().chain(self.protected.iter());
        let going: Vec<(StoredKey, RemovalCause)> = entries
            .filter_map(|(key, entry)| Some((key.clone(), cause(&key.text, entry)?)))
            .collect();
        for (key, cause) in going {
            let key = Hashed { hash: key.hash, text: &key.text };
            removed.extend(self.remove(key, cause));
        }
    }

    /// Takes out all entries that may not be served any more.
    pub(super) fn purge(&mut self, clock: &Clock, removed: &mut Vec<Removed<V>>) {
        self.remove_where(|_, entry| entry.ended(clock), removed);
    }

    /// Takes out everything.
    pub(super) fn clear(&mut self, removed: &mut Vec<Removed<V>>) {
        self.remove_where(|_, _| Some(RemovalCause::Invalidated), removed);
        self.ghosts.clear();
    }

    /// The keys of one queue, the one used last first; protected ones were asked for again.
    pub(super) fn keys(&self, protected: bool) -> impl Iterator<Item = &str> {
        let queue = if protected { &self.protected } else { &self.probation };
        queue.iter().map(|(key, _)| &*key.text)
    }

    fn count(&mut self, key: StoredKey, entry: Entry<V>, cause: RemovalCause) -> Removed<V> {
        let counter = match cause {
            RemovalCause::Expired => &mut self.counts.expired,
            RemovalCause::Evicted => &mut self.counts.evicted,
            RemovalCause::Replaced => &mut self.counts.replaced,
            RemovalCause::Invalidated => &mut self.counts.invalidated,
        };
        *counter += 1;
        Removed { key: key.text, value: entry.value, weight: entry.weight, places: 1, cause }
    }
}
