//! [`MemoryCacheBuilder`]: what a cache in memory is set to.

use std::sync::Arc;

use super::MemoryCache;
use super::removal::{Listener, RemovalCause};
use crate::Clock;

/// Who goes when room is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Policy {
    /// 2Q: what was asked for once makes room before what is asked for again, so a scan does not
    /// flush the cache. The default.
    #[default]
    TwoQueues,
    /// Exactly the least recently used, over the whole cache: one lock for all of it.
    Lru,
}

pub(super) type Weigh<V> = dyn Fn(&str, &V) -> u32 + Send + Sync;

/// Sets up a [`MemoryCache`]; see [`MemoryCache::builder`].
pub struct MemoryCacheBuilder<V> {
    pub(super) capacity: usize,
    pub(super) policy: Policy,
    pub(super) max_weight: u64,
    pub(super) weigh: Option<Arc<Weigh<V>>>,
    pub(super) jitter: f64,
    pub(super) clock: Clock,
    pub(super) listener: Listener<V>,
}

impl<V> std::fmt::Debug for MemoryCacheBuilder<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MemoryCacheBuilder")
            .field("capacity", &self.capacity)
            .field("policy", &self.policy)
            .field("max_weight", &self.max_weight)
            .finish_non_exhaustive()
    }
}

impl<V> MemoryCacheBuilder<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            capacity,
            policy: Policy::default(),
            max_weight: u64::MAX,
            weigh: None,
            jitter: 0.0,
            clock: Clock::system(),
            listener: Listener(None),
        }
    }

    /// Who goes when room is needed; [`Policy::TwoQueues`] unless set.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.policy = policy;
        self
    }

    /// What all entries together may weigh at the most, at every moment, as `weigh` says of each
    /// when it is inserted: bytes, usually, 4 GiB an entry at the most. A value that weighs more
    /// than all may is not kept and counts as rejected. No bound unless set.
    #[must_use]
    pub fn max_weight(
        mut self,
        most: u64,
        weigh: impl Fn(&str, &V) -> u32 + Send + Sync + 'static,
    ) -> Self {
        self.max_weight = most;
        self.weigh = Some(Arc::new(weigh));
        self
    }

    /// Shortens each time to live by a random part of this fraction, 0 (the default) to 0.5, so
    /// that what was loaded together does not expire together.
    #[must_use]
    pub fn jitter(mut self, fraction: f64) -> Self {
        self.jitter = if fraction.is_nan() { 0.0 } else { fraction.clamp(0.0, 0.5) };
        self
    }

    /// The time that entries live by; the system's unless set.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Is told of every entry that went, and why: by the call that took it out, outside of all
    /// locks. It may look things up, but not insert: the entry's room is not free yet, and the next
    /// one would go for it. A panic of it is the caller's.
    #[must_use]
    pub fn on_removal(
        mut self,
        listen: impl Fn(&str, &V, RemovalCause) + Send + Sync + 'static,
    ) -> Self {
        self.listener = Listener(Some(Arc::new(listen)));
        self
    }

    /// The cache.
    pub fn build(self) -> MemoryCache<V> {
        MemoryCache::open(self)
    }
}
