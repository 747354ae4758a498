//! [`CachedSource`]: a source whose lookups are cached.

use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{
    Cache, Error, Invalidation, Read, ResourceId, ResourceLookup, ResourceSource, Result, Scope,
    SourceUsage, Text,
};
use futures::stream::BoxStream;

use crate::{Cached, Caller, LoadOptions, Loaded, LoadingCache, MemoryCache};

/// What keys of looked-up resources begin with.
const LOOKUP: &str = "lookup";

/// A source whose lookups by id are cached, and shared by callers at the same time; that there is
/// no such resource is kept as well, if the options say so. Listings are read as they are: what a
/// scan finds complete must be so now.
///
/// Clones share everything. [`NoCache`](atg_core::NoCache) below keeps nothing.
pub struct CachedSource<S, C = MemoryCache<Cached<String>>> {
    source: Arc<S>,
    caller: Caller,
    options: LoadOptions,
    cache: LoadingCache<String, Error, C>,
}

impl<S, C> std::fmt::Debug for CachedSource<S, C> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CachedSource").field("cache", &self.cache).finish_non_exhaustive()
    }
}

impl<S, C> Clone for CachedSource<S, C> {
    fn clone(&self) -> Self {
        Self {
            source: self.source.clone(),
            caller: self.caller.clone(),
            options: self.options.clone(),
            cache: self.cache.clone(),
        }
    }
}

impl<S, C> CachedSource<S, C>
where
    S: ResourceLookup + 'static,
    C: Cache<Cached<String>> + 'static,
{
    /// A source, whose lookups are kept in `cache` as `options` say, for this caller.
    pub fn new(
        source: S,
        caller: Caller,
        options: LoadOptions,
        cache: LoadingCache<String, Error, C>,
    ) -> Self {
        Self { source: Arc::new(source), caller, options, cache }
    }

    /// Forgets what is known of one resource.
    pub async fn forget(&self, id: &ResourceId) {
        self.cache.invalidate(&Invalidation::Key(self.key(id))).await;
    }

    /// The cache, for its statistics and for what else is to be invalidated.
    pub fn cache(&self) -> &LoadingCache<String, Error, C> {
        &self.cache
    }

    fn key(&self, id: &ResourceId) -> String {
        self.caller.key(LOOKUP, &id.resource_type()).id(id.as_str()).build().into()
    }
}

#[async_trait]
impl<S, C> ResourceLookup for CachedSource<S, C>
where
    S: ResourceLookup + 'static,
    C: Cache<Cached<String>> + 'static,
{
    async fn lookup(&self, id: &ResourceId) -> Result<Option<Text>> {
        let (source, asked) = (self.source.clone(), id.clone());
        let load = |_| async move {
            let found = source.lookup(&asked).await?;
            Ok(found.map_or(Loaded::Absent, |text| text.to_string().into()))
        };
        let found = self.cache.get_or_revalidate(&self.key(id), &self.options, load).await?;
        Ok(found.map(Text::from))
    }
}

#[async_trait]
impl<S, C> ResourceSource for CachedSource<S, C>
where
    S: ResourceSource,
    C: Send + Sync,
{
    async fn scopes(&self) -> Result<Vec<Scope>> {
        self.source.scopes().await
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        self.source.read(scope)
    }

    fn usage(&self) -> SourceUsage {
        self.source.usage()
    }
}
