//! The caches that are compared, each with what it has to offer for a time to live.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use atg_cache::{MemoryCache, Policy};
use atg_core::EntryOptions;
use foldhash::fast::RandomState as Foldhash;
use futures::FutureExt as _;
use futures::executor::block_on;
use lru::LruCache;

use crate::data::{Items, Value};

/// How long entries live: longer than the benchmark.
const TIME_TO_LIVE: Duration = Duration::from_secs(3_600);

/// What can be looked up in.
pub(crate) trait Lookup: Send + Sync {
    fn get(&self, key: &str) -> Option<Value>;
}

/// What can be filled while others look up.
pub(crate) trait Peer: Lookup {
    fn insert(&self, key: &str, value: &Value);

    /// How many entries it holds, after it did what it put off.
    fn entries(&self) -> u64;
}

/// A map that nobody changes, without a lock: nothing that also evicts can be faster.
pub(crate) struct Plain(HashMap<Box<str>, Value, Foldhash>);

impl Plain {
    pub(crate) fn new(items: &Items) -> Self {
        Self(items.keys.iter().cloned().zip(items.values.iter().cloned()).collect())
    }
}

impl Lookup for Plain {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.get(key).cloned()
    }
}

/// Ours.
pub(crate) struct Atg {
    cache: MemoryCache<Value>,
    options: EntryOptions,
}

impl Atg {
    pub(crate) fn new(capacity: usize, policy: Policy) -> Self {
        Self::over(MemoryCache::builder(capacity).policy(policy).build())
    }

    /// Bounded by the bytes of the values.
    pub(crate) fn weighted(bytes: u64, policy: Policy) -> Self {
        let builder = MemoryCache::builder(10_000).policy(policy);
        Self::over(builder.max_weight(bytes, |_, value| weight(value)).build())
    }

    fn over(cache: MemoryCache<Value>) -> Self {
        Self { cache, options: EntryOptions::ttl(TIME_TO_LIVE) }
    }
}

impl Lookup for Atg {
    fn get(&self, key: &str) -> Option<Value> {
        self.cache.get(key)
    }
}

impl Peer for Atg {
    fn insert(&self, key: &str, value: &Value) {
        self.cache.insert(key, value.clone(), &self.options);
    }

    fn entries(&self) -> u64 {
        self.cache.stats().entries
    }
}

/// What people write first; no time to live.
pub(crate) struct Locked(Mutex<LruCache<Box<str>, Value>>);

impl Locked {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(Mutex::new(LruCache::new(NonZeroUsize::new(capacity).unwrap_or(NonZeroUsize::MIN))))
    }
}

impl Lookup for Locked {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }
}

impl Peer for Locked {
    fn insert(&self, key: &str, value: &Value) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).put(key.into(), value.clone());
    }

    fn entries(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

/// `moka`, without futures.
pub(crate) struct MokaSync<S>(moka::sync::Cache<Box<str>, Value, S>);

impl<S: BuildHasher + Clone + Default + Send + Sync + 'static> MokaSync<S> {
    pub(crate) fn new(capacity: usize) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(capacity as u64);
        Self(builder.time_to_live(TIME_TO_LIVE).build_with_hasher(S::default()))
    }

    /// Bounded by the bytes of the values.
    pub(crate) fn weighted(bytes: u64) -> Self {
        let builder = moka::sync::Cache::builder().max_capacity(bytes);
        let builder = builder.weigher(|_, value| weight(value));
        Self(builder.time_to_live(TIME_TO_LIVE).build_with_hasher(S::default()))
    }
}

impl<S: BuildHasher + Clone + Send + Sync + 'static> Lookup for MokaSync<S> {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.get(key)
    }
}

impl<S: BuildHasher + Clone + Send + Sync + 'static> Peer for MokaSync<S> {
    fn insert(&self, key: &str, value: &Value) {
        self.0.insert(key.into(), value.clone());
    }

    fn entries(&self) -> u64 {
        self.0.run_pending_tasks();
        self.0.entry_count()
    }
}

/// `moka`, with futures.
pub(crate) struct MokaFuture(moka::future::Cache<Box<str>, Value>);

impl MokaFuture {
    pub(crate) fn new(capacity: usize) -> Self {
        let builder = moka::future::Cache::builder().max_capacity(capacity as u64);
        Self(builder.time_to_live(TIME_TO_LIVE).build())
    }
}

impl Lookup for MokaFuture {
    fn get(&self, key: &str) -> Option<Value> {
        finish(self.0.get(key))
    }
}

impl Peer for MokaFuture {
    fn insert(&self, key: &str, value: &Value) {
        finish(self.0.insert(key.into(), value.clone()));
    }

    fn entries(&self) -> u64 {
        finish(self.0.run_pending_tasks());
        self.0.entry_count()
    }
}

/// `quick_cache`, which has no time to live.
pub(crate) struct Quick(quick_cache::sync::Cache<Box<str>, Value>);

impl Quick {
    pub(crate) fn new(capacity: usize) -> Self {
        Self(quick_cache::sync::Cache::new(capacity))
    }
}

impl Lookup for Quick {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.get(key)
    }
}

impl Peer for Quick {
    fn insert(&self, key: &str, value: &Value) {
        self.0.insert(key.into(), value.clone());
    }

    fn entries(&self) -> u64 {
        self.0.len() as u64
    }
}

/// `quick_cache`, bounded by the bytes of the values.
pub(crate) struct QuickWeighted(quick_cache::sync::Cache<Box<str>, Value, ByBytes>);

impl QuickWeighted {
    pub(crate) fn new(bytes: u64, entries: usize) -> Self {
        Self(quick_cache::sync::Cache::with_weighter(entries, bytes, ByBytes))
    }
}

/// Weighs values for `quick_cache`.
#[derive(Clone)]
pub(crate) struct ByBytes;

impl quick_cache::Weighter<Box<str>, Value> for ByBytes {
    fn weight(&self, _key: &Box<str>, value: &Value) -> u64 {
        u64::from(weight(value))
    }
}

impl Lookup for QuickWeighted {
    fn get(&self, key: &str) -> Option<Value> {
        self.0.get(key)
    }
}

impl Peer for QuickWeighted {
    fn insert(&self, key: &str, value: &Value) {
        self.0.insert(key.into(), value.clone());
    }

    fn entries(&self) -> u64 {
        self.0.len() as u64
    }
}

fn weight(value: &Value) -> u32 {
    u32::try_from(value.len()).unwrap_or(u32::MAX)
}

/// Most are ready at once, and need nothing that wakes them.
fn finish<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    match future.as_mut().now_or_never() {
        Some(output) => output,
        None => block_on(future),
    }
}
