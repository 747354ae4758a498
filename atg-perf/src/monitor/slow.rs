//! [`SlowLog`]: the worst of the slow operations, and a word on each, but not too many words.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atg_core::Measurement;

use super::shape::shape_of;
use super::snapshot::SlowOperation;

/// So many events go out in a [`WINDOW`]; more are counted and told of by a later one.
const EVENTS: u32 = 10;
const WINDOW: Duration = Duration::from_secs(10);
/// The most that can be kept.
const MOST_KEPT: usize = 10_000;

/// The worst of the operations that took as long as a threshold, or longer.
pub(super) struct SlowLog {
    threshold: Duration,
    kept: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    worst: BinaryHeap<Reverse<Entry>>,
    limit: EventLimit,
}

struct Entry(SlowOperation);

impl SlowLog {
    pub(super) fn new(threshold: Duration, kept: usize) -> Self {
        Self { threshold, kept: kept.min(MOST_KEPT), state: Mutex::default() }
    }

    pub(super) fn threshold(&self) -> Duration {
        self.threshold
    }

    /// Keeps it if it is among the worst, and logs it unless there was too much to log.
    pub(super) fn note(&self, measurement: &Measurement, shape: &str, ended_after: Duration) {
        let mut state = self.state();
        let suppressed = state.limit.take(ended_after);
        let is_kept = self.is_among_the_worst(&state.worst, measurement.elapsed);
        // Reading a statement takes a while, in which nobody else need wait.
        drop(state);
        if suppressed.is_none() && !is_kept {
            return;
        }
        let slow = SlowOperation {
            operation: measurement.operation,
            shape: shape_of(shape),
            elapsed: measurement.elapsed,
            items: measurement.items,
            succeeded: measurement.succeeded,
            ended_after,
        };
        if is_kept {
            self.keep(slow.clone());
        }
        if let Some(suppressed) = suppressed {
            log(&slow, suppressed);
        }
    }

    fn keep(&self, slow: SlowOperation) {
        let mut state = self.state();
        state.worst.push(Reverse(Entry(slow)));
        if state.worst.len() > self.kept {
            state.worst.pop();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_among_the_worst(&self, worst: &BinaryHeap<Reverse<Entry>>, elapsed: Duration) -> bool {
        let least = worst.peek().map(|Reverse(Entry(least))| least.elapsed);
        worst.len() < self.kept || (self.kept > 0 && least.is_some_and(|least| elapsed > least))
    }

    /// The worst first.
    pub(super) fn worst(&self) -> Vec<SlowOperation> {
        let state = self.state();
        let mut all: Vec<_> = state.worst.iter().map(|Reverse(Entry(one))| one.clone()).collect();
        all.sort_by(|a, b| b.elapsed.cmp(&a.elapsed).then(a.ended_after.cmp(&b.ended_after)));
        all
    }
}

fn log(slow: &SlowOperation, suppressed: u64) {
    tracing::warn!(
        target: "atg::slow",
        operation = slow.operation,
        shape = slow.shape,
        milliseconds = slow.elapsed.as_millis(),
        items = slow.items,
        succeeded = slow.succeeded,
        suppressed,
        "slow operation"
    );
}

impl Entry {
    /// The slower is the greater; of equals, the earlier.
    fn rank(&self) -> (Duration, Reverse<Duration>) {
        (self.0.elapsed, Reverse(self.0.ended_after))
    }
}

impl Ord for Entry {
    fn cmp(&self, other: &Self) -> Ordering {
        self.rank().cmp(&other.rank())
    }
}

impl PartialOrd for Entry {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Entry {}

/// How many events may still go out.
#[derive(Default)]
struct EventLimit {
    window_ends: Duration,
    sent: u32,
    suppressed: u64,
}

impl EventLimit {
    /// Takes one, and gives how many were suppressed since the last; `None` where none is left.
    fn take(&mut self, now: Duration) -> Option<u64> {
        if now >= self.window_ends {
            self.window_ends = now.saturating_add(WINDOW);
            self.sent = 0;
        }
        if self.sent >= EVENTS {
            self.suppressed = self.suppressed.saturating_add(1);
            return None;
        }
        self.sent += 1;
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{EVENTS, EventLimit, WINDOW};

    #[test]
    fn a_storm_is_told_of_in_ten_events_and_a_number() {
        let mut limit = EventLimit::default();
        let sent = (0..1_000).filter(|_| limit.take(Duration::from_secs(5)).is_some()).count();
        assert_eq!(sent, EVENTS as usize);
        let next = Duration::from_secs(5) + WINDOW;
        assert_eq!(limit.take(Duration::from_secs(5) + WINDOW / 2), None);
        assert_eq!((limit.take(next), limit.take(next)), (Some(991), Some(0)));
        assert_eq!(limit.take(Duration::MAX), Some(0));
    }
}
