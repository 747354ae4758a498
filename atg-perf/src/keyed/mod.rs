//! [`KeyedLimiter`]: so many requests a period for each user of a service.

mod rate_limit;
mod states;

use std::fmt;
use std::hash::Hash;
use std::time::Duration;

use governor::clock::Clock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::{Quota, RateLimiter};
use tokio::time::Instant;

pub use rate_limit::RateLimit;
use states::States;

use crate::long_wait::{LONG_WAIT, Seldom};

/// The keys that are remembered unless told.
const DEFAULT_KEYS: usize = 100_000;

/// How long to wait until a request may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RetryAfter(pub Duration);

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "too many requests; the next may come in {:.3} s", self.0.as_secs_f64())
    }
}

impl std::error::Error for RetryAfter {}

/// Lets each key through so many times a period: for services, which must refuse rather than
/// wait.
///
/// - **Limit**: all at once after a pause, and then one whenever its part of the period has
///   passed (GCRA, by the crate `governor`): of `10/minute` ten, and one each 6 s.
/// - **Memory**: 100,000 keys unless told, some dozen bytes each beside the key itself. A key that
///   has its whole limit again is forgotten. Where as many keys are in use as may be remembered,
///   those that are not remembered share one limit, so that a flood of new names opens nothing
///   and harms nobody who was there before.
/// - **Cost**: one look into a map behind a lock, and now and then one over all of it.
/// - **Clock**: tokio's, so that paused time works.
///
/// ```
/// use atg_perf::KeyedLimiter;
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// let limiter = KeyedLimiter::new("10/minute".parse().unwrap());
/// for _ in 0..10 {
///     assert!(limiter.check(&"anna").is_ok());
/// }
/// assert_eq!(limiter.check(&"anna").unwrap_err().0.as_secs(), 6);
/// assert!(limiter.check(&"bert").is_ok());
/// limiter.until_ready(&"anna").await;
/// # }
/// ```
pub struct KeyedLimiter<K: Hash + Eq + Clone> {
    limit: RateLimit,
    clock: TokioClock,
    limiter: RateLimiter<K, States<K>, TokioClock, NoOpMiddleware<Nanos>>,
    /// Long waits.
    told: Seldom,
}

impl<K: Hash + Eq + Clone> KeyedLimiter<K> {
    /// A limiter that remembers 100,000 keys.
    pub fn new(limit: RateLimit) -> Self {
        Self::with_keys(limit, DEFAULT_KEYS)
    }

    /// A limiter that remembers so many keys; 0 counts as 1.
    pub fn with_keys(limit: RateLimit, keys: usize) -> Self {
        let clock = TokioClock { origin: Instant::now() };
        let states = States::new(keys.max(1), clock);
        let limiter = RateLimiter::new(quota(limit), states, clock);
        Self { limit, clock, limiter, told: Seldom::default() }
    }

    /// The limit of each key.
    pub fn limit(&self) -> RateLimit {
        self.limit
    }

    /// Lets a request through, and counts it.
    ///
    /// # Errors
    /// How long to wait where it is one too many; that one is not counted.
    pub fn check(&self, key: &K) -> Result<(), RetryAfter> {
        let checked = self.limiter.check_key(key);
        checked.map_err(|until| RetryAfter(until.wait_time_from(self.clock.now())))
    }

    /// Waits until a request may go, and counts it. Those who wait for one key go in no certain
    /// order, so that one of many may wait for long; a wait of more than 30 s is worth a warning in
    /// the log, one a minute for all keys.
    ///
    /// # Cancel safety
    /// A dropped wait counts nothing.
    pub async fn until_ready(&self, key: &K) {
        let began = Instant::now();
        while let Err(RetryAfter(wait)) = self.check(key) {
            let whole = began.elapsed().saturating_add(wait);
            if whole > LONG_WAIT && self.told.is_due(self.clock.origin) {
                let seconds = whole.as_secs();
                tracing::warn!(seconds, limit = %self.limit, "a long wait for a key's limit");
            }
            // A wait that is over by now would not let anyone else run.
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
    }
}

impl<K: Hash + Eq + Clone> fmt::Debug for KeyedLimiter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedLimiter").field("limit", &self.limit).finish_non_exhaustive()
    }
}

fn quota(limit: RateLimit) -> Quota {
    let each = limit.period() / limit.requests().get();
    // More a second than there are nanoseconds: one each, as the crate counts no less.
    let each = each.max(Duration::from_nanos(1));
    let quota = Quota::with_period(each).unwrap_or(Quota::per_second(limit.requests()));
    quota.allow_burst(limit.requests())
}

/// Time since the limiter was made, as tokio sees it.
#[derive(Debug, Clone, Copy)]
struct TokioClock {
    origin: Instant,
}

impl Clock for TokioClock {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let passed = self.origin.elapsed().as_nanos();
        // The crate adds periods to it.
        u64::try_from(passed).unwrap_or(u64::MAX).min(u64::MAX / 4).into()
    }
}
