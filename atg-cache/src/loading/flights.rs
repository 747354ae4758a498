//! Loads under way: one a key.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atg_core::Invalidation;
use tokio::sync::watch;

use super::error::LoadError;

/// What a load comes to; `None` where there is no such thing.
pub(super) type Outcome<V, E> = Result<Option<V>, LoadError<E>>;

/// A load under way.
#[derive(Debug)]
pub(super) struct Flight<V, E> {
    key: String,
    /// Of all who wait for it.
    tags: Mutex<Vec<String>>,
    /// An invalidation came: what is loaded may be out of date, and is not to be kept.
    dirty: AtomicBool,
    /// Held while the result is put into the cache, so that an invalidation can wait for that.
    pub(super) keeping: tokio::sync::Mutex<()>,
    result: watch::Sender<Option<Outcome<V, E>>>,
}

impl<V: Clone, E> Flight<V, E> {
    pub(super) fn is_dirty(&self) -> bool {
        self.dirty.load(Ordering::Acquire)
    }

    fn tags(&self) -> MutexGuard<'_, Vec<String>> {
        self.tags.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    pub(super) fn finish(&self, outcome: Outcome<V, E>) {
        self.result.send_replace(Some(outcome));
    }

    /// Waits for the result. Dropping the future leaves the load alone.
    pub(super) async fn outcome(&self) -> Outcome<V, E> {
        let mut result = self.result.subscribe();
        match result.wait_for(Option::is_some).await {
            Ok(outcome) => outcome.clone().unwrap_or(Err(LoadError::GivenUp)),
            Err(_) => Err(LoadError::GivenUp),
        }
    }
}

type Table<V, E> = HashMap<String, Arc<Flight<V, E>>, foldhash::fast::RandomState>;

/// All loads under way that a caller may still join.
#[derive(Debug)]
pub(super) struct Flights<V, E>(Mutex<Table<V, E>>);

impl<V, E> Default for Flights<V, E> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V: Clone, E> Flights<V, E> {
    /// The load of a key, and whether it begins with this call.
    pub(super) fn join(&self, key: &str, tags: &[String]) -> (Arc<Flight<V, E>>, bool) {
        let mut table = self.lock();
        if let Some(flight) = table.get(key) {
            let mut known = flight.tags();
            let new = tags.iter().filter(|tag| !known.contains(tag)).cloned();
            let new: Vec<String> = new.collect();
            known.extend(new);
            return (flight.clone(), false);
        }
        let flight = Arc::new(Flight {
            key: key.to_owned(),
            tags: Mutex::new(tags.to_vec()),
            dirty: AtomicBool::new(false),
            keeping: tokio::sync::Mutex::default(),
            result: watch::Sender::new(None),
        });
        table.insert(key.to_owned(), flight.clone());
        (flight, true)
    }

    /// Lets nobody join a load that has ended.
    pub(super) fn remove(&self, flight: &Arc<Flight<V, E>>) {
        let mut table = self.lock();
        // Another may have begun since this one became dirty.
        if table.get(&flight.key).is_some_and(|other| Arc::ptr_eq(other, flight)) {
            table.remove(&flight.key);
        }
    }

    /// Marks the loads that an invalidation names (`None` for all) as out of date: nothing of
    /// them is kept, and nobody joins them any more.
    pub(super) fn detach(&self, what: Option<&Invalidation>) -> Vec<Arc<Flight<V, E>>> {
        let named =
            |flight: &Flight<V, E>| what.is_none_or(|what| what.names(&flight.key, &flight.tags()));
        let detached: Vec<_> =
            self.lock().extract_if(|_, flight| named(flight)).map(|(_, flight)| flight).collect();
        for flight in &detached {
            flight.dirty.store(true, Ordering::Release);
        }
        detached
    }

    // Every change leaves the table whole.
    fn lock(&self) -> MutexGuard<'_, Table<V, E>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
