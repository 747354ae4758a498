//! [`Tally`]: what is counted of one operation.

use std::time::Duration;

use hdrhistogram::Histogram;

use super::snapshot::OperationFigures;

/// Quantiles are exact to one part in a hundred.
const DIGITS: u8 = 2;
/// The distribution counts longer work as this long: a day. Sums and extremes stay exact.
const LONGEST: u64 = 86_400_000_000_000;

/// What is counted of one operation.
pub(super) struct Tally {
    pub(super) totals: Totals,
    slow: u64,
    /// In nanoseconds, as all here.
    total: u64,
    minimum: u64,
    maximum: u64,
    /// Grows with the longest time seen. Two digits are valid: never `None`.
    distribution: Option<Histogram<u64>>,
}

/// A record on its way to its tally.
pub(super) struct Entry {
    pub(super) place: usize,
    pub(super) nanoseconds: u64,
    pub(super) items: u64,
    pub(super) bytes: u64,
    pub(super) succeeded: bool,
    pub(super) is_slow: bool,
}

/// What only ever grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Totals {
    pub(super) count: u64,
    pub(super) failed: u64,
    pub(super) items: u64,
    pub(super) bytes: u64,
}

impl Tally {
    pub(super) fn new() -> Self {
        Self {
            totals: Totals::default(),
            slow: 0,
            total: 0,
            minimum: u64::MAX,
            maximum: 0,
            distribution: Histogram::new(DIGITS).ok(),
        }
    }

    #[inline]
    pub(super) fn record(&mut self, entry: &Entry) {
        let totals = &mut self.totals;
        totals.count = totals.count.saturating_add(1);
        totals.failed = totals.failed.saturating_add(u64::from(!entry.succeeded));
        totals.items = totals.items.saturating_add(entry.items);
        totals.bytes = totals.bytes.saturating_add(entry.bytes);
        self.slow = self.slow.saturating_add(u64::from(entry.is_slow));
        self.total = self.total.saturating_add(entry.nanoseconds);
        self.minimum = self.minimum.min(entry.nanoseconds);
        self.maximum = self.maximum.max(entry.nanoseconds);
        if let Some(distribution) = &mut self.distribution {
            // Fails only where a value is beyond what can be counted, and the longest is not.
            let _ = distribution.record(entry.nanoseconds.min(LONGEST));
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.totals.merge(&other.totals);
        self.slow = self.slow.saturating_add(other.slow);
        self.total = self.total.saturating_add(other.total);
        self.minimum = self.minimum.min(other.minimum);
        self.maximum = self.maximum.max(other.maximum);
        if let (Some(own), Some(others)) = (&mut self.distribution, &other.distribution) {
            // Fails only where it may not grow, and it may.
            let _ = own.add(others);
        }
    }

    pub(super) fn figures(&self) -> OperationFigures {
        let Totals { count, failed, items, bytes } = self.totals;
        OperationFigures {
            count,
            failed,
            slow: self.slow,
            items,
            bytes,
            total: Duration::from_nanos(self.total),
            minimum: Duration::from_nanos(self.minimum.min(self.maximum)),
            p50: self.quantile(0.5),
            p90: self.quantile(0.9),
            p95: self.quantile(0.95),
            p99: self.quantile(0.99),
            maximum: Duration::from_nanos(self.maximum),
        }
    }

    fn quantile(&self, quantile: f64) -> Duration {
        let found = self.distribution.as_ref().map_or(0, |all| all.value_at_quantile(quantile));
        Duration::from_nanos(found.max(self.minimum).min(self.maximum))
    }
}

impl Totals {
    pub(super) fn merge(&mut self, other: &Self) {
        self.count = self.count.saturating_add(other.count);
        self.failed = self.failed.saturating_add(other.failed);
        self.items = self.items.saturating_add(other.items);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}
