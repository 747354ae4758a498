//! Delays between tries: arithmetic only, no clock and no sleeping.

use std::time::Duration;

use atg_perf::RetryBudget;

/// How long and how often to try again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RetryPolicy {
    /// Tries of one request in all, throttled ones not counted; 1 or more, default 6.
    pub attempts: u32,
    /// The first delay's upper bound; default 0.5 s. Each further bound is twice the one before.
    pub first_delay: Duration,
    /// The largest delay that the client chooses itself; default 30 s.
    pub longest_delay: Duration,
    /// How long one request may be held back by waits that the answers ask for, and by throttling,
    /// before it fails; default 15 minutes. Azure is seen to ask for more than 6 minutes.
    pub throttled_for: Duration,
    /// Repetitions that all requests of a client share, throttled ones not counted; where none is
    /// left, a failure is final. Default: 100 at once, 10 a second, and a fifth of all requests,
    /// so that an outage is not met by six times the load. Give a new one, which is full: the
    /// client spends a copy of its own, and this one stays as it is.
    pub budget: RetryBudget,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 6,
            first_delay: Duration::from_millis(500),
            longest_delay: Duration::from_secs(30),
            throttled_for: Duration::from_secs(15 * 60),
            budget: RetryBudget::default(),
        }
    }
}

impl RetryPolicy {
    /// The delay before try number `attempt` (2 for the first repetition): full jitter, uniform
    /// between nothing and a bound that doubles ("Exponential Backoff And Jitter", AWS, 2015).
    /// `random` is a fresh number from 0 to 1; less and more count as these, and NaN as 1.
    pub fn delay(&self, attempt: u32, random: f64) -> Duration {
        let doublings = attempt.saturating_sub(2).min(20);
        let bound = self.first_delay.saturating_mul(1 << doublings).min(self.longest_delay);
        let part = bound.as_secs_f64() * random.clamp(0.0, 1.0);
        Duration::try_from_secs_f64(part).unwrap_or(bound).min(bound)
    }
}

/// Numbers from 0 to 1 that differ from client to client: the standard library's random hash
/// keys, stirred by a counter.
#[derive(Debug, Default)]
pub(crate) struct Jitter {
    state: std::hash::RandomState,
    count: std::sync::atomic::AtomicU64,
}

impl Jitter {
    pub(crate) fn next(&self) -> f64 {
        use std::hash::BuildHasher;
        let count = self.count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let bits = u32::try_from(self.state.hash_one(count) >> 32).unwrap_or(0);
        f64::from(bits) / f64::from(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::{Jitter, RetryPolicy};
    use std::time::Duration;

    #[test]
    fn bounds_double_up_to_the_longest() {
        let policy = RetryPolicy::default();
        let bounds: Vec<_> = (2..12).map(|attempt| policy.delay(attempt, 1.0)).collect();
        assert_eq!(bounds[0], Duration::from_millis(500));
        assert_eq!(bounds[1], Duration::from_secs(1));
        assert_eq!(bounds[9], Duration::from_secs(30));
        assert_eq!(policy.delay(u32::MAX, 1.0), Duration::from_secs(30));
        assert_eq!(policy.delay(5, 0.0), Duration::ZERO);
        assert_eq!(policy.delay(5, 0.5), Duration::from_secs(2));
    }

    #[test]
    fn odd_numbers_are_bounded() {
        let policy = RetryPolicy::default();
        for (random, seconds) in [(f64::NAN, 4), (-1.0, 0), (7.0, 4), (f64::INFINITY, 4)] {
            assert_eq!(policy.delay(5, random), Duration::from_secs(seconds), "{random}");
        }
        let (first_delay, longest_delay) = (Duration::MAX, Duration::MAX);
        let endless = RetryPolicy { first_delay, longest_delay, ..policy };
        for random in [1.0, f64::NAN] {
            assert_eq!(endless.delay(u32::MAX, random), Duration::MAX);
        }
        assert_eq!(endless.delay(2, 0.0), Duration::ZERO);
    }

    #[test]
    fn jitter_stays_in_range_and_varies() {
        let jitter = Jitter::default();
        let numbers: Vec<f64> = (0..100).map(|_| jitter.next()).collect();
        assert!(numbers.iter().all(|n| (0.0..=1.0).contains(n)));
        assert!(numbers.iter().any(|n| *n < 0.5) && numbers.iter().any(|n| *n > 0.5));
    }
}
