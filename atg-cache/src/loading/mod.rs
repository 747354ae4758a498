//! [`LoadingCache`]: one load a key, whoever asks; freshness; invalidation that is never too early.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use atg_core::{Cache, Invalidation};
use tokio::sync::Semaphore;

use crate::{Clock, MemoryCache};

mod call;
mod counts;
mod error;
mod flights;
mod freshness;
mod many;
mod recent_errors;
mod run;
mod settings;

pub use call::CachedCall;
use counts::Operations;
pub use counts::{LoadStats, OperationStats};
pub use error::LoadError;
use flights::{Flight, Flights, Outcome};
use freshness::State;
pub use freshness::{Cached, LoadOptions, Loaded, Validators};
use recent_errors::RecentErrors;
pub use settings::LoadingCacheBuilder;

/// A cache that loads what it does not have. A clone is another handle to the same one.
///
/// - **A loader may load other keys** through the same cache; one that asks for its own key waits
///   for itself until the time-out.
/// - **Single flight**: callers of one key at the same time share one load and its result, the
///   error included, which answers for a moment longer ([`error_time`]).
/// - **A load runs in a task of its own**, within tokio's runtime, at most as long as the
///   [`load_timeout`]; a caller that is cancelled only stops waiting, and a panic of the loader is
///   an error of its callers.
/// - **Invalidation** that comes while a value is loaded keeps that value out of the cache, and a
///   later caller loads again. It must come by this cache, or by a broadcast to it: one that goes
///   round it to the tier below does not reach loads under way.
/// - **Freshness**: see [`LoadOptions`]. It is told by wall time, for tiers outlive processes; an
///   entry from the future is loaded again.
/// - **A tier that fails** is a miss.
///
/// [`error_time`]: LoadingCacheBuilder::error_time
/// [`load_timeout`]: LoadingCacheBuilder::load_timeout
///
/// ```
/// use std::time::Duration;
/// use atg_cache::{LoadOptions, LoadingCache, MemoryCache};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let cache: LoadingCache<String, std::io::Error> = LoadingCache::new(MemoryCache::new(1_000));
/// let options = LoadOptions::fresh_for(Duration::from_secs(300));
/// let load = || async { Ok("a list of machines".to_owned()) };
/// assert_eq!(cache.get_or_load("vm_list:all", &options, load).await?, "a list of machines");
/// # Ok(())
/// # }
/// ```
pub struct LoadingCache<V, E, C = MemoryCache<Cached<V>>> {
    inner: Arc<Inner<V, E, C>>,
}

struct Inner<V, E, C> {
    cache: C,
    enabled: bool,
    load_timeout: Duration,
    error_time: Duration,
    clock: Clock,
    turns: Semaphore,
    flights: Flights<V, E>,
    errors: RecentErrors<E>,
    events: HashMap<String, Vec<Invalidation>>,
    operations: Operations,
}

impl<V, E, C> Clone for LoadingCache<V, E, C> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<V, E, C> fmt::Debug for LoadingCache<V, E, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.inner.operations.stats().total();
        f.debug_struct("LoadingCache").field("stats", &stats).finish_non_exhaustive()
    }
}

// What is loaded is known when the cache is built, not before.
impl LoadingCache<(), (), ()> {
    /// Sets up a cache over a tier, or over layers of them.
    pub fn builder<C>(cache: C) -> LoadingCacheBuilder<C> {
        LoadingCacheBuilder::new(cache)
    }
}

impl<V, E, C> LoadingCache<V, E, C> {
    /// The tier below, for its statistics; what is invalidated there by hand is not known here.
    pub fn tier(&self) -> &C {
        &self.inner.cache
    }

    /// What was asked for and what it took, by operation.
    pub fn stats(&self) -> OperationStats {
        self.inner.operations.stats()
    }
}

impl<V, E, C> LoadingCache<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
    /// A cache over a tier, set as the builder is by default.
    pub fn new(cache: C) -> Self {
        LoadingCacheBuilder::new(cache).build()
    }

    fn open(settings: LoadingCacheBuilder<C>) -> Self {
        let inner = Inner {
            cache: settings.cache,
            enabled: settings.enabled,
            load_timeout: settings.load_timeout,
            error_time: settings.error_time,
            clock: settings.clock,
            turns: Semaphore::new(settings.max_loads),
            flights: Flights::default(),
            errors: RecentErrors::default(),
            events: settings.events,
            operations: Operations::default(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// The value under a key, loaded where there is none that may be served.
    ///
    /// # Errors
    /// The loader's, shared with all who waited for it; its time-out; its panic.
    pub async fn get_or_load<F, Fut>(
        &self,
        key: &str,
        options: &LoadOptions,
        load: F,
    ) -> Result<V, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let load = |_| async { load().await.map(Loaded::from) };
        // That there is none may be known, or come from another caller's load: this one knows better.
        self.fetch(key, options, true, load).await?.ok_or(LoadError::Absent)
    }

    /// The same with a loader that is told of the entry there was, to ask only for what changed
    /// since, and may say that there is no such thing.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load).
    pub async fn get_or_revalidate<F, Fut>(
        &self,
        key: &str,
        options: &LoadOptions,
        load: F,
    ) -> Result<Option<V>, LoadError<E>>
    where
        F: FnOnce(Option<Cached<V>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        self.fetch(key, options, false, load).await
    }

    async fn fetch<F, Fut>(
        &self,
        key: &str,
        options: &LoadOptions,
        must_be: bool,
        load: F,
    ) -> Outcome<V, E>
    where
        F: FnOnce(Option<Cached<V>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let inner = &self.inner;
        let counts = inner.operations.of(key);
        let found = inner.look_up(key).await.filter(|found| !must_be || found.value.is_some());
        let state = inner.state(found.as_ref(), options);
        let value = found.and_then(|found| found.value);
        match state {
            State::Fresh | State::Ending => counts.hits.add(1),
            State::Revalidate => counts.stale.add(1),
            State::Fallback | State::Gone => {
                let outcome = match inner.errors.get(key) {
                    Some(error) => inner.remembered(key, error),
                    None => inner.start(key, options, must_be, load).outcome().await,
                };
                return inner.or_stale(key, outcome, value.filter(|_| state == State::Fallback));
            }
        }
        if state != State::Fresh && inner.errors.get(key).is_none() {
            inner.start(key, options, must_be, load);
        }
        Ok(value)
    }

    /// Forgets what the invalidation names, here and in the tiers below, loads under way included;
    /// returns how many entries went, as far as the tiers can tell. A later call loads again.
    pub async fn invalidate(&self, what: &Invalidation) -> u64 {
        self.inner.cut_off(Some(what), self.inner.cache.invalidate(what)).await
    }

    /// Forgets everything.
    pub async fn clear(&self) {
        self.inner.cut_off(None, self.inner.cache.clear()).await;
    }

    /// Forgets what another process invalidated (`None`: anything, perhaps), loads under way
    /// included, and tells nobody: for a broadcast such as `RedisCache::subscribe` gives.
    pub async fn heard(&self, what: Option<&Invalidation>) {
        self.inner.cut_off(what, self.inner.cache.heard(what)).await;
    }

    /// Forgets what an event makes out of date, as set by the builder; returns how many entries
    /// went. One nobody spoke of is logged, and nothing else.
    pub async fn notify(&self, event: &str) -> u64 {
        let Some(invalidations) = self.inner.events.get(event) else {
            tracing::warn!(event, "no such event: say what it invalidates by the builder");
            return 0;
        };
        let mut gone = 0;
        for what in invalidations {
            gone += self.invalidate(what).await;
        }
        gone
    }
}
