//! [`PerfMonitor`]: measuring work while it runs.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::{BatchKind, BatchObservation};

/// One finished piece of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Measurement {
    /// What was done, a name known at compile time: `"read page"`, `"write nodes"`.
    pub operation: &'static str,
    /// How long it took.
    pub elapsed: Duration,
    /// How many items it moved: rows, resources; 1 where it has none.
    pub items: u64,
    /// How many bytes it moved; 0 where that makes no sense.
    pub bytes: u64,
    /// Whether it succeeded.
    pub succeeded: bool,
}

impl From<&BatchObservation> for Measurement {
    /// A batch as the operation `"write nodes"` or `"write relationships"`.
    fn from(seen: &BatchObservation) -> Self {
        Self {
            operation: match seen.kind {
                BatchKind::Nodes => "write nodes",
                BatchKind::Relationships => "write relationships",
            },
            elapsed: seen.elapsed,
            items: seen.rows as u64,
            bytes: seen.bytes as u64,
            succeeded: seen.result.is_stored(),
        }
    }
}

/// What was measured of one operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OperationSummary {
    /// Pieces of work.
    pub count: u64,
    /// Those that failed.
    pub failed: u64,
    /// Items moved.
    pub items: u64,
    /// Bytes moved.
    pub bytes: u64,
    /// Time spent, summed over all workers.
    pub total: Duration,
    /// The longest.
    pub maximum: Duration,
    /// Quantiles, where the monitor keeps a distribution: (0.5, …), (0.9, …), (0.99, …).
    pub quantiles: Vec<(f64, Duration)>,
}

/// What was measured so far, by operation.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PerfSnapshot {
    /// A summary for each operation seen.
    pub operations: BTreeMap<&'static str, OperationSummary>,
}

/// Takes measurements for one worker: owned, never shared, never waits.
pub trait PerfRecorder: Send {
    /// Records one piece of work. Costs at most 60 ns, clock included.
    fn record(&mut self, measurement: &Measurement);

    /// Records a query or a batch whose statement has this shape: its text with placeholders for
    /// values. Recorders that keep no shapes record the measurement alone.
    fn record_shape(&mut self, measurement: &Measurement, shape: &str) {
        let _ = shape;
        self.record(measurement);
    }

    /// Whether records are kept; where not, callers need not read the clock.
    fn is_on(&self) -> bool {
        true
    }
}

/// A phase of the work under way, from [`PerfMonitor::phase`] on. Dropped without `finish`, it
/// counts as broken off; may be held across awaits.
pub trait PerfPhase: Send + Sync {
    /// Ends the phase as done, with the items it moved.
    fn finish(self: Box<Self>, items: u64);
}

/// Measures work while it runs.
///
/// - **One recorder a worker**: `recorder` hands out an owned recorder; recorders never contend.
/// - **`snapshot`** merges what the recorders have seen, at any time, from any task; a recorder
///   that was dropped still counts.
/// - **Off costs nothing**: see [`NoMonitor`].
pub trait PerfMonitor: Send + Sync {
    /// A recorder for one worker.
    fn recorder(&self) -> Box<dyn PerfRecorder>;

    /// What was measured so far.
    fn snapshot(&self) -> PerfSnapshot;

    /// Begins a phase. Monitors that keep no phases give one that costs nothing.
    fn phase(&self, name: &'static str) -> Box<dyn PerfPhase> {
        let _ = name;
        Box::new(NoMonitor)
    }
}

impl<M: PerfMonitor + ?Sized> PerfMonitor for std::sync::Arc<M> {
    fn recorder(&self) -> Box<dyn PerfRecorder> {
        (**self).recorder()
    }

    fn snapshot(&self) -> PerfSnapshot {
        (**self).snapshot()
    }

    fn phase(&self, name: &'static str) -> Box<dyn PerfPhase> {
        (**self).phase(name)
    }
}

/// Measures nothing, allocates nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMonitor;

impl PerfRecorder for NoMonitor {
    fn record(&mut self, _measurement: &Measurement) {}

    fn is_on(&self) -> bool {
        false
    }
}

impl PerfPhase for NoMonitor {
    fn finish(self: Box<Self>, _items: u64) {}
}

impl PerfMonitor for NoMonitor {
    fn recorder(&self) -> Box<dyn PerfRecorder> {
        // A box of a type without size does not allocate.
        Box::new(Self)
    }

    fn snapshot(&self) -> PerfSnapshot {
        PerfSnapshot::default()
    }
}
