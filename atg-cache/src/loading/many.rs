//! Many keys at once: one load for all that are missing.

use std::collections::HashMap;
use std::sync::Arc;

use atg_core::Cache;

use super::run::Landing;
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
    /// is given their keys, but for those that another call loads already. Keys that `load` leaves
    /// out have no value, and are left out. Stale values are loaded anew.
    ///
    /// # Errors
    /// As [`get_or_load`](Self::get_or_load), for any of the keys; what was loaded is kept.
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
        let mut values = HashMap::new();
        let (mut flights, mut own) = (HashMap::new(), Vec::new());
        for &key in keys {
            if values.contains_key(key) || flights.contains_key(key) {
                continue;
            }
            let counts = inner.operations.of(key);
            let found = inner.look_up(key).await;
            if matches!(inner.state(found.as_ref(), options), State::Fresh | State::Ending) {
                counts.hits.add(1);
                values.insert(key.to_owned(), found.and_then(|found| found.value));
                continue;
            }
            counts.misses.add(1);
            if let Some(error) = inner.errors.get(key) {
                counts.remembered_errors.add(1);
                inner.start_many(own, options, load);
                return Err(error);
            }
            let (flight, is_new) = inner.flights.join(key, &options.tags);
            if is_new {
                own.push(Landing::new(inner, &flight));
            } else {
                counts.coalesced.add(1);
            }
            flights.insert(key.to_owned(), flight);
        }
        inner.start_many(own, options, load);
        for (key, flight) in flights {
            values.insert(key, flight.outcome().await?);
        }
        Ok(values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }
}

impl<V, E, C> Inner<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
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
            let (inner, options) = (self.clone(), options.clone());
            tokio::spawn(async move { inner.load_many(landings, &options, load).await });
        }
    }

    async fn load_many<F, Fut>(
        &self,
        landings: Vec<Landing<V, E, C>>,
        options: &LoadOptions,
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
        let loaded = self.in_time(&first, async move { load(keys).await }).await;
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
            Err(error) => Err(self.remember(flight, options, error.clone())),
        }
    }
}
