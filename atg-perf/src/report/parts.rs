//! The parts of a report: phases, operations, caches.

use std::time::Duration;

use atg_core::OperationSummary;
use atg_core::pipeline::Phase;
use serde::{Deserialize, Deserializer, Serialize};

/// A stretch of work.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct PhaseReport {
    /// What was done.
    pub name: String,
    /// How long it took, in seconds.
    #[serde(deserialize_with = "finite_or_nan")]
    pub seconds: f64,
    /// How many items it moved; 0 where it has none.
    pub items: u64,
    /// Items a second.
    #[serde(deserialize_with = "finite_or_nan")]
    pub per_second: f64,
    /// The most memory held while it ran, in bytes.
    pub peak_memory_bytes: Option<u64>,
}

impl PhaseReport {
    /// A phase that moved `items` in `elapsed`.
    pub fn new(name: impl Into<String>, elapsed: Duration, items: u64) -> Self {
        Phase::new(name, elapsed, items).into()
    }

    /// With the most memory held while it ran, in bytes.
    #[must_use]
    pub fn with_peak_memory(mut self, bytes: u64) -> Self {
        self.peak_memory_bytes = Some(bytes);
        self
    }
}

impl From<Phase> for PhaseReport {
    fn from(phase: Phase) -> Self {
        let Phase { name, seconds, items, per_second } = phase;
        Self { name, seconds, items, per_second, peak_memory_bytes: None }
    }
}

/// What was measured of one operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct OperationReport {
    /// Pieces of work.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Items moved.
    pub items: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Half took at most this many seconds; like the other quantiles, none where the monitor
    /// keeps no distribution.
    pub p50_seconds: Option<f64>,
    /// 90% took at most this many seconds.
    pub p90_seconds: Option<f64>,
    /// 95% took at most this many seconds.
    pub p95_seconds: Option<f64>,
    /// 99% took at most this many seconds.
    pub p99_seconds: Option<f64>,
    /// The longest, in seconds.
    #[serde(deserialize_with = "finite_or_nan")]
    pub maximum_seconds: f64,
    /// Time spent, summed over all workers, in seconds.
    #[serde(deserialize_with = "finite_or_nan")]
    pub total_seconds: f64,
    /// Items a second of the run's time; 0 for a run that took none.
    #[serde(deserialize_with = "finite_or_nan")]
    pub items_per_second: f64,
    /// Bytes a second of the run's time; 0 for a run that took none.
    #[serde(deserialize_with = "finite_or_nan")]
    pub bytes_per_second: f64,
}

impl OperationReport {
    /// What a monitor measured in a run that took `elapsed`.
    pub fn new(summary: &OperationSummary, elapsed: Duration) -> Self {
        let quantile = |wanted: f64| {
            let found = summary.quantiles.iter().find(|(q, _)| (q - wanted).abs() < 1e-9)?;
            Some(found.1.as_secs_f64())
        };
        Self {
            count: summary.count,
            failed: summary.failed,
            items: summary.items,
            bytes: summary.bytes,
            p50_seconds: quantile(0.5),
            p90_seconds: quantile(0.9),
            p95_seconds: quantile(0.95),
            p99_seconds: quantile(0.99),
            maximum_seconds: summary.maximum.as_secs_f64(),
            total_seconds: summary.total.as_secs_f64(),
            items_per_second: rate(summary.items, elapsed),
            bytes_per_second: rate(summary.bytes, elapsed),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a rate for people")]
fn rate(count: u64, elapsed: Duration) -> f64 {
    if elapsed.is_zero() { 0.0 } else { count as f64 / elapsed.as_secs_f64() }
}

/// How often a cache had what was asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct CacheReport {
    /// Found.
    pub hits: u64,
    /// Not found.
    pub misses: u64,
    /// Hits among all lookups, 0 to 1; none where nothing was looked up.
    pub ratio: Option<f64>,
}

impl CacheReport {
    /// A cache that had so many hits and misses.
    pub fn new(hits: u64, misses: u64) -> Self {
        let lookups = u128::from(hits) + u128::from(misses);
        #[allow(clippy::cast_precision_loss, reason = "a ratio for people")]
        let ratio = (lookups > 0).then(|| hits as f64 / lookups as f64);
        Self { hits, misses, ratio }
    }
}

/// JSON has no NaN: a number that is not finite is written as null.
pub(super) fn finite_or_nan<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or(f64::NAN))
}
