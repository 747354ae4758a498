//! The suite of caches.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;

use super::suite::{ConformanceFailure, Outcome, Suite, equal};
use crate::{Cache, EntryOptions};

mod expiry;
mod invalidation;
mod keys;

/// Checks a [`Cache`] of bytes against its contract. `make` gives a fresh, empty cache at each
/// call, with room for 100 entries of 1 KB; `advance` moves its clock, which nothing else may
/// move: `tokio::time::advance` under paused time, or the cache's own.
///
/// # Errors
/// Every check that failed, with what it found.
pub async fn cache<C, F, Fut, A, Moved>(make: F, advance: A) -> Result<(), ConformanceFailure>
where
    F: Fn() -> Fut,
    Fut: Future<Output = C>,
    C: Cache<Bytes> + 'static,
    A: Fn(Duration) -> Moved,
    Moved: Future<Output = ()>,
{
    let advance = &advance;
    let mut suite = Suite::new("cache", || async {
        let advance = Box::new(move |by| advance(by).boxed_local());
        Ok(Subject { cache: Arc::new(make().await), advance })
    });
    keys::run(&mut suite).await;
    expiry::run(&mut suite).await;
    invalidation::run(&mut suite).await;
    suite.finish()
}

/// Moves the cache's clock.
type Advance<'a> = Box<dyn Fn(Duration) -> LocalBoxFuture<'a, ()> + 'a>;

/// A cache and its clock.
struct Subject<'a, C> {
    cache: Arc<C>,
    advance: Advance<'a>,
}

impl<C: Cache<Bytes>> Subject<'_, C> {
    async fn insert(&self, key: &str, value: &str, options: EntryOptions) {
        self.cache.insert(key, Bytes::copy_from_slice(value.as_bytes()), options).await;
    }

    /// Keeps a value without an end.
    async fn keep(&self, key: &str, value: &str) {
        self.insert(key, value, EntryOptions::default()).await;
    }

    async fn advance(&self, by: Duration) {
        (self.advance)(by).await;
    }

    /// Fails unless a key has this value.
    async fn serves(&self, key: &str, value: &str) -> Outcome {
        let expected = Some(Bytes::copy_from_slice(value.as_bytes()));
        equal(&format!("the value under {key:?}"), &self.cache.get(key).await, &expected)
    }

    /// Fails if a key has a value.
    async fn misses(&self, key: &str) -> Outcome {
        equal(&format!("the value under {key:?}"), &self.cache.get(key).await, &None)
    }
}
