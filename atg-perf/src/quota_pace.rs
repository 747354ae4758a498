//! [`QuotaPace`]: requests as fast as the quotas allow.

use std::hash::BuildHasher;
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use atg_core::{OperationClass, Pace, PaceKey, PaceObservation, Permit, Priority};
use foldhash::fast::RandomState;
use tokio::time::Instant;

use crate::QuotaLimit;
use crate::lane::Lane;

const SHARDS: usize = 16;
const DEFAULT_IN_FLIGHT: u32 = 16;

type Lanes = RwLock<std::collections::HashMap<PaceKey, Arc<Lane>, RandomState>>;

/// Paces requests by a mirror of each key's quota.
///
/// - **Mirror**: before any answer the whole quota is assumed ([`QuotaLimit::azure`]); each
///   answer's word on what is left and when it resets corrects it.
/// - **Gate**: a refusal holds the whole key, for as long as it asks (an hour at the most); one
///   that does not say, for 1 s, then 2 s, and so on up to a minute, until an answer comes. A
///   failing server (5xx) holds nothing.
/// - **Order**: first come, first served; [`Priority::Interactive`] before [`Priority::Bulk`].
/// - **Concurrency**: 16 requests in flight a key unless told; a permit gives its place back on
///   drop. Nothing is held, and nothing taken from the quota, while waiting: `acquire` may be
///   dropped at any time.
/// - **Cost**: a key takes a few hundred bytes and is kept as long as the pace; keys do not contend.
///
/// Observe an answer while its permit lives, then drop the permit: the mirror counts the other
/// requests under way.
#[derive(Debug)]
pub struct QuotaPace {
    origin: Instant,
    hasher: RandomState,
    shards: Box<[Lanes]>,
    limits: Vec<(OperationClass, QuotaLimit)>,
    in_flight: u32,
}

impl QuotaPace {
    /// A pace by Azure's own limits, 16 requests in flight a key.
    pub fn new() -> Self {
        Self {
            origin: Instant::now(),
            hasher: RandomState::default(),
            shards: (0..SHARDS).map(|_| Lanes::default()).collect(),
            limits: Vec::new(),
            in_flight: DEFAULT_IN_FLIGHT,
        }
    }

    /// The same pace with another limit for one class of operation.
    #[must_use]
    pub fn with_limit(mut self, operation: OperationClass, limit: QuotaLimit) -> Self {
        self.limits.retain(|(of, _)| *of != operation);
        self.limits.push((operation, limit));
        self
    }

    /// The same pace with this many requests in flight a key at the most; 0 counts as 1.
    #[must_use]
    pub fn with_in_flight(mut self, requests: u32) -> Self {
        self.in_flight = requests.max(1);
        self
    }

    fn limit(&self, operation: OperationClass) -> QuotaLimit {
        let own = self.limits.iter().find(|(of, _)| *of == operation);
        own.map_or_else(|| QuotaLimit::azure(operation), |(_, limit)| *limit)
    }

    fn lane(&self, key: &PaceKey) -> Arc<Lane> {
        let hash = self.hasher.hash_one(key);
        // The high bits: a table uses the low ones for its own places.
        let shard = usize::try_from(hash >> 60).unwrap_or_default() % SHARDS;
        let lanes = &self.shards[shard];
        if let Some(lane) = lanes.read().unwrap_or_else(PoisonError::into_inner).get(key) {
            return Arc::clone(lane);
        }
        let mut lanes = lanes.write().unwrap_or_else(PoisonError::into_inner);
        let lane = lanes.entry(key.clone()).or_insert_with(|| {
            Arc::new(Lane::new(self.limit(key.operation), self.in_flight, self.origin))
        });
        Arc::clone(lane)
    }
}

impl Default for QuotaPace {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Pace for QuotaPace {
    async fn acquire(&self, key: &PaceKey, priority: Priority) -> Permit {
        self.lane(key).acquire(priority).await
    }

    fn observe(&self, key: &PaceKey, observation: &PaceObservation) {
        self.lane(key).observe(observation);
    }
}
