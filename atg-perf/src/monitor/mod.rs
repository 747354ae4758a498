//! [`Monitor`]: measures work while it runs, for some nanoseconds a record.

mod builder;
mod clock;
mod counter;
mod memory;
#[cfg(feature = "metrics")]
mod metrics;
mod periodic;
mod phase;
mod rates;
mod recorder;
mod registry;
mod shape;
mod slow;
mod snapshot;
mod stopwatch;
mod tally;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atg_core::{Measurement, PerfMonitor, PerfPhase, PerfRecorder, PerfSnapshot, Result};

pub use builder::MonitorBuilder;
pub use clock::{MonitorClock, Tick};
pub use counter::Counter;
#[cfg(feature = "metrics")]
pub use metrics::MetricsExporter;
pub use periodic::PeriodicTask;
pub use phase::PhaseGuard;
pub use rates::{Rate, RateLine};
pub use recorder::WorkerRecorder;
pub use snapshot::{MonitorSnapshot, OperationFigures, PhaseFigures, SlowOperation};
pub use stopwatch::Stopwatch;

use tally::Tally;

/// Measures work while it runs. Cheap to clone; clones share all they measure.
///
/// - **Operations**: each worker records with a recorder of its own
///   ([`worker_recorder`](Self::worker_recorder)): counts, items, bytes, and the distribution of
///   times (an `hdrhistogram` of two digits, from 1 ns to a day).
/// - **Snapshots** at any time, exact: nothing waits in a buffer. A recorder that was dropped
///   still counts, and keeps no memory of its own.
/// - **Counters** ([`counter`](Self::counter)) and **phases** ([`phase`](Self::phase)).
/// - **Slow operations**: the worst are kept with their statement's shape, never its values, and
///   logged as `tracing` events of the target `atg::slow`, ten in ten seconds at the most; an
///   event says how many were suppressed before it.
/// - **Rates** while it runs: [`report_every`](Self::report_every), [`rate_line`](Self::rate_line).
///
/// ```
/// use atg_perf::Monitor;
///
/// let monitor = Monitor::new();
/// let mut recorder = monitor.worker_recorder();
/// let mut watch = recorder.time("read page");
/// watch.set_items(100);
/// watch.succeed();
/// drop(recorder.time("read page")); // broken off: a failure
/// let seen = monitor.full_snapshot().operations["read page"];
/// assert_eq!((seen.count, seen.failed, seen.items), (2, 1, 101));
/// ```
#[derive(Clone)]
pub struct Monitor {
    shared: Arc<Shared>,
}

/// What the parts of a monitor share.
pub(crate) struct Shared {
    clock: MonitorClock,
    began: Tick,
    began_unix_ms: u64,
    registry: registry::Registry,
    counters: counter::Counters,
    phases: phase::Phases,
    slow: slow::SlowLog,
    measures_memory: bool,
}

impl Monitor {
    /// A monitor by the processor's clock, that calls a second slow.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// A builder, for what is to be otherwise.
    pub fn builder() -> MonitorBuilder {
        MonitorBuilder::default()
    }

    fn from_builder(builder: MonitorBuilder) -> Self {
        let clock = builder.clock.unwrap_or_default();
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let shared = Shared {
            began: clock.now(),
            clock,
            began_unix_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
            registry: registry::Registry::default(),
            counters: counter::Counters::default(),
            phases: phase::Phases::default(),
            slow: slow::SlowLog::new(builder.slow_threshold, builder.slow_kept),
            measures_memory: builder.measures_memory,
        };
        Self { shared: Arc::new(shared) }
    }

    /// A recorder for one worker.
    pub fn worker_recorder(&self) -> WorkerRecorder {
        WorkerRecorder::new(self.shared.clone())
    }

    /// Recorders that are at work now.
    pub fn recorders(&self) -> usize {
        self.shared.registry.live()
    }

    /// The counter of this name; the same for all who ask.
    pub fn counter(&self, name: &'static str) -> Counter {
        self.shared.counters.get(name)
    }

    /// Begins a phase.
    pub fn phase(&self, name: &'static str) -> PhaseGuard {
        PhaseGuard::begin(self.shared.clone(), name)
    }

    /// The clock that the monitor measures by.
    pub fn clock(&self) -> &MonitorClock {
        &self.shared.clock
    }

    /// All that was measured so far. Takes about 3 µs for each operation of each
    /// recorder.
    pub fn full_snapshot(&self) -> MonitorSnapshot {
        let (phases, phases_left_out) = self.shared.phases.ended();
        MonitorSnapshot {
            began_unix_ms: self.shared.began_unix_ms,
            elapsed: self.shared.age(),
            operations: self.operations(),
            counters: self.shared.counters.values(),
            phases,
            phases_left_out,
            slow: self.shared.slow.worst(),
        }
    }

    fn operations(&self) -> BTreeMap<&'static str, OperationFigures> {
        let mut merged = BTreeMap::<_, Tally>::new();
        self.visit(|operation, tally| {
            merged.entry(operation).or_insert_with(Tally::new).merge(tally);
        });
        merged.into_iter().map(|(operation, tally)| (operation, tally.figures())).collect()
    }

    fn visit(&self, visit: impl FnMut(&'static str, &Tally)) {
        self.shared.registry.visit(visit);
    }

    /// Looks at the rates whenever it is polled.
    pub fn rate_line(&self) -> RateLine {
        RateLine::new(self.clone())
    }

    /// Logs, each period, how fast each operation went since the last line, as a `tracing` event
    /// of the target `atg::rate` and the level info. Stops when the task's handle is dropped.
    /// Less than 100 ms count as that.
    ///
    /// # Errors
    /// `InvalidInput` outside a tokio runtime. The runtime must keep time.
    pub fn report_every(&self, period: Duration) -> Result<PeriodicTask> {
        let mut line = self.rate_line();
        PeriodicTask::start("report rates", period, move || line.log())
    }
}

impl Shared {
    /// Since it was built.
    fn age(&self) -> Duration {
        self.clock.since(self.began)
    }

    #[cold]
    fn note_slow(&self, measurement: &Measurement, shape: &str) {
        self.slow.note(measurement, shape, self.age());
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Self::new()
    }
}

impl PerfMonitor for Monitor {
    fn recorder(&self) -> Box<dyn PerfRecorder> {
        Box::new(self.worker_recorder())
    }

    fn snapshot(&self) -> PerfSnapshot {
        let operations = self.operations();
        PerfSnapshot::from(&MonitorSnapshot { operations, ..MonitorSnapshot::default() })
    }

    fn phase(&self, name: &'static str) -> Box<dyn PerfPhase> {
        Box::new(Monitor::phase(self, name))
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("recorders", &self.recorders()).finish_non_exhaustive()
    }
}
