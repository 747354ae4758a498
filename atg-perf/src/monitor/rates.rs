//! [`RateLine`]: how fast each operation goes, between one look and the next.

use std::collections::BTreeMap;
use std::time::Duration;

use super::Monitor;
use super::clock::{Tick, nanoseconds};
use super::tally::Totals;

/// What one operation did between two looks.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// The operation.
    pub operation: &'static str,
    /// Pieces of work.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Items moved.
    pub items: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// The time between the looks.
    pub elapsed: Duration,
}

impl Rate {
    /// Items a second, rounded down; 0 where no time passed.
    pub fn items_per_second(&self) -> u64 {
        let second = 1_000_000_000_u128;
        let moved = u128::from(self.items) * second;
        let rate = moved.checked_div(u128::from(nanoseconds(self.elapsed))).unwrap_or(0);
        u64::try_from(rate).unwrap_or(u64::MAX)
    }
}

/// Gives the rates since the last look, each time it is polled.
///
/// A look visits each recorder for less than a microsecond.
#[derive(Debug)]
pub struct RateLine {
    monitor: Monitor,
    at: Tick,
    before: BTreeMap<&'static str, Totals>,
}

impl RateLine {
    pub(super) fn new(monitor: Monitor) -> Self {
        let (at, before) = look(&monitor);
        Self { monitor, at, before }
    }

    /// The rates since the last look, or since the line was made; only of operations that did
    /// something.
    pub fn poll(&mut self) -> Vec<Rate> {
        let (at, now) = look(&self.monitor);
        let elapsed = self.monitor.clock().between(self.at, at);
        let rate = |(operation, now): (&&'static str, &Totals)| {
            let before = self.before.get(operation).copied().unwrap_or_default();
            Rate {
                operation,
                count: now.count.saturating_sub(before.count),
                failed: now.failed.saturating_sub(before.failed),
                items: now.items.saturating_sub(before.items),
                bytes: now.bytes.saturating_sub(before.bytes),
                elapsed,
            }
        };
        let rates = now.iter().map(rate).filter(|rate| rate.count > 0).collect();
        (self.at, self.before) = (at, now);
        rates
    }

    /// Logs the rates since the last look.
    pub(super) fn log(&mut self) {
        for rate in self.poll() {
            tracing::info!(
                target: "atg::rate",
                operation = rate.operation,
                items_per_second = rate.items_per_second(),
                items = rate.items,
                count = rate.count,
                failed = rate.failed,
                milliseconds = rate.elapsed.as_millis(),
                "rate"
            );
        }
    }
}

fn look(monitor: &Monitor) -> (Tick, BTreeMap<&'static str, Totals>) {
    let at = monitor.clock().now();
    let mut totals = BTreeMap::<_, Totals>::new();
    monitor.visit(|operation, tally| totals.entry(operation).or_default().merge(&tally.totals));
    (at, totals)
}
