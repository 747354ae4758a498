//! [`Lanes`]: the lanes of all keys.

use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock};

use atg_core::{PaceKey, PaceObservation, Permit, Priority};
use foldhash::fast::RandomState;
use hashbrown::HashTable;
use tokio::time::Instant;

use crate::lane::Lane;

const SHARDS: usize = 16;

/// A table rather than a map: one hash chooses the shard and the place in it.
type Shard = RwLock<HashTable<(PaceKey, Arc<Lane>)>>;

/// A lane for each key, made when the key is first used and kept.
#[derive(Debug)]
pub(crate) struct Lanes {
    origin: Instant,
    hasher: RandomState,
    shards: [Shard; SHARDS],
}

impl Lanes {
    /// No lanes; their times count from now.
    pub(crate) fn new() -> Self {
        let shards = std::array::from_fn(|_| Shard::default());
        Self { origin: Instant::now(), hasher: RandomState::default(), shards }
    }

    /// Waits for a turn of the key. `make` is given the moment from which the times of a new lane
    /// count.
    pub(crate) async fn acquire(
        &self,
        key: &PaceKey,
        priority: Priority,
        make: impl FnOnce(Instant) -> Lane,
    ) -> Permit {
        let lane = self.lane(key, make);
        match lane.try_acquire(priority) {
            Some(permit) => permit,
            // In a box: most never wait, and need not make room for it.
            None => Box::pin(lane.wait(key, priority)).await,
        }
    }

    /// Takes note of what came back.
    pub(crate) fn observe(
        &self,
        key: &PaceKey,
        observation: &PaceObservation,
        make: impl FnOnce(Instant) -> Lane,
    ) {
        self.lane(key, make).observe(key, observation);
    }

    /// The key's lane; nothing is locked any more.
    fn lane(&self, key: &PaceKey, make: impl FnOnce(Instant) -> Lane) -> Arc<Lane> {
        let hash = self.hasher.hash_one(key);
        let is_it = |(of, _): &(PaceKey, Arc<Lane>)| of == key;
        // Bits that the table does not look at first.
        let shard = usize::try_from(hash >> 32).unwrap_or_default() % SHARDS;
        let shard = &self.shards[shard];
        if let Some((_, lane)) =
            shard.read().unwrap_or_else(PoisonError::into_inner).find(hash, is_it)
        {
            return Arc::clone(lane);
        }
        let mut lanes = shard.write().unwrap_or_else(PoisonError::into_inner);
        let entry = lanes.entry(hash, is_it, |(of, _)| self.hasher.hash_one(of));
        let lane = entry.or_insert_with(|| (key.clone(), Arc::new(make(self.origin))));
        Arc::clone(&lane.get().1)
    }
}
