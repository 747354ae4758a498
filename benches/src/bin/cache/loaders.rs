//! The caches that load what they do not have, each by the call it offers for that.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use atg_cache::{LoadOptions, LoadingCache, MemoryCache};

use crate::data::{Items, Value};

/// How long a load takes.
const LOAD: Duration = Duration::from_millis(20);
const TIME_TO_LIVE: Duration = Duration::from_secs(3_600);
const CAPACITY: usize = 10_000;

/// Why a load failed.
#[derive(Debug)]
pub(crate) struct Failed;

/// What is loaded from; it counts.
pub(crate) struct Origin {
    pub(crate) items: Items,
    /// One key in this many fails; none for 0.
    pub(crate) fails: usize,
    loads: AtomicU64,
}

impl Origin {
    pub(crate) fn new(keys: usize, fails: usize) -> Self {
        Self { items: Items::new(keys), fails, loads: AtomicU64::new(0) }
    }

    /// Whether the load of this key fails.
    pub(crate) fn refuses(&self, index: usize) -> bool {
        self.fails > 0 && index.is_multiple_of(self.fails)
    }

    pub(crate) fn loads(&self) -> u64 {
        self.loads.load(Relaxed)
    }

    async fn load(&self, index: usize) -> Result<Value, Failed> {
        self.loads.fetch_add(1, Relaxed);
        tokio::time::sleep(LOAD).await;
        if self.refuses(index) { Err(Failed) } else { Ok(self.items.values[index].clone()) }
    }
}

/// A cache that loads.
#[async_trait]
pub(crate) trait Loader: Send + Sync {
    fn name(&self) -> &'static str;

    /// The value of this key, or `None` where its load failed.
    async fn get(&self, origin: &Arc<Origin>, index: usize) -> Option<Value>;
}

/// All of them, empty.
pub(crate) fn all() -> Vec<Arc<dyn Loader>> {
    let moka = moka::future::Cache::builder().max_capacity(CAPACITY as u64);
    vec![
        Arc::new(Atg {
            cache: LoadingCache::new(MemoryCache::new(CAPACITY)),
            options: LoadOptions::fresh_for(TIME_TO_LIVE),
        }),
        Arc::new(Moka(moka.time_to_live(TIME_TO_LIVE).build())),
        Arc::new(Quick(quick_cache::sync::Cache::new(CAPACITY))),
    ]
}

struct Atg {
    cache: LoadingCache<Value, Failed>,
    options: LoadOptions,
}

#[async_trait]
impl Loader for Atg {
    fn name(&self) -> &'static str {
        "atg, LoadingCache"
    }

    async fn get(&self, origin: &Arc<Origin>, index: usize) -> Option<Value> {
        let key = &origin.items.keys[index];
        let origin = origin.clone();
        let load = move || async move { origin.load(index).await };
        self.cache.get_or_load(key, &self.options, load).await.ok()
    }
}

struct Moka(moka::future::Cache<Box<str>, Value>);

#[async_trait]
impl Loader for Moka {
    fn name(&self) -> &'static str {
        "moka, try_get_with"
    }

    async fn get(&self, origin: &Arc<Origin>, index: usize) -> Option<Value> {
        self.0.try_get_with(origin.items.keys[index].clone(), origin.load(index)).await.ok()
    }
}

struct Quick(quick_cache::sync::Cache<String, Value>);

#[async_trait]
impl Loader for Quick {
    fn name(&self) -> &'static str {
        "quick_cache, get_or_insert_async"
    }

    async fn get(&self, origin: &Arc<Origin>, index: usize) -> Option<Value> {
        self.0.get_or_insert_async(&*origin.items.keys[index], origin.load(index)).await.ok()
    }
}
