//! Many keys at once: one load for all that are missing.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use atg_core::Cache;

use super::run::{Landing, is_within_a_load};
use super::{
    Cached, Flight, Inner, LoadError, LoadOptions, Loaded, LoadingCache, State, Validators,
};

impl<V, E, C> LoadingCache<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
    /// The values under many keys: those that are missing are loaded by one call of `load`, which
    /// is given their keys in their order, but for those that another call loads already. Keys that `load` leaves
    /// out have no value, and are left out. Stale values are loaded anew, and serve where that
    /// fails and the options allow it.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load), for any of the keys; what was loaded is kept, so a
    /// later call finds it.
    pub async fn get_many<F, Fut>(
        &self,
        keys: &[&str],
        options: &LoadOptions,
        load: F,
    ) -> Result<HashMap<String, V>, LoadError<E>>
    where
        F: FnOnce(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<HashMap<String, V>, E>> + Send + 'static,
    {
        let inner = &self.inner;
        let (mut found, mut seen) = (Vec::with_capacity(keys.len()), HashSet::new());
        for &key in keys.iter().filter(|key| seen.insert(**key)) {
            found.push((key, inner.look_up(key).await));
        }
        let (mut values, mut waiting, mut own) = (HashMap::new(), Vec::new(), Vec::new());
        // Nothing is waited for until all loads have begun: who joins one must not wait in vain
        // where this call is dropped.
        for (key, found) in found {
            let state = inner.state(found.as_ref(), options);
            let value = found.and_then(|found| found.value);
            if matches!(state, State::Fresh | State::Ending) {
                inner.operations.of(key).hits.add(1);
                values.extend(value.map(|value| (key.to_owned(), value)));
                continue;
            }
            let fallback = value.filter(|_| state != State::Gone);
            let known = inner.errors.get(key);
            let flight = known.map_or_else(|| Ok(inner.join(key, options, &mut own)), Err);
            waiting.push((key, fallback, flight));
        }
        inner.start_many(own, options, load);
        for (key, fallback, flight) in waiting {
            let outcome = match flight {
                Ok(flight) => flight.outcome().await,
                Err(error) => inner.remembered(key, error),
            };
            let value = inner.or_stale(key, outcome, fallback)?;
            values.extend(value.map(|value| (key.to_owned(), value)));
        }
        Ok(values)
    }
}

impl<V, E, C> Inner<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
    /// A load under way, or one that is this call's to begin.
    fn join(
        self: &Arc<Self>,
        key: &str,
        options: &LoadOptions,
        own: &mut Vec<Landing<V, E, C>>,
    ) -> Arc<Flight<V, E>> {
        let (flight, is_new) = self.flights.join(key, &options.tags);
        if is_new {
            own.push(Landing::new(self, &flight));
        } else {
            self.operations.of(key).coalesced.add(1);
        }
        flight
    }

    fn start_many<F, Fut>(
        self: &Arc<Self>,
        landings: Vec<Landing<V, E, C>>,
        options: &LoadOptions,
        load: F,
    ) where
        F: FnOnce(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<HashMap<String, V>, E>> + Send + 'static,
    {
        if !landings.is_empty() {
            let (inner, options, nested) = (self.clone(), options.clone(), is_within_a_load());
            tokio::spawn(async move { inner.load_many(landings, &options, nested, load).await });
        }
    }

    async fn load_many<F, Fut>(
        &self,
        landings: Vec<Landing<V, E, C>>,
        options: &LoadOptions,
        nested: bool,
        load: F,
    ) where
        F: FnOnce(Vec<String>) -> Fut + Send + 'static,
        Fut: Future<Output = Result<HashMap<String, V>, E>> + Send + 'static,
    {
        let mut missing = Vec::with_capacity(landings.len());
        for landing in landings {
            let found = self.look_up(landing.flight.key()).await;
            match self.loaded_meanwhile(found.as_ref(), options) {
                Some(outcome) => landing.end(outcome),
                None => missing.push(landing),
            }
        }
        let Some(first) = missing.first().map(|landing| landing.flight.clone()) else { return };
        let keys: Vec<String> =
            missing.iter().map(|landing| landing.flight.key().to_owned()).collect();
        let loaded = self.in_time(&first, nested, async move { load(keys).await }).await;
        for landing in missing {
            let outcome = self.land(&landing.flight, &first, options, &loaded).await;
            landing.end(outcome);
        }
    }

    /// Keeps one value, or the error, of what was loaded for many.
    async fn land(
        &self,
        flight: &Arc<Flight<V, E>>,
        first: &Arc<Flight<V, E>>,
        options: &LoadOptions,
        loaded: &Result<HashMap<String, V>, LoadError<E>>,
    ) -> Result<Option<V>, LoadError<E>> {
        if !Arc::ptr_eq(flight, first) {
            // The first was counted when the loader was called.
            self.operations.of(flight.key()).loads.add(1);
        }
        match loaded {
            Ok(values) => {
                let value = values.get(flight.key()).cloned();
                let value =
                    value.map_or(Loaded::Absent, |v| Loaded::Value(v, Validators::default()));
                Ok(self.keep(flight, options, value, None).await)
            }
            Err(error) => Err(self.remember(flight, options, error.clone()).await),
        }
    }
}
