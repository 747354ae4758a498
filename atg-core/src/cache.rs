//! [`Cache`]: keeping answers for a while.

use std::future::Future;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

/// What to invalidate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Invalidation {
    /// One key.
    Key(String),
    /// Every key that a glob matches: `*` stands for any run of characters, all others for
    /// themselves: `vm_list:*`.
    Glob(String),
    /// Every entry that was inserted with this tag.
    Tag(String),
}

impl Invalidation {
    /// Whether it means an entry with this key and these tags.
    pub fn names(&self, key: &str, tags: &[String]) -> bool {
        match self {
            Self::Key(named) => named == key,
            Self::Glob(glob) => glob_matches(glob, key),
            Self::Tag(tag) => tags.contains(tag),
        }
    }
}

/// How an entry is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EntryOptions {
    /// How long it may be served; `None` for as long as it is not evicted; zero for not at all;
    /// more than the clock can tell is as good as `None`.
    pub time_to_live: Option<Duration>,
    /// Tags by which it can be invalidated.
    pub tags: Vec<String>,
}

impl EntryOptions {
    /// An entry that may be served for this long.
    pub fn ttl(time_to_live: Duration) -> Self {
        Self { time_to_live: Some(time_to_live), tags: Vec::new() }
    }

    /// The same with one more tag.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }
}

/// A value that a cache found, and how it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found<V> {
    /// The value.
    pub value: V,
    /// What a faster tier should keep it with: the time it has left, and its tags; `None` where
    /// the cache cannot tell, and no other should keep it.
    pub options: Option<EntryOptions>,
}

/// Keeps values by key for a while: memory, a file, a server, or layers of them.
///
/// - **Expiry**: an entry is never served once its time to live has passed. Every tier keeps at
///   least the order: expired, then gone.
/// - **A failed tier is a miss**: no error reaches the caller; the tier counts it.
/// - **Whole keys are compared**; two keys never share an entry.
/// - **`insert` replaces**; whether an entry is kept is the cache's choice (too large, no room).
/// - **Invalidation** is done when the call returns: a later `get` in this process misses.
/// - **Concurrency**: every method from many tasks at once.
/// - **Cancellation**: a dropped call leaves every other entry as it was.
///
/// The methods are asynchronous for the sake of tiers that wait. A memory tier's hot path is its
/// own plain method.
#[async_trait]
pub trait Cache<V = Bytes>: Send + Sync
where
    V: Clone + Send + Sync + 'static,
{
    /// The value under a key that has not expired.
    async fn get(&self, key: &str) -> Option<V>;

    /// The same, with how it is kept, so that another tier can keep it no longer than this one.
    async fn find(&self, key: &str) -> Option<Found<V>> {
        self.get(key).await.map(|value| Found { value, options: None })
    }

    /// Keeps a value under a key.
    async fn insert(&self, key: &str, value: V, options: EntryOptions);

    /// Forgets what the invalidation names; returns how many entries went, 0 where the tier
    /// cannot tell.
    async fn invalidate(&self, what: &Invalidation) -> u64;

    /// Forgets everything.
    async fn clear(&self);

    /// Forgets what another process has invalidated (`None`: anything, perhaps) in what this
    /// process holds for itself alone. A tier that processes share holds nothing of that kind, and
    /// does nothing: the other process told it already.
    async fn heard(&self, what: Option<&Invalidation>) {
        match what {
            Some(what) => drop(self.invalidate(what).await),
            None => self.clear().await,
        }
    }
}

#[async_trait]
impl<V, C> Cache<V> for std::sync::Arc<C>
where
    V: Clone + Send + Sync + 'static,
    C: Cache<V> + ?Sized,
{
    async fn get(&self, key: &str) -> Option<V> {
        (**self).get(key).await
    }

    async fn find(&self, key: &str) -> Option<Found<V>> {
        (**self).find(key).await
    }

    async fn insert(&self, key: &str, value: V, options: EntryOptions) {
        (**self).insert(key, value, options).await;
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        (**self).invalidate(what).await
    }

    async fn clear(&self) {
        (**self).clear().await;
    }

    async fn heard(&self, what: Option<&Invalidation>) {
        (**self).heard(what).await;
    }
}

/// Conveniences over every [`Cache`].
#[async_trait]
pub trait CacheExt<V>: Cache<V>
where
    V: Clone + Send + Sync + 'static,
{
    /// The cached value, or what `load` gives, which is then cached. Two callers at once may
    /// both load; an error is returned and not cached.
    ///
    /// # Errors
    /// The loader's.
    async fn get_or_load<E, F>(
        &self,
        key: &str,
        options: EntryOptions,
        load: F,
    ) -> std::result::Result<V, E>
    where
        F: Future<Output = std::result::Result<V, E>> + Send,
        E: Send,
    {
        if let Some(value) = self.get(key).await {
            return Ok(value);
        }
        let value = load.await?;
        self.insert(key, value.clone(), options).await;
        Ok(value)
    }
}

impl<V, C> CacheExt<V> for C
where
    V: Clone + Send + Sync + 'static,
    C: Cache<V> + ?Sized,
{
}

/// Whether a glob (`*` for any run of characters) matches a whole key. Linear in the key for each
/// `*`; never recursive.
pub fn glob_matches(glob: &str, key: &str) -> bool {
    let mut pieces = glob.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = key.strip_prefix(first) else {
        return false;
    };
    if glob.len() == first.len() {
        return rest.is_empty();
    }
    let mut pieces = pieces.peekable();
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            return rest.len() >= piece.len() && rest.ends_with(piece);
        }
        match rest.find(piece) {
            Some(at) => rest = rest.get(at + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    true
}

/// Keeps nothing: caching switched off.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCache;

#[async_trait]
impl<V: Clone + Send + Sync + 'static> Cache<V> for NoCache {
    async fn get(&self, _key: &str) -> Option<V> {
        None
    }

    async fn insert(&self, _key: &str, _value: V, _options: EntryOptions) {}

    async fn invalidate(&self, _what: &Invalidation) -> u64 {
        0
    }

    async fn clear(&self) {}
}

#[cfg(test)]
mod tests {
    use super::glob_matches;

    #[test]
    fn globs_match_whole_keys() {
        for (glob, key, expected) in [
            ("vm_list:*", "vm_list:a:b", true),
            ("vm_list:*", "vm_lis", false),
            ("*", "", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-c-b", false),
            ("abc", "abc", true),
            ("abc", "abcd", false),
            ("a*a", "a", false),
            ("*ab", "aab", true),
        ] {
            assert_eq!(glob_matches(glob, key), expected, "{glob} {key}");
        }
    }
}
