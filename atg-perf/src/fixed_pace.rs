//! [`FixedPace`]: requests at a steady rate.

use async_trait::async_trait;
use atg_core::{Pace, PaceKey, PaceObservation, Permit, Priority};
use tokio::time::Instant;

use crate::TokenBucket;
use crate::lane::Lane;
use crate::lanes::Lanes;
use crate::quota::Quota;

/// Paces the requests of each key at a steady rate, whatever the answers say is left.
///
/// For a service that tells nothing of its quotas but in its documents. A refusal holds its key
/// as in [`QuotaPace`](crate::QuotaPace) and changes nothing else. Order, priorities, cancel
/// safety and what is logged are the same; so is the cost. There is no bound on requests in flight.
///
/// Timers tell whole milliseconds: who waits for less wakes late. What was lost so is made up for,
/// so that the rate is reached however high; up to 2 ms worth of requests may go at once for it.
///
/// ```
/// use atg_core::{OperationClass, Pace, PaceKey, Priority};
/// use atg_perf::FixedPace;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let pace = FixedPace::new(10, 2);
/// let (principal, scope, region) = ("app".into(), "tenant".into(), "".into());
/// let key = PaceKey { principal, scope, region, operation: OperationClass::Read };
/// let start = tokio::time::Instant::now();
/// for _ in 0..12 {
///     pace.acquire(&key, Priority::Bulk).await;
/// }
/// // Two at once, ten after 100 ms each.
/// assert_eq!(start.elapsed().as_secs_f64().round(), 1.0);
/// # }
/// ```
#[derive(Debug)]
pub struct FixedPace {
    lanes: Lanes,
    per_second: u32,
    burst: u32,
}

impl FixedPace {
    /// `per_second` requests a second under each key, `burst` at once after a while without any;
    /// 0 counts as 1 in both.
    pub fn new(per_second: u32, burst: u32) -> Self {
        Self { lanes: Lanes::new(), per_second, burst }
    }

    fn lane(&self, origin: Instant) -> Lane {
        let bucket = TokenBucket::full(self.burst, self.per_second);
        Lane::new(&Quota::Steady(bucket), u32::MAX, origin)
    }
}

#[async_trait]
impl Pace for FixedPace {
    async fn acquire(&self, key: &PaceKey, priority: Priority) -> Permit {
        self.lanes.acquire(key, priority, |origin| self.lane(origin)).await
    }

    fn observe(&self, key: &PaceKey, observation: &PaceObservation) {
        self.lanes.observe(key, observation, |origin| self.lane(origin));
    }
}
