//! [`TaskTimeout`]: the time a task is given.

use std::time::Duration;

use hdrhistogram::Histogram;

/// The quantile that a task's time is a multiple of.
const QUANTILE: f64 = 0.99;

/// Successes without which no quantile is believed.
const FEW: u64 = 20;

/// Successes after which the older half of what is remembered is forgotten.
const HALF: u64 = 1_000;

/// Successes after which the quantile is looked up again.
const LOOK_UP: u64 = 16;

/// Time-outs are frequent if there are so many among so many ends: little more than the 1% that lie
/// beyond the quantile, so that what is slow more often than that is found.
const FREQUENT: (u32, u32) = (4, 300);

/// A task that was given less than this part of the time a task is given now says nothing about
/// that: it started before the time was doubled.
const STALE: f64 = 0.75;

/// Ends for which the time is not widened again where widening it saved nobody, unless most time
/// out: at first, doubled each time, and at the most. Some times what widening it takes, so that few
/// tasks that hang are seldom waited for long.
const IN_VAIN: (u32, u32) = (12_000, 96_000);

/// The longest time that is told apart, in microseconds: a day.
const DAY: u64 = 86_400_000_000;

/// Below this tokio's timer cannot tell times apart.
const FINEST: Duration = Duration::from_millis(1);

/// The time a task is given: a multiple of what successful tasks took, widened while time-outs
/// are frequent.
///
/// The distribution is cut off where the time-out is: what would have taken longer is not in it.
/// So frequent time-outs double the time, up to the longest, until what took that long is in the
/// distribution. If even the longest helps nobody while most tasks succeed, the others hang, and
/// it goes back.
#[derive(Debug)]
pub(super) struct TaskTimeout {
    shortest: Duration,
    longest: Duration,
    factor: f64,
    seen: Seen,
    /// What the distribution asks for.
    base: Duration,
    doublings: u32,
    /// Whether anybody took longer than the base, and succeeded, since that was last asked.
    saved: bool,
    /// Ends for which it is not widened.
    in_vain: u32,
    next_in_vain: u32,
    ended: u32,
    timed_out: u32,
}

impl TaskTimeout {
    /// Both bounds are at least 1 ms, and the shortest at most the longest; the factor is between
    /// 1 and 1,000, and NaN counts as 3.
    pub(super) fn new(shortest: Duration, longest: Duration, factor: f64) -> Self {
        let longest = longest.max(FINEST);
        let factor = if factor.is_nan() { 3.0 } else { factor };
        Self {
            shortest: shortest.clamp(FINEST, longest),
            longest,
            factor: factor.clamp(1.0, 1_000.0),
            seen: Seen::new(),
            base: longest,
            doublings: 0,
            saved: false,
            in_vain: 0,
            next_in_vain: IN_VAIN.0,
            ended: 0,
            timed_out: 0,
        }
    }

    /// What a task that starts now is given.
    pub(super) fn now(&self) -> Duration {
        let times = 1_u32.checked_shl(self.doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(times).min(self.longest)
    }

    /// Takes note of a success.
    pub(super) fn succeeded(&mut self, elapsed: Duration) {
        if self.doublings > 0 && elapsed > self.base {
            self.saved = true;
        }
        self.seen.add(elapsed);
        if let Some(quantile) = self.seen.quantile() {
            let seconds = quantile.as_secs_f64() * self.factor;
            let wanted = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
            self.base = wanted.clamp(self.shortest, self.longest);
        }
        self.end();
    }

    /// Takes note of a task that timed out after what it was given.
    pub(super) fn timed_out(&mut self, limit: Duration) {
        if limit < self.now().mul_f64(STALE) {
            return;
        }
        self.timed_out += 1;
        if self.timed_out < FREQUENT.0 {
            self.end();
            return;
        }
        let mostly = self.timed_out > self.ended / 2;
        if self.now() < self.longest {
            self.doublings += u32::from(self.in_vain == 0 || mostly);
        } else if self.doublings > 0 && !mostly {
            self.weigh_widening();
        }
        self.begin_window();
    }

    /// Time-outs are frequent even at the longest.
    fn weigh_widening(&mut self) {
        if std::mem::take(&mut self.saved) {
            return;
        }
        tracing::debug!(timeout = ?self.base, "tasks hang: longer timeouts saved none");
        self.doublings = 0;
        self.in_vain = self.next_in_vain;
        self.next_in_vain = (self.next_in_vain * 2).min(IN_VAIN.1);
    }

    /// One more end of a task.
    fn end(&mut self) {
        self.in_vain = self.in_vain.saturating_sub(1);
        self.ended += 1;
        if self.ended >= FREQUENT.1 {
            if self.timed_out == 0 && self.doublings > 0 {
                self.narrow();
            }
            self.begin_window();
        }
    }

    fn narrow(&mut self) {
        self.doublings -= 1;
        if self.doublings == 0 && self.saved {
            self.saved = false;
            self.next_in_vain = IN_VAIN.0;
        }
    }

    fn begin_window(&mut self) {
        self.ended = 0;
        self.timed_out = 0;
    }
}

/// What successful tasks took: the last 1,000 to 2,000 of them. 32 KiB.
#[derive(Debug)]
struct Seen {
    /// The older one, which is asked, holds all that the newer one does; `None` if they could
    /// not be made.
    halves: Option<[Histogram<u32>; 2]>,
    count: u64,
}

impl Seen {
    fn new() -> Self {
        let half = || Histogram::new_with_bounds(1, DAY, 2).ok();
        Self { halves: half().zip(half()).map(|(older, newer)| [older, newer]), count: 0 }
    }

    fn add(&mut self, elapsed: Duration) {
        let Some(halves) = &mut self.halves else { return };
        let microseconds = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        for half in halves.iter_mut() {
            half.saturating_record(microseconds);
        }
        self.count += 1;
        if self.count.is_multiple_of(HALF) {
            if self.count > HALF {
                halves.swap(0, 1);
            }
            halves[1].reset();
        }
    }

    /// The quantile, now and then: once there are enough, and each time there are many more.
    fn quantile(&self) -> Option<Duration> {
        let due = self.count == FEW || self.count > FEW && self.count.is_multiple_of(LOOK_UP);
        let [older, _] = self.halves.as_ref().filter(|_| due)?;
        Some(Duration::from_micros(older.value_at_quantile(QUANTILE)))
    }
}

#[cfg(test)]
mod tests;
