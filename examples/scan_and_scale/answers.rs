//! What is asked of Azure beside the resources, and the cache that keeps it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use atg_azure::AnswerCache;
use atg_cache::{Cached, FileCache, Json, Layered, LoadingCache, MemoryCache, TierStats};
use atg_core::{Cache, NoCache, Result};
use serde::Serialize;

use crate::options::Options;

/// Answers kept in memory; there are few of them, and they are small.
const ENTRIES: usize = 1_000;

/// A throttled call waits for Azure up to 15 minutes.
const LOAD_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// The cache, and its tiers for their statistics.
pub(crate) struct Answers {
    pub(crate) cache: AnswerCache,
    memory: Option<MemoryCache<Cached<String>>>,
    file: Option<FileCache>,
}

impl Answers {
    /// The cache that the options ask for.
    pub(crate) fn open(options: &Options) -> Result<Self> {
        let memory = (!options.no_cache).then(|| MemoryCache::new(ENTRIES));
        let file =
            options.cache.as_ref().map(|path| FileCache::builder(path).open()).transpose()?;
        let tier: Arc<dyn Cache<Cached<String>>> = match (&memory, &file) {
            (None, _) => Arc::new(NoCache),
            (Some(memory), None) => Arc::new(memory.clone()),
            (Some(memory), Some(file)) => {
                Arc::new(Layered::new(memory.clone(), Json::new(file.clone())))
            }
        };
        let cache = LoadingCache::builder(tier).load_timeout(LOAD_TIMEOUT).build();
        Ok(Self { cache, memory, file })
    }

    /// What the cache did in this run.
    pub(crate) fn section(&self) -> CacheSection {
        let total = self.cache.stats().total();
        let memory = self.memory.as_ref().map(|tier| ("memory".to_owned(), tier.stats()));
        let file = self.file.as_ref().map(|tier| ("file".to_owned(), tier.stats()));
        CacheSection {
            hits: total.hits + total.stale,
            misses: total.misses,
            hit_ratio: total.hit_ratio(),
            calls: total.loads,
            tiers: memory.into_iter().chain(file).collect(),
        }
    }
}

/// The cache in the report.
#[derive(Debug, Default, Serialize)]
pub(crate) struct CacheSection {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    pub(crate) hit_ratio: f64,
    /// Calls of Azure's, such as the list of providers, for what the cache did not have.
    pub(crate) calls: u64,
    pub(crate) tiers: BTreeMap<String, TierStats>,
}
