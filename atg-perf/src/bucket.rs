//! [`TokenBucket`]: the arithmetic of a quota that fills steadily.

use std::time::Duration;

/// The fastest refill, and the slowest.
const SHORTEST_INTERVAL: Duration = Duration::from_nanos(1);
const LONGEST_INTERVAL: Duration = Duration::from_secs(3_600);

/// How late a timer may wake who waits: tokio's tell whole milliseconds, rounded up, and another
/// for the thread to come round.
const LATENESS: Duration = Duration::from_millis(2);

/// A mirror of a token bucket: `capacity` requests at once, and a steady refill.
///
/// Times are durations since any fixed moment; the bucket reads no clock. All it keeps is when
/// it will be full again, so that every operation is a few integer additions. It may go below
/// empty, where requests that are on their way will take more than is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenBucket {
    capacity: u32,
    interval: Duration,
    full_at: Duration,
}

impl TokenBucket {
    /// A full bucket of `capacity` requests that gets `refill_per_second` back; 0 counts as 1,
    /// and more than a thousand million as that.
    pub fn full(capacity: u32, refill_per_second: u32) -> Self {
        Self {
            capacity: capacity.max(1),
            interval: (Duration::from_secs(1) / refill_per_second.max(1)).max(SHORTEST_INTERVAL),
            full_at: Duration::ZERO,
        }
    }

    /// Requests left; negative where more are on their way than the bucket holds.
    pub fn remaining(&self, now: Duration) -> i64 {
        let missing = nanoseconds(self.full_at.saturating_sub(now));
        let missing = missing.div_ceil(nanoseconds(self.interval).max(1));
        i64::from(self.capacity) - i64::try_from(missing).unwrap_or(i64::MAX)
    }

    /// When the next request may go; now or earlier where one is left.
    pub fn ready_at(&self) -> Duration {
        self.full_at.saturating_sub(self.interval.saturating_mul(self.capacity - 1))
    }

    /// Takes one request, whether one is left or not.
    pub fn take(&mut self, now: Duration) {
        self.full_at = self.full_at.max(now).saturating_add(self.interval);
    }

    /// Takes one request as a steady beat does: where the last moment that was waited for passed
    /// a moment ago, as timers have it, the next beat counts from that and not from now.
    pub(crate) fn take_on_the_beat(&mut self, now: Duration) {
        let is_just_past = now.saturating_sub(self.full_at) <= LATENESS;
        self.take(if is_just_past { self.full_at } else { now });
    }

    /// Corrects the mirror by what an answer said was left, while `in_flight` other requests
    /// are on their way. Only less than thought counts, and each of the others may still have to
    /// be subtracted: a bucket that is thought a little too empty loses no rate.
    pub fn observe(&mut self, now: Duration, remaining: u64, in_flight: u32) {
        let said = i64::try_from(remaining).unwrap_or(i64::MAX);
        let left = said.saturating_sub(i64::from(in_flight));
        if left < self.remaining(now) {
            self.set(now, left);
        }
    }

    /// Adds requests, up to the capacity.
    pub(crate) fn add(&mut self, requests: u32) {
        self.full_at = self.full_at.saturating_sub(self.interval.saturating_mul(requests));
    }

    /// Fills at another rate from now on; what is left stays as it is.
    pub(crate) fn set_refill(&mut self, now: Duration, per_second: f64) {
        let interval = Duration::try_from_secs_f64(1.0 / per_second).unwrap_or(Duration::MAX);
        let interval = interval.clamp(SHORTEST_INTERVAL, LONGEST_INTERVAL);
        let missing = self.full_at.saturating_sub(now);
        let scale = interval.as_secs_f64() / self.interval.as_secs_f64();
        let missing = Duration::try_from_secs_f64(missing.as_secs_f64() * scale);
        self.full_at = now.saturating_add(missing.unwrap_or(Duration::MAX));
        self.interval = interval;
    }

    fn set(&mut self, now: Duration, remaining: i64) {
        let missing = u32::try_from(i64::from(self.capacity) - remaining).unwrap_or_else(|_| {
            debug_assert!(remaining <= 0, "only a debt can be too large, not {remaining} left");
            u32::MAX
        });
        self.full_at = now.saturating_add(self.interval.saturating_mul(missing));
    }
}

/// At the most 584 years; dividing less wide numbers is several times as fast.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::TokenBucket;
    use std::time::Duration;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    #[test]
    fn it_gives_its_capacity_at_once_and_then_the_refill() {
        let mut bucket = TokenBucket::full(250, 25);
        let start = ms(10_000);
        for left in (0..250).rev() {
            assert!(bucket.ready_at() <= start);
            bucket.take(start);
            assert_eq!(bucket.remaining(start), left);
        }
        assert_eq!(bucket.ready_at(), start + ms(40));
        assert_eq!(bucket.remaining(start + ms(79)), 1);
        assert_eq!(bucket.remaining(start + ms(60_000)), 250);
    }

    #[test]
    fn only_less_than_thought_counts() {
        let mut bucket = TokenBucket::full(250, 25);
        bucket.take(ms(0));
        bucket.observe(ms(0), 252, 3);
        assert_eq!(bucket.remaining(ms(0)), 249);
        bucket.observe(ms(0), u64::MAX, 3);
        assert_eq!(bucket.remaining(ms(0)), 249);
        bucket.observe(ms(0), 100, 3);
        assert_eq!(bucket.remaining(ms(0)), 97);
        bucket.observe(ms(0), 1, 3);
        assert_eq!(bucket.remaining(ms(0)), -2);
        assert_eq!(bucket.ready_at(), ms(120));
    }

    #[test]
    fn nothing_left_never_adds_to_a_debt() {
        let mut bucket = TokenBucket::full(10, 10);
        bucket.observe(ms(500), 0, 0);
        assert_eq!((bucket.remaining(ms(500)), bucket.ready_at()), (0, ms(600)));
        bucket.observe(ms(500), 0, 5);
        bucket.observe(ms(500), 0, 0);
        assert_eq!(bucket.remaining(ms(600)), -4);
    }

    #[test]
    fn a_debt_too_large_to_keep_leaves_nothing_rather_than_all() {
        let mut bucket = TokenBucket::full(u32::MAX, 1);
        bucket.observe(ms(0), 0, u32::MAX);
        assert_eq!(bucket.remaining(ms(0)), 0);
    }

    #[test]
    fn another_refill_keeps_what_is_left() {
        let mut bucket = TokenBucket::full(250, 25);
        bucket.observe(ms(1_000), 10, 0);
        bucket.set_refill(ms(1_000), 50.0);
        assert_eq!(bucket.remaining(ms(1_000)), 10);
        assert_eq!(bucket.remaining(ms(2_000)), 60);
        bucket.add(5);
        assert_eq!(bucket.remaining(ms(2_000)), 65);
        bucket.add(u32::MAX);
        assert_eq!(bucket.remaining(ms(2_000)), 250);
        for odd in [0.0, -1.0, 1e-300, 1e300, f64::NAN, f64::INFINITY] {
            bucket.take(ms(2_000));
            bucket.set_refill(ms(2_000), odd);
            assert!(bucket.remaining(ms(2_000)) <= 250);
        }
    }

    #[test]
    fn a_refill_faster_than_time_can_tell_may_still_change() {
        for rate in [999_999_999, 1_000_000_000, 1_000_000_001, u32::MAX] {
            let mut bucket = TokenBucket::full(5, rate);
            bucket.take(ms(1_000));
            bucket.set_refill(ms(1_000), 1.0);
            assert!(bucket.ready_at() <= ms(1_000), "{rate}");
        }
    }

    #[test]
    fn extremes_do_not_overflow() {
        for (capacity, rate) in [(0, 0), (1, u32::MAX), (u32::MAX, 1), (u32::MAX, u32::MAX)] {
            let mut bucket = TokenBucket::full(capacity, rate);
            for now in [Duration::MAX, Duration::ZERO] {
                bucket.take(now);
                bucket.observe(now, 0, u32::MAX);
                let _ = (bucket.remaining(now), bucket.ready_at());
            }
        }
    }
}
