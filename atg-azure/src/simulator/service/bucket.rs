//! [`TokenBucket`]: the arithmetic of Azure Resource Manager's limit on reads.

use std::time::Duration;

const TOKEN: u128 = 1_000_000_000;

/// How many requests a token bucket holds, and how fast it fills.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BucketLimit {
    /// Requests that may come at once; at least 1.
    pub capacity: u32,
    /// Requests a second that come back; at least 1.
    pub refill_per_second: u32,
}

impl BucketLimit {
    /// A bucket of `capacity` requests that gets `refill_per_second` back; 0 counts as 1.
    #[must_use]
    pub fn new(capacity: u32, refill_per_second: u32) -> Self {
        Self { capacity: capacity.max(1), refill_per_second: refill_per_second.max(1) }
    }

    /// The same bucket `factor` times as large and as fast.
    #[must_use]
    pub fn times(self, factor: u32) -> Self {
        Self::new(
            self.capacity.saturating_mul(factor),
            self.refill_per_second.saturating_mul(factor),
        )
    }
}

/// A token bucket as a value: it reads no clock, the caller says what time it is.
///
/// Times are durations since any fixed moment. The arithmetic is exact: a token is 10^9 parts, and
/// each nanosecond brings back as many parts as the limit has tokens a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenBucket {
    limit: BucketLimit,
    parts: u128,
    filled_at: Duration,
}

impl TokenBucket {
    /// A full bucket.
    pub(crate) fn full(limit: BucketLimit, now: Duration) -> Self {
        let limit = BucketLimit::new(limit.capacity, limit.refill_per_second);
        Self { limit, parts: u128::from(limit.capacity) * TOKEN, filled_at: now }
    }

    /// Takes a token: how many are left, or how long until there is one.
    pub(crate) fn take(&mut self, now: Duration) -> Result<u32, Duration> {
        self.refill(now);
        match self.parts.checked_sub(TOKEN) {
            Some(rest) => {
                self.parts = rest;
                Ok(self.remaining())
            }
            None => Err(self.wait()),
        }
    }

    /// Takes a token from a request that is refused all the same; an empty bucket stays empty.
    pub(crate) fn punish(&mut self) {
        self.parts = self.parts.saturating_sub(TOKEN);
    }

    /// Whether nothing was taken that has not come back.
    pub(crate) fn is_full(&mut self, now: Duration) -> bool {
        self.refill(now);
        self.remaining() == self.limit.capacity
    }

    fn remaining(&self) -> u32 {
        u32::try_from(self.parts / TOKEN).unwrap_or(u32::MAX)
    }

    fn refill(&mut self, now: Duration) {
        let elapsed = now.saturating_sub(self.filled_at).as_nanos();
        let gained = elapsed.saturating_mul(u128::from(self.limit.refill_per_second));
        let capacity = u128::from(self.limit.capacity) * TOKEN;
        self.parts = self.parts.saturating_add(gained).min(capacity);
        self.filled_at = self.filled_at.max(now);
    }

    fn wait(&self) -> Duration {
        let missing = TOKEN.saturating_sub(self.parts);
        let nanos = missing.div_ceil(u128::from(self.limit.refill_per_second));
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AZURE: BucketLimit = BucketLimit { capacity: 250, refill_per_second: 25 };

    #[test]
    fn a_full_bucket_gives_its_capacity_at_once_and_names_the_wait() {
        let mut bucket = TokenBucket::full(AZURE, Duration::ZERO);
        for left in (0..250).rev() {
            assert_eq!(bucket.take(Duration::ZERO), Ok(left));
        }
        assert_eq!(bucket.take(Duration::ZERO), Err(Duration::from_millis(40)));
        assert_eq!(bucket.take(Duration::from_millis(30)), Err(Duration::from_millis(10)));
        assert_eq!(bucket.take(Duration::from_millis(40)), Ok(0));
    }

    #[test]
    fn over_a_minute_it_gives_capacity_and_refill_and_not_one_more() {
        let mut bucket = TokenBucket::full(AZURE, Duration::ZERO);
        let taken = (0..=60_000)
            .flat_map(|ms| std::iter::repeat_n(Duration::from_millis(ms), 3))
            .filter(|now| bucket.take(*now).is_ok())
            .count();
        assert_eq!(taken, 250 + 25 * 60);
    }

    #[test]
    fn it_never_overflows_and_ignores_a_clock_that_goes_back() {
        let mut bucket = TokenBucket::full(AZURE, Duration::from_secs(10));
        assert_eq!(bucket.take(Duration::from_secs(1_000_000)), Ok(249));
        assert_eq!(bucket.take(Duration::ZERO), Ok(248));
        assert!(!bucket.is_full(Duration::ZERO));
        assert!(bucket.is_full(Duration::MAX));
    }

    #[test]
    fn a_punished_bucket_waits_longer() {
        let mut bucket = TokenBucket::full(BucketLimit::new(1, 1), Duration::ZERO);
        bucket.punish();
        bucket.punish();
        assert_eq!(bucket.take(Duration::from_millis(500)), Err(Duration::from_millis(500)));
        bucket.punish();
        assert_eq!(bucket.take(Duration::from_millis(500)), Err(Duration::from_secs(1)));
    }
}
