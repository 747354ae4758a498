//! [`Lanes`]: the lanes of all keys.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock};

use atg_core::PaceKey;
use foldhash::fast::RandomState;
use tokio::time::Instant;

use crate::lane::Lane;

const SHARDS: usize = 16;

type Shard = RwLock<HashMap<PaceKey, Arc<Lane>, RandomState>>;

/// A lane for each key, made when the key is first used and kept.
#[derive(Debug)]
pub(crate) struct Lanes {
    origin: Instant,
    hasher: RandomState,
    shards: Box<[Shard]>,
}

impl Lanes {
    /// No lanes; their times count from now.
    pub(crate) fn new() -> Self {
        let hasher = RandomState::default();
        let shards = (0..SHARDS).map(|_| Shard::default()).collect();
        Self { origin: Instant::now(), hasher, shards }
    }

    /// The lane of a key; `make` is given the moment from which its times count.
    pub(crate) fn get(&self, key: &PaceKey, make: impl FnOnce(Instant) -> Lane) -> Arc<Lane> {
        let hash = self.hasher.hash_one(key);
        // The high bits: a table uses the low ones for its own places.
        let shard = usize::try_from(hash >> 60).unwrap_or_default() % SHARDS;
        let lanes = &self.shards[shard];
        if let Some(lane) = lanes.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Arc::clone(lane);
        }
        let mut lanes = lanes.write().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(key.clone()).or_insert_with(|| Arc::new(make(self.origin)));
        Arc::clone(lane)
    }
}
