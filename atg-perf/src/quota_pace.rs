//! [`QuotaPace`]: requests as fast as the quotas allow.

use async_trait::async_trait;
use atg_core::{OperationClass, Pace, PaceKey, PaceObservation, Permit, Priority};
use tokio::time::Instant;

use crate::QuotaLimit;
use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::quota::Quota;

const DEFAULT_IN_FLIGHT: u32 = 16;

/// Paces requests by a mirror of each key's quota, and measures what the quota really is.
///
/// - **Mirror**: before any answer the whole quota is assumed ([`QuotaLimit::azure`]); each
///   answer's word on what is left and when it resets corrects it.
/// - **Rate**: how fast a bucket fills is measured from what the answers say is left, so that
///   another client's share is left to it, and a changed quota found within seconds. Where no
///   answer has said anything for 10 s, or what they say was wrong, refusals alone show the rate:
///   it rises while none comes, and falls to what was let through between two of them.
/// - **Gate**: a refusal holds the whole key, for as long as it asks (an hour at the most); one
///   that does not say, for 1 s, then 2 s, and so on up to a minute, until an answer comes. A
///   failing server (5xx) holds nothing and slows nothing down.
/// - **Order**: first come, first served; [`Priority::Interactive`] before [`Priority::Bulk`].
/// - **Concurrency**: 16 requests in flight a key unless told, 8 before the first answer; a permit
///   gives its place back on drop. Nothing is held, and nothing taken from the quota, while
///   waiting: `acquire` may be dropped at any time.
/// - **Cost**: a key takes about 750 bytes, measured, and is kept as long as the pace: whoever makes
///   keys of what users send bounds their number. A key waits for another for no longer than it
///   takes to find its place in a table, of which there are 16.
/// - **Log**: a wait of more than 30 s is a warning, once for the refusal that asks for it and once
///   a minute for all who wait, with the key's scope and operation; in a line that moves it is told
///   of at the level info.
///
/// Observe an answer while its permit lives, then drop the permit: the mirror counts the other
/// requests under way.
#[derive(Debug)]
pub struct QuotaPace {
    lanes: Lanes,
    limits: Vec<(OperationClass, QuotaLimit)>,
    in_flight: u32,
}

impl QuotaPace {
    /// A pace by Azure's own limits, 16 requests in flight a key.
    pub fn new() -> Self {
        Self { lanes: Lanes::new(), limits: Vec::new(), in_flight: DEFAULT_IN_FLIGHT }
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

    fn lane(&self, key: &PaceKey, origin: Instant) -> Lane {
        Lane::new(&Quota::whole(self.limit(key.operation)), self.in_flight, origin)
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
        self.lanes.acquire(key, priority, |origin| self.lane(key, origin)).await
    }

    fn observe(&self, key: &PaceKey, observation: &PaceObservation) {
        self.lanes.observe(key, observation, |origin| self.lane(key, origin));
    }
}
