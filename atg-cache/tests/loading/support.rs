//! What the tests load into, and by what.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use atg_cache::{Cached, Clock, LoadOptions, LoadingCache, LoadingCacheBuilder, MemoryCache};
use atg_core::Invalidation;

pub(crate) type Memory = MemoryCache<Cached<u64>>;
pub(crate) type Loading = LoadingCache<u64, String>;

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// A cache whose time is tokio's, and the tier below.
pub(crate) fn builder() -> (LoadingCacheBuilder<Memory>, Memory) {
    let memory = MemoryCache::builder(1_000).clock(Clock::tokio()).build();
    (LoadingCache::builder(memory.clone()).clock(Clock::tokio()), memory)
}

pub(crate) fn cache() -> Loading {
    builder().0.build()
}

pub(crate) fn minute() -> LoadOptions {
    LoadOptions::fresh_for(60 * SECOND)
}

/// A loader that counts its calls, and gives their number.
#[derive(Clone, Default)]
pub(crate) struct Counting(pub(crate) Arc<AtomicU64>);

impl Counting {
    pub(crate) fn load(
        &self,
    ) -> impl FnOnce() -> std::future::Ready<Result<u64, String>> + Send + use<> {
        let count = self.0.clone();
        move || std::future::ready(Ok(count.fetch_add(1, SeqCst) + 1))
    }

    pub(crate) fn calls(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

pub(crate) fn key(name: &str) -> Invalidation {
    Invalidation::Key(name.to_owned())
}
