//! Errors of loads, kept for a moment: a loader that fails is not called by every caller in turn.

use std::num::NonZeroUsize;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atg_core::Invalidation;
use lru::LruCache;
use tokio::time::Instant;

use super::error::LoadError;

/// How many keys' errors are kept.
const MOST: NonZeroUsize = NonZeroUsize::MIN.saturating_add(4_095);

#[derive(Debug)]
struct Recent<E> {
    error: LoadError<E>,
    tags: Vec<String>,
    until: Instant,
}

#[derive(Debug)]
pub(super) struct RecentErrors<E>(Mutex<LruCache<String, Recent<E>>>);

impl<E> Default for RecentErrors<E> {
    fn default() -> Self {
        Self(Mutex::new(LruCache::sparse(MOST)))
    }
}

impl<E> RecentErrors<E> {
    pub(super) fn get(&self, key: &str) -> Option<LoadError<E>> {
        let mut errors = self.lock();
        if errors.get(key)?.until <= Instant::now() {
            errors.pop(key);
            return None;
        }
        errors.get(key).map(|recent| recent.error.clone())
    }

    pub(super) fn keep(&self, key: &str, tags: &[String], error: LoadError<E>, time: Duration) {
        if time.is_zero() {
            return;
        }
        let Some(until) = Instant::now().checked_add(time) else { return };
        let recent = Recent { error, tags: tags.to_vec(), until };
        let before = self.lock().put(key.to_owned(), recent);
        // Outside of the lock, for what it drops is not ours.
        drop(before);
    }

    pub(super) fn forget(&self, what: Option<&Invalidation>) {
        let named =
            |key: &str, recent: &Recent<E>| what.is_none_or(|what| what.names(key, &recent.tags));
        self.lock().retain(|key, recent| !named(key, recent));
    }

    fn lock(&self) -> MutexGuard<'_, LruCache<String, Recent<E>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
