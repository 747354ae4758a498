//! Reports of runs: kept as JSON, appended to a file across runs, compared, shown to people.
//!
//! A caller fills a [`RunReport`] from what it measured. [`MetricsFile`] keeps one line a run, from
//! any number of processes; [`compare`](compare()) says which of two sets of runs was faster, or
//! that the noise does not let one say. `RunReport::to_text` is for a terminal,
//! `RunReport::to_html` (feature `html`) is a page with charts.
//!
//! **Version**: [`VERSION`] grows when a field changes its meaning or goes. A report of a newer
//! version is refused with [`ErrorKind::Unsupported`]. Within a version fields may be added: those
//! that are missing have their default, and those that are unknown are ignored.
//!
//! **Numbers**: JSON has no NaN. A number that is not finite is written as `null`, read as NaN, left
//! out of comparisons and charts, and shown as "–".

mod compare;
mod environment;
mod format;
#[cfg(feature = "html")]
mod html;
mod metrics_file;
mod parts;
mod samples;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use atg_core::{Error, ErrorKind, PerfSnapshot, Result};
use serde::{Deserialize, Serialize};

use crate::Timeline;
pub use compare::{
    CompareOptions, Comparison, Incomparable, Interval, MINIMUM_VALUES, MetricComparison, Verdict,
    compare,
};
pub use environment::Environment;
pub use format::grouped;
pub use metrics_file::{MetricsContents, MetricsFile, UnreadableLine};
pub use parts::{CacheReport, OperationReport, PhaseReport};
pub use samples::{Quantity, Samples};

/// The version of the reports that this crate writes.
pub const VERSION: u32 = 1;

/// What a run did and how long it took: plain data, to be filled by whoever ran it.
///
/// ```
/// use std::time::{Duration, SystemTime};
/// use atg_perf::report::{CacheReport, Environment, PhaseReport, RunReport};
///
/// let mut report = RunReport::new("nightly scan", Environment::detect(SystemTime::now()))
///     .with_parameter("workers", "8")
///     .with_phase(PhaseReport::new("scan", Duration::from_secs(20), 10_000));
/// report.requests = 113;
/// report.caches.insert("answers".into(), CacheReport::new(90, 10));
/// assert_eq!(report, RunReport::from_json(&report.to_json()?)?);
/// println!("{}", report.to_text());
/// # Ok::<(), atg_core::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct RunReport {
    /// The version it was written by.
    pub version: u32,
    /// What kind of run it was: runs of one name are compared with each other.
    pub name: String,
    /// Where and when it ran.
    pub environment: Environment,
    /// How it was called. No secret belongs here.
    pub parameters: BTreeMap<String, String>,
    /// How long the whole run took, in seconds.
    #[serde(deserialize_with = "parts::finite_or_nan")]
    pub seconds: f64,
    /// Its stretches of work, in order.
    pub phases: Vec<PhaseReport>,
    /// Its operations by name.
    pub operations: BTreeMap<String, OperationReport>,
    /// The most memory the process held, in bytes.
    pub peak_memory_bytes: Option<u64>,
    /// Its caches by name.
    pub caches: BTreeMap<String, CacheReport>,
    /// Requests sent.
    pub requests: u64,
    /// Those of them that were refused for now (429).
    pub throttled: u64,
    /// What was measured several times within the run, by name: for comparisons.
    pub samples: BTreeMap<String, Samples>,
    /// How values went over time: for charts.
    pub timelines: Vec<Timeline>,
}

impl RunReport {
    /// An empty report of a run called `name`.
    pub fn new(name: impl Into<String>, environment: Environment) -> Self {
        Self { version: VERSION, name: name.into(), environment, ..Self::default() }
    }

    /// With a parameter that the run was called with.
    #[must_use]
    pub fn with_parameter(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parameters.insert(name.into(), value.into());
        self
    }

    /// With one more phase.
    #[must_use]
    pub fn with_phase(mut self, phase: impl Into<PhaseReport>) -> Self {
        self.phases.push(phase.into());
        self
    }

    /// With the whole run's time, and what a monitor measured in that time.
    #[must_use]
    pub fn with_measured(mut self, elapsed: Duration, snapshot: &PerfSnapshot) -> Self {
        self.seconds = elapsed.as_secs_f64();
        for (name, summary) in &snapshot.operations {
            let operation = OperationReport::new(summary, elapsed);
            self.operations.insert((*name).to_owned(), operation);
        }
        self
    }

    /// With the values of something measured several times.
    #[must_use]
    pub fn with_samples(mut self, name: impl Into<String>, samples: Samples) -> Self {
        self.samples.insert(name.into(), samples);
        self
    }

    /// With one more timeline.
    #[must_use]
    pub fn with_timeline(mut self, timeline: Timeline) -> Self {
        self.timelines.push(timeline);
        self
    }

    /// The report as JSON, indented, with everything in it.
    ///
    /// # Errors
    /// None that is known: every value of these types can be written.
    pub fn to_json(&self) -> Result<String> {
        let failed = |error| {
            Error::new(ErrorKind::Internal, "write report", "it is no JSON").with_source(error)
        };
        serde_json::to_string_pretty(self).map_err(failed)
    }

    /// Reads what [`to_json`](Self::to_json) or a [`MetricsFile`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] for a report of a newer version, [`ErrorKind::InvalidData`] for
    /// anything else that is not a report.
    pub fn from_json(json: &str) -> Result<Self> {
        /// What every version has.
        #[derive(Deserialize)]
        struct Header {
            version: u64,
        }
        let invalid = |error: serde_json::Error| {
            Error::new(ErrorKind::InvalidData, "read report", "this is not a report")
                .with_source(error)
        };
        let Header { version } = serde_json::from_str(json).map_err(invalid)?;
        if version > u64::from(VERSION) {
            let message =
                format!("it has version {version}, and only versions up to {VERSION} are known");
            return Err(Error::new(ErrorKind::Unsupported, "read report", message));
        }
        serde_json::from_str(json).map_err(invalid)
    }
}
