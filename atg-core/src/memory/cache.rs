//! [`MemoryCache`]: a plain bounded cache.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::time::Instant;

use crate::{Cache, EntryOptions, Invalidation, glob_matches};

/// A cache in memory that holds a number of entries and, when full, gives up the one inserted
/// first. Time is tokio's, so that paused time moves it.
///
/// Simple rather than fast: one lock, `O(log n)` an insert, and a pass over all entries to
/// invalidate by glob or tag. An expired entry goes when it is asked for or is the oldest.
#[derive(Debug)]
pub struct MemoryCache<V> {
    capacity: usize,
    state: Mutex<State<V>>,
}

#[derive(Debug)]
struct State<V> {
    entries: HashMap<String, Entry<V>>,
    /// Keys by the order of their insertion.
    order: BTreeMap<u64, String>,
    inserted: u64,
}

#[derive(Debug)]
struct Entry<V> {
    value: V,
    /// Never where `None`.
    expires: Option<Instant>,
    tags: Vec<String>,
    order: u64,
}

impl<V: Clone> MemoryCache<V> {
    /// A cache for this many entries; one for 0 keeps nothing.
    pub fn new(capacity: usize) -> Self {
        let state = State { entries: HashMap::new(), order: BTreeMap::new(), inserted: 0 };
        Self { capacity, state: Mutex::new(state) }
    }

    /// The value under a key that has not expired; never waits.
    pub fn lookup(&self, key: &str) -> Option<V> {
        let mut state = self.lock();
        let entry = state.entries.get(key)?;
        if entry.expired(Instant::now()) {
            state.remove(key);
            return None;
        }
        Some(entry.value.clone())
    }

    /// How many entries it holds, those included that have expired and were not asked for since.
    pub fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Whether it holds no entry.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&self, key: &str, value: V, options: EntryOptions) {
        // A time to live beyond the clock's range is none.
        let expires = options.time_to_live.and_then(|ttl| Instant::now().checked_add(ttl));
        let mut state = self.lock();
        state.remove(key);
        if self.capacity == 0 {
            return;
        }
        if state.entries.len() >= self.capacity {
            state.evict();
        }
        state.inserted += 1;
        let order = state.inserted;
        state.order.insert(order, key.to_owned());
        state.entries.insert(key.to_owned(), Entry { value, expires, tags: options.tags, order });
    }

    // Every change leaves the state whole, so a panicked holder of the lock spoils nothing.
    fn lock(&self) -> MutexGuard<'_, State<V>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Entry<V> {
    fn expired(&self, now: Instant) -> bool {
        self.expires.is_some_and(|expires| expires <= now)
    }
}

impl<V> State<V> {
    fn remove(&mut self, key: &str) -> bool {
        let Some(entry) = self.entries.remove(key) else { return false };
        self.order.remove(&entry.order);
        true
    }

    fn evict(&mut self) {
        if let Some((_, key)) = self.order.pop_first() {
            self.entries.remove(&key);
        }
    }

    fn remove_where(&mut self, matches: impl Fn(&str, &Entry<V>) -> bool) -> u64 {
        let going = self.entries.iter().filter(|(key, entry)| matches(key, entry));
        let keys: Vec<String> = going.map(|(key, _)| key.clone()).collect();
        keys.iter().map(|key| u64::from(self.remove(key))).sum()
    }
}

#[async_trait]
impl<V: Clone + Send + Sync + 'static> Cache<V> for MemoryCache<V> {
    async fn get(&self, key: &str) -> Option<V> {
        self.lookup(key)
    }

    async fn insert(&self, key: &str, value: V, options: EntryOptions) {
        self.put(key, value, options);
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        let mut state = self.lock();
        match what {
            Invalidation::Key(key) => u64::from(state.remove(key)),
            Invalidation::Glob(glob) => state.remove_where(|key, _| glob_matches(glob, key)),
            Invalidation::Tag(tag) => state.remove_where(|_, entry| entry.tags.contains(tag)),
        }
    }

    async fn clear(&self) {
        let mut state = self.lock();
        state.entries.clear();
        state.order.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::MemoryCache;
    use crate::{Cache as _, EntryOptions};

    #[tokio::test]
    async fn the_first_inserted_makes_room_and_replacing_does_not() {
        let cache = MemoryCache::new(2);
        for (key, value) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
            cache.insert(key, value, EntryOptions::default()).await;
        }
        assert_eq!(["a", "b", "c"].map(|key| cache.lookup(key)), [Some(3), None, Some(4)]);
        assert_eq!(cache.len(), 2);
    }

    #[tokio::test]
    async fn no_room_keeps_nothing() {
        let cache = MemoryCache::new(0);
        cache.insert("a", 1, EntryOptions::default()).await;
        assert_eq!(cache.get("a").await, None);
        assert!(cache.is_empty());
    }
}
