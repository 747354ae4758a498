//! [`CachedCall`]: a call that is cached, in words.

use atg_core::Cache;

use super::{Cached, LoadError, LoadOptions, LoadingCache};

/// Any asynchronous function, cached one way: `cache.cached(options).call(key, load)`. See
/// [`LoadingCache::cached`].
#[derive(Debug)]
pub struct CachedCall<V, E, C> {
    cache: LoadingCache<V, E, C>,
    options: LoadOptions,
}

impl<V, E, C> Clone for CachedCall<V, E, C> {
    fn clone(&self) -> Self {
        Self { cache: self.cache.clone(), options: self.options.clone() }
    }
}

impl<V, E, C> LoadingCache<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
    /// A way to cache calls: for this long, with these tags.
    pub fn cached(&self, options: LoadOptions) -> CachedCall<V, E, C> {
        CachedCall { cache: self.clone(), options }
    }

    /// Makes a call that changes something, and then forgets what the event makes out of date:
    /// also where the call fails, for it may have changed something all the same. Where the future
    /// is dropped amid the call, nothing is forgotten; once the call has ended, everything is.
    ///
    /// # Errors
    /// The call's.
    pub async fn invalidating<T, F>(
        &self,
        event: &str,
        call: impl Future<Output = Result<T, F>>,
    ) -> Result<T, F> {
        let result = call.await;
        let (cache, event) = (self.clone(), event.to_owned());
        // In a task of its own, which goes on where this is dropped; it does not panic.
        let _ = tokio::spawn(async move { cache.notify(&event).await }).await;
        result
    }
}

impl<V, E, C> CachedCall<V, E, C>
where
    V: Clone + Send + Sync + 'static,
    E: Send + Sync + 'static,
    C: Cache<Cached<V>> + 'static,
{
    /// The cached value under a key, or what the call gives.
    ///
    /// # Errors
    /// As [`LoadingCache::get_or_load`].
    pub async fn call<F, Fut>(&self, key: impl AsRef<str>, load: F) -> Result<V, LoadError<E>>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        self.cache.get_or_load(key.as_ref(), &self.options, load).await
    }

    /// Loads keys ahead, one after the other, and says how many are there now; errors are counted
    /// and left for the callers to come.
    pub async fn warm_up<F, Fut>(&self, keys: impl IntoIterator<Item = String>, load: F) -> usize
    where
        F: Fn(&str) -> Fut,
        Fut: Future<Output = Result<V, E>> + Send + 'static,
    {
        let mut warm = 0;
        for key in keys {
            let value = load(&key);
            warm += usize::from(self.call(&key, || value).await.is_ok());
        }
        warm
    }
}
