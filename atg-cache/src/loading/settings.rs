//! [`LoadingCacheBuilder`]: what a loading cache is set to.

use std::collections::HashMap;
use std::time::Duration;

use atg_core::{Cache, Invalidation};

use super::{Cached, LoadingCache};
use crate::Clock;

/// Sets up a [`LoadingCache`]; see [`LoadingCache::builder`].
#[derive(Debug)]
pub struct LoadingCacheBuilder<C> {
    pub(super) cache: C,
    pub(super) enabled: bool,
    pub(super) load_timeout: Duration,
    pub(super) error_time: Duration,
    pub(super) max_loads: usize,
    pub(super) clock: Clock,
    pub(super) events: HashMap<String, Vec<Invalidation>>,
}

impl<C> LoadingCacheBuilder<C> {
    pub(super) fn new(cache: C) -> Self {
        Self {
            cache,
            enabled: true,
            load_timeout: Duration::from_secs(60),
            error_time: Duration::from_secs(1),
            max_loads: 64,
            clock: Clock::system(),
            events: HashMap::new(),
        }
    }

    /// Whether anything is looked up and kept; calls at the same time share a load all the same.
    /// True unless set.
    #[must_use]
    pub fn enabled(mut self, enabled: bool) -> Self {
        self.enabled = enabled;
        self
    }

    /// How long a load may take, its wait for its turn included. 60 seconds unless set.
    #[must_use]
    pub fn load_timeout(mut self, timeout: Duration) -> Self {
        self.load_timeout = timeout;
        self
    }

    /// How long an error answers for its key instead of another load. 1 second unless set; 0 for
    /// not at all, as with [`enabled`](Self::enabled) off.
    #[must_use]
    pub fn error_time(mut self, time: Duration) -> Self {
        self.error_time = time;
        self
    }

    /// How many loads may run at once, one at least; others wait their turn, but for those that a
    /// loader asks for itself. 64 unless set.
    #[must_use]
    pub fn max_loads(mut self, loads: usize) -> Self {
        self.max_loads = loads.clamp(1, tokio::sync::Semaphore::MAX_PERMITS);
        self
    }

    /// The time that freshness is told by; the system's unless set.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// What an event makes out of date, beside what was said of it before: `vm_delete` may mean
    /// the globs `vm_list:*` and `vm_status:*`. See [`LoadingCache::notify`].
    #[must_use]
    pub fn event(
        mut self,
        name: impl Into<String>,
        invalidations: impl IntoIterator<Item = Invalidation>,
    ) -> Self {
        self.events.entry(name.into()).or_default().extend(invalidations);
        self
    }

    /// The cache.
    pub fn build<V, E>(self) -> LoadingCache<V, E, C>
    where
        V: Clone + Send + Sync + 'static,
        E: Send + Sync + 'static,
        C: Cache<Cached<V>> + 'static,
    {
        LoadingCache::open(self)
    }
}
