//! The streaming pipeline from a source to a sink.
//!
//! ```text
//! scopes → read (several at once) → map → batch → write (several at once) → resolve → flush
//! ```
//! - **Bounded**: pages and rows in flight are bounded by number and by bytes, whatever the size
//!   of the tenant; relationships that wait for a node go to disk beyond a bound.
//! - **Order-independent**: a relationship whose node is not stored yet waits for the end of the
//!   reading; what never came becomes a node labelled `Unresolved`. Nothing is dropped.
//! - **Isolated**: a bad item, a bad row, a scope that fails cost only themselves, and are named
//!   in the report.
//! - **Traceable**: `tracing` spans of the level debug for the run (`pipeline`), a scope
//!   (`read scope`), a page (`map page`) and a batch (`write nodes`, `write relationships`).
//! - **Repeatable**: everything written is an idempotent upsert; after a crash at any moment the
//!   same run again ends with the same graph.
//!
//! ```
//! use atg_core::memory::{MemoryGraph, MemorySource};
//! use atg_core::pipeline::Pipeline;
//! use atg_core::{Resource, ResourceId};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let site = ResourceId::parse("/subscriptions/S/resourceGroups/G/providers/Microsoft.Web/sites/a")?;
//! let source = MemorySource::new().with_scope("all", vec![Resource::new(site)]);
//! let graph = std::sync::Arc::new(MemoryGraph::new());
//! let report = Pipeline::new(source, graph.clone()).run().await?;
//! assert_eq!(report.resources_read, 1);
//! assert_eq!(report.unresolved, 1); // the group, which no scope delivered
//! # Ok::<(), atg_core::Error>(())
//! # }).unwrap();
//! ```

mod lane;
mod map;
mod missing;
mod options;
mod parked;
mod pending;
mod phase;
mod progress;
mod reading;
mod report;
mod resolve;
mod run;
mod writing;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use map::{MapOptions, Mapped, Mapper, shared_node, unresolved_node};
pub use options::PipelineOptions;
pub use progress::{Progress, ProgressObserver, Stage};
pub use report::{Phase, ScanReport, ScopeCounts, ScopeProblem};
pub use tokio_util::sync::CancellationToken;

use crate::{BatchSizer, GraphSink, NoMonitor, PerfMonitor, ResourceSource, Result};

/// Reads a source into a sink. Build it, then [`run`](Self::run) it.
pub struct Pipeline<S, G> {
    source: Arc<S>,
    sink: Arc<G>,
    options: PipelineOptions,
    sizer: Arc<Mutex<Box<dyn BatchSizer>>>,
    monitor: Arc<dyn PerfMonitor>,
    observer: Option<ProgressObserver>,
    cancel: CancellationToken,
}

impl<S, G> std::fmt::Debug for Pipeline<S, G> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pipeline").field("options", &self.options).finish_non_exhaustive()
    }
}

impl<S: ResourceSource + 'static, G: GraphSink + 'static> Pipeline<S, G> {
    /// A pipeline with default options, the sink's own [`sizer`](GraphSink::sizer), and no monitor.
    pub fn new(source: S, sink: G) -> Self {
        let sizer = sink.sizer();
        Self {
            source: Arc::new(source),
            sink: Arc::new(sink),
            options: PipelineOptions::default(),
            sizer: Arc::new(Mutex::new(sizer)),
            monitor: Arc::new(NoMonitor),
            observer: None,
            cancel: CancellationToken::new(),
        }
    }

    /// The same pipeline with other options.
    #[must_use]
    pub fn with_options(mut self, options: PipelineOptions) -> Self {
        self.options = options;
        self
    }

    /// The same pipeline with batch sizes, and how many are in flight, chosen by `sizer` in place
    /// of the sink's.
    #[must_use]
    pub fn with_sizer(mut self, sizer: impl BatchSizer + 'static) -> Self {
        self.sizer = Arc::new(Mutex::new(Box::new(sizer)));
        self
    }

    /// The same pipeline measured by `monitor`: the operation `"read page"`, a record a page with
    /// the waits for the source's quotas in it; `"write nodes"` and `"write relationships"`, a
    /// record a batch; the phases `"scan"`, `"resolve"`, `"flush"`.
    #[must_use]
    pub fn with_monitor(mut self, monitor: impl PerfMonitor + 'static) -> Self {
        self.monitor = Arc::new(monitor);
        self
    }

    /// The same pipeline with an observer of its progress.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The same pipeline, to be stopped by `cancel`: reading ends at once, what was read is
    /// written, and the report says `cancelled`.
    #[must_use]
    pub fn with_cancellation(mut self, cancel: CancellationToken) -> Self {
        self.cancel = cancel;
        self
    }

    fn sizer(&self) -> MutexGuard<'_, Box<dyn BatchSizer>> {
        self.sizer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs the pipeline to its end. Call it within a tokio runtime; with several threads
    /// reading and writing overlap on them.
    ///
    /// # Errors
    /// Where the scopes cannot be listed, the sink fails, or waiting relationships cannot be
    /// kept. A scope that fails is no error: the report names it.
    ///
    /// # Cancel safety
    /// Dropping the future stops reading and abandons batches; the graph is whole, and the same
    /// run again completes it. To stop with a report, use a cancellation token.
    pub async fn run(self) -> Result<ScanReport> {
        let span = tracing::debug_span!("pipeline");
        tracing::Instrument::instrument(run::run(self), span).await
    }
}
