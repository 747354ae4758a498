//! [`MonitorSnapshot`]: all that a monitor has measured, as plain values.

use std::collections::BTreeMap;
use std::time::Duration;

use atg_core::{OperationSummary, PerfSnapshot};
use serde::{Serialize, Serializer};

use super::clock::nanoseconds;

/// All that a [`Monitor`](super::Monitor) has measured so far.
///
/// Serialized, each duration is a whole number of nanoseconds, 584 years at the most, and so is
/// named: `total_ns`.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct MonitorSnapshot {
    /// When the monitor was built, in milliseconds since 1970 by the system's clock.
    pub began_unix_ms: u64,
    /// How long ago that is, by the monitor's clock.
    #[serde(rename = "elapsed_ns", serialize_with = "as_nanoseconds")]
    pub elapsed: Duration,
    /// The operations recorded.
    pub operations: BTreeMap<&'static str, OperationFigures>,
    /// The counters asked for.
    pub counters: BTreeMap<&'static str, u64>,
    /// The phases that have ended, in that order; the first 4,096.
    pub phases: Vec<PhaseFigures>,
    /// Phases that ended after those.
    pub phases_left_out: u64,
    /// The slowest of the slow operations, the worst first.
    pub slow: Vec<SlowOperation>,
}

/// What was measured of one operation. Counts and sums stop at `u64::MAX`, times at that many
/// nanoseconds: 584 years.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct OperationFigures {
    /// Pieces of work.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that took as long as the slow-operation log's threshold, or longer.
    pub slow: u64,
    /// Items moved.
    pub items: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Time spent, summed over all workers.
    #[serde(rename = "total_ns", serialize_with = "as_nanoseconds")]
    pub total: Duration,
    /// The shortest.
    #[serde(rename = "minimum_ns", serialize_with = "as_nanoseconds")]
    pub minimum: Duration,
    /// Half took no longer. Quantiles are exact to one part in a hundred; a day is the longest.
    #[serde(rename = "p50_ns", serialize_with = "as_nanoseconds")]
    pub p50: Duration,
    /// Nine in ten took no longer.
    #[serde(rename = "p90_ns", serialize_with = "as_nanoseconds")]
    pub p90: Duration,
    /// 95 in a hundred took no longer.
    #[serde(rename = "p95_ns", serialize_with = "as_nanoseconds")]
    pub p95: Duration,
    /// 99 in a hundred took no longer.
    #[serde(rename = "p99_ns", serialize_with = "as_nanoseconds")]
    pub p99: Duration,
    /// The longest.
    #[serde(rename = "maximum_ns", serialize_with = "as_nanoseconds")]
    pub maximum: Duration,
}

impl OperationFigures {
    /// The quantiles: (0.5, …), (0.9, …), (0.95, …), (0.99, …).
    pub fn quantiles(&self) -> [(f64, Duration); 4] {
        [(0.5, self.p50), (0.9, self.p90), (0.95, self.p95), (0.99, self.p99)]
    }
}

/// A phase that has ended.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PhaseFigures {
    /// Its name.
    pub name: &'static str,
    /// When it began, from the building of the monitor on.
    #[serde(rename = "began_after_ns", serialize_with = "as_nanoseconds")]
    pub began_after: Duration,
    /// How long it took.
    #[serde(rename = "elapsed_ns", serialize_with = "as_nanoseconds")]
    pub elapsed: Duration,
    /// Items moved.
    pub items: u64,
    /// The most memory that the process had meanwhile, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// Whether it was finished; else it was broken off.
    pub finished: bool,
}

/// A slow operation.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SlowOperation {
    /// What was done.
    pub operation: &'static str,
    /// The statement with `?` for each value, where the caller told it; else empty.
    pub shape: String,
    /// How long it took.
    #[serde(rename = "elapsed_ns", serialize_with = "as_nanoseconds")]
    pub elapsed: Duration,
    /// Items moved.
    pub items: u64,
    /// Whether it succeeded.
    pub succeeded: bool,
    /// When it ended, from the building of the monitor on.
    #[serde(rename = "ended_after_ns", serialize_with = "as_nanoseconds")]
    pub ended_after: Duration,
}

impl From<&MonitorSnapshot> for PerfSnapshot {
    fn from(snapshot: &MonitorSnapshot) -> Self {
        let summary = |(name, one): (&&'static str, &OperationFigures)| (*name, one.into());
        Self { operations: snapshot.operations.iter().map(summary).collect() }
    }
}

impl From<&OperationFigures> for OperationSummary {
    fn from(figures: &OperationFigures) -> Self {
        Self {
            count: figures.count,
            failed: figures.failed,
            items: figures.items,
            bytes: figures.bytes,
            total: figures.total,
            maximum: figures.maximum,
            quantiles: figures.quantiles().to_vec(),
        }
    }
}

fn as_nanoseconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(nanoseconds(*duration))
}
