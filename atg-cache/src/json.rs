//! [`Json`]: a tier of bytes that keeps values of any type as JSON.

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation};
use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::stats::Counter;

/// Keeps values of one type in a tier of bytes, as JSON. What cannot be read as that type (another
/// version of the program may have written it) is a miss and counted; give each type keys of its
/// own, for what can be read is believed. A value that cannot be written as JSON is not kept, and
/// counted as well.
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

    /// How many values could not be read, or written.
    pub fn unreadable(&self) -> u64 {
        self.unreadable.get()
    }

    fn read<V: DeserializeOwned>(&self, bytes: &[u8]) -> Option<V> {
        let value = serde_json::from_slice(bytes).ok();
        self.unreadable.add(u64::from(value.is_none()));
        value
    }
}

#[async_trait]
impl<V, C> Cache<V> for Json<C>
where
    V: Serialize + DeserializeOwned + Clone + Send + Sync + 'static,
    C: Cache<Bytes>,
{
    async fn get(&self, key: &str) -> Option<V> {
        self.read(&self.tier.get(key).await?)
    }

    async fn find(&self, key: &str) -> Option<Found<V>> {
        let found = self.tier.find(key).await?;
        let value = self.read(&found.value)?;
        Some(Found { value, options: found.options })
    }

    async fn insert(&self, key: &str, value: V, options: EntryOptions) {
        if let Ok(bytes) = serde_json::to_vec(&value) {
            self.tier.insert(key, bytes.into(), options).await;
        } else {
            // What cannot be kept still replaces what was there.
            self.unreadable.add(1);
            self.tier.invalidate(&Invalidation::Key(key.to_owned())).await;
        }
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        self.tier.invalidate(what).await
    }

    async fn clear(&self) {
        self.tier.clear().await;
    }

    async fn heard(&self, what: Option<&Invalidation>) {
        self.tier.heard(what).await;
    }
}
