//! A load from its start to its end.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use atg_core::{Cache, EntryOptions, Invalidation};
use futures::FutureExt as _;
use tokio::time::timeout;

use super::{Cached, Flight, Inner, LoadError, LoadOptions, Loaded, Outcome, State, Validators};

tokio::task_local! {
    static WITHIN_A_LOAD: ();
}

/// Whether this is a loader's doing.
pub(super) fn is_within_a_load() -> bool {
    WITHIN_A_LOAD.try_with(|()| ()).is_ok()
}

/// What a load is for.
#[derive(Debug, Clone, Copy)]
struct How {
    /// That there is none is no answer.
    must_be: bool,
    /// Another load waits for it.
    nested: bool,
}

impl<V, E, C> Inner<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
    /// What the tier has; one that hangs has nothing.
    pub(super) async fn look_up(&self, key: &str) -> Option<Cached<V>> {
        if !self.enabled {
            return None;
        }
        timeout(self.load_timeout, self.cache.get(key)).await.ok().flatten()
    }

    pub(super) fn state(&self, found: Option<&Cached<V>>, options: &LoadOptions) -> State {
        found.map_or(State::Gone, |found| found.state(options, self.clock.wall()))
    }

    /// The load of a key: one under way, or one that begins now.
    pub(super) fn start<F, Fut>(
        self: &Arc<Self>,
        key: &str,
        options: &LoadOptions,
        must_be: bool,
        load: F,
    ) -> Arc<Flight<V, E>>
    where
        F: FnOnce(Option<Cached<V>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let (flight, is_new) = self.flights.join(key, &options.tags);
        if is_new {
            let (inner, options, nested) = (self.clone(), options.clone(), is_within_a_load());
            let landing = Landing::new(self, &flight);
            tokio::spawn(async move {
                let how = How { must_be, nested };
                let outcome = inner.load(&landing.flight, &options, how, load).await;
                landing.end(outcome);
            });
        } else {
            self.operations.of(key).coalesced.add(1);
        }
        flight
    }

    async fn load<F, Fut>(
        &self,
        flight: &Flight<V, E>,
        options: &LoadOptions,
        how: How,
        load: F,
    ) -> Outcome<V, E>
    where
        F: FnOnce(Option<Cached<V>>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<Loaded<V>, E>> + Send + 'static,
    {
        let found = self.look_up(flight.key()).await;
        let previous = found.filter(|found| !how.must_be || found.value.is_some());
        if let Some(outcome) = self.loaded_meanwhile(previous.as_ref(), options) {
            return outcome;
        }
        let told = previous.clone();
        match self.in_time(flight, how.nested, async move { load(told).await }).await {
            Ok(loaded) => Ok(self.keep(flight, options, loaded, previous).await),
            Err(error) => Err(self.remember(flight, options, error).await),
        }
    }

    /// The value of a load that ended between a caller's look and the start of this one.
    pub(super) fn loaded_meanwhile(
        &self,
        found: Option<&Cached<V>>,
        options: &LoadOptions,
    ) -> Option<Outcome<V, E>> {
        let fresh = self.state(found, options) == State::Fresh;
        found.filter(|_| fresh).map(|found| Ok(found.value.clone()))
    }

    /// Runs a loader when its turn comes, as long as it may take.
    pub(super) async fn in_time<T>(
        &self,
        flight: &Flight<V, E>,
        nested: bool,
        load: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<T, LoadError<E>> {
        let counts = self.operations.of(flight.key());
        let run = async {
            // Whoever loads for a load does so in its turn. The semaphore is never closed.
            let _turn = if nested { None } else { self.turns.acquire().await.ok() };
            counts.loads.add(1);
            WITHIN_A_LOAD.scope((), AssertUnwindSafe(load).catch_unwind()).await
        };
        match timeout(self.load_timeout, run).await {
            Ok(Ok(Ok(loaded))) => Ok(loaded),
            Ok(Ok(Err(error))) => Err(LoadError::Failed(Arc::new(error))),
            Ok(Err(panic)) => Err(LoadError::Panicked(message(&*panic))),
            Err(_) => Err(LoadError::TimedOut(self.load_timeout)),
        }
    }

    /// Keeps what was loaded, unless it is out of date already.
    pub(super) async fn keep(
        &self,
        flight: &Flight<V, E>,
        options: &LoadOptions,
        loaded: Loaded<V>,
        previous: Option<Cached<V>>,
    ) -> Option<V> {
        let (value, validators) = match (loaded, previous) {
            (Loaded::Value(value, validators), _) => (Some(value), validators),
            (Loaded::NotModified, Some(previous)) => (previous.value, previous.validators),
            (Loaded::NotModified | Loaded::Absent, _) => (None, Validators::default()),
        };
        let entry = options.entry(value.clone(), validators, self.clock.wall());
        let _keeping = flight.keeping.lock().await;
        if flight.is_dirty() {
            self.operations.of(flight.key()).discarded.add(1);
        } else if self.enabled {
            self.put(flight.key(), entry, options).await;
        }
        value
    }

    async fn put(&self, key: &str, entry: Cached<V>, options: &LoadOptions) {
        let time_to_live = options.kept_for(entry.value.is_none());
        let kept = if time_to_live.is_some_and(|time| time.is_zero()) {
            false
        } else {
            let options = EntryOptions { time_to_live, tags: options.tags.clone() };
            timeout(self.load_timeout, self.cache.insert(key, entry, options)).await.is_ok()
        };
        if !kept {
            // What was there is no longer so; and nobody knows what a tier that hangs has kept.
            let key = Invalidation::Key(key.to_owned());
            let _ = timeout(self.load_timeout, self.cache.invalidate(&key)).await;
        }
    }

    /// Lets an error answer for its key for a moment.
    pub(super) async fn remember(
        &self,
        flight: &Flight<V, E>,
        options: &LoadOptions,
        error: LoadError<E>,
    ) -> LoadError<E> {
        self.operations.of(flight.key()).failed.add(1);
        let _keeping = flight.keeping.lock().await;
        if self.enabled && !flight.is_dirty() {
            self.errors.keep(flight.key(), &options.tags, error.clone(), self.error_time);
        }
        error
    }

    /// An error that is still remembered, as an outcome.
    pub(super) fn remembered(&self, key: &str, error: LoadError<E>) -> Outcome<V, E> {
        self.operations.of(key).remembered_errors.add(1);
        Err(error)
    }

    /// Counts an answer of a load; where that failed, the stale value serves, if there is one.
    pub(super) fn or_stale(
        &self,
        key: &str,
        outcome: Outcome<V, E>,
        stale: Option<V>,
    ) -> Outcome<V, E> {
        let counts = self.operations.of(key);
        if outcome.is_err() && stale.is_some() {
            counts.stale.add(1);
            return Ok(stale);
        }
        counts.misses.add(1);
        outcome
    }

    /// Changes the tiers, with the loads that this makes out of date cut off from them.
    pub(super) async fn cut_off<T>(
        &self,
        what: Option<&Invalidation>,
        change: impl Future<Output = T>,
    ) -> T {
        self.detach(what).await;
        let result = change.await;
        // Loads that began meanwhile may have found the old value.
        self.detach(what).await;
        result
    }

    /// Cuts loads off from the cache, and waits for those that are about to put their value there.
    async fn detach(&self, what: Option<&Invalidation>) {
        let detached = self.flights.detach(what);
        self.errors.forget(what);
        for flight in detached {
            drop(flight.keeping.lock().await);
        }
    }
}

/// Tells all who wait how a load ended when it is dropped: at its end, or with the runtime.
pub(super) struct Landing<V: Clone, E, C> {
    inner: Arc<Inner<V, E, C>>,
    pub(super) flight: Arc<Flight<V, E>>,
    outcome: Outcome<V, E>,
}

impl<V: Clone, E, C> Landing<V, E, C> {
    pub(super) fn new(inner: &Arc<Inner<V, E, C>>, flight: &Arc<Flight<V, E>>) -> Self {
        let outcome = Err(LoadError::GivenUp);
        Self { inner: inner.clone(), flight: flight.clone(), outcome }
    }

    pub(super) fn end(mut self, outcome: Outcome<V, E>) {
        self.outcome = outcome;
    }
}

impl<V: Clone, E, C> Drop for Landing<V, E, C> {
    fn drop(&mut self) {
        // What was loaded is in the cache by now: who comes later finds it there.
        self.inner.flights.remove(&self.flight);
        self.flight.finish(std::mem::replace(&mut self.outcome, Err(LoadError::GivenUp)));
    }
}

fn message(panic: &(dyn std::any::Any + Send)) -> Arc<str> {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("no message").into()
}
