//! [`Json`]: a tier of bytes that keeps values of any type as JSON.

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stats::Counter;

/// Keeps values of any type in a tier of bytes, as JSON. What cannot be read as that type is a
/// miss, is counted and goes; so is and does what cannot be written as JSON. Another version of the
/// program may have written it.
#[derive(Debug, Default)]
pub struct Json<C> {
    tier: C,
    unreadable: Counter,
}

impl<C> Json<C> {
    /// Over a tier of bytes.
    pub fn new(tier: C) -> Self {
        Self { tier, unreadable: Counter::default() }
    }

    /// The tier of bytes.
    pub fn tier(&self) -> &C {
        &self.tier
    }

    /// How many values could not be read as the type they were asked for.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.get()
    }

    async fn read<V: DeserializeOwned>(&self, key: &str, bytes: &[u8]) -> Option<V>
    where
        C: Cache<Bytes>,
    {
        let value = serde_json::from_slice(bytes).ok();
        if value.is_none() {
            self.drop_unreadable(key).await;
        }
        value
    }

    async fn drop_unreadable(&self, key: &str)
    where
        C: Cache<Bytes>,
    {
        self.unreadable.add(1);
        self.tier.invalidate(&Invalidation::Key(key.to_owned())).await;
    }
}

#[async_trait]
impl<V, C> Cache<V> for Json<C>
where
    V: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    C: Cache<Bytes>,
{
    async fn get(&self, key: &str) -> Option<V> {
        let bytes = self.tier.get(key).await?;
        self.read(key, &bytes).await
    }

    async fn find(&self, key: &str) -> Option<Found<V>> {
        let found = self.tier.find(key).await?;
        let value = self.read(key, &found.value).await?;
        Some(Found { value, options: found.options })
    }

    async fn insert(&self, key: &str, value: V, options: EntryOptions) {
        if let Ok(bytes) = serde_json::to_vec(&value) {
            self.tier.insert(key, bytes.into(), options).await;
        } else {
            // What cannot be kept still replaces what was there.
            self.drop_unreadable(key).await;
        }
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        self.tier.invalidate(what).await
    }

    async fn clear(&self) {
        self.tier.clear().await;
    }
}
