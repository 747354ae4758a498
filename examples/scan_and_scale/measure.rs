//! What a run is measured by, beside its report: how requests, rows, batches and memory went over
//! time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use atg_core::pipeline::Progress;
use atg_core::{
    BatchContext, BatchKind, BatchObservation, BatchSizer, Error, ErrorKind, PerfMonitor as _,
    ResourceSource, Result,
};
use atg_graph::scale::{ScalePhase, ScaleProgress};
use atg_perf::report::{CacheReport, Environment, MetricsFile, PhaseReport, RunReport};
use atg_perf::{Monitor, Timeline};
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::files;
use crate::memory;
use crate::options::Options;
use crate::report::Report;

/// How often it is noted how far things are.
const PERIOD: Duration = Duration::from_millis(100);

/// Measures a run; clones measure the same one.
#[derive(Clone)]
pub(crate) struct Measure {
    pub(crate) monitor: Monitor,
    begun: Instant,
    started_at: SystemTime,
    source: Arc<dyn ResourceSource>,
    lines: Arc<Mutex<Lines>>,
}

/// How things went over time.
struct Lines {
    requests: Timeline,
    throttled: Timeline,
    rows: Timeline,
    node_batches: Timeline,
    relationship_batches: Timeline,
    memory: Timeline,
    /// The phase of the scale-up, rows of what ended before it, and rows so far.
    phase: Option<ScalePhase>,
    rows_before: u64,
    rows_so_far: u64,
}

impl Lines {
    fn new() -> Self {
        // Each starts at zero, so that what happens before the first note counts too.
        let counter = |name, unit| {
            let mut line = Timeline::counter(name, unit);
            line.push(0.0, 0.0);
            line
        };
        let load = |name| counter(name, "requests").in_chart("requests and throttles");
        let batches = |name| Timeline::gauge(name, "rows").in_chart("batch size chosen");
        Self {
            requests: load("requests"),
            throttled: load("throttled"),
            rows: counter("rows written", "rows"),
            node_batches: batches("nodes"),
            relationship_batches: batches("relationships"),
            memory: Timeline::gauge("memory", "bytes"),
            phase: None,
            rows_before: 0,
            rows_so_far: 0,
        }
    }
}

/// Notes how far things are until it is dropped.
pub(crate) struct Watch(JoinHandle<()>);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Measure {
    pub(crate) fn of(source: Arc<dyn ResourceSource>) -> Self {
        Self {
            monitor: Monitor::new(),
            begun: Instant::now(),
            started_at: SystemTime::now(),
            source,
            lines: Arc::new(Mutex::new(Lines::new())),
        }
    }

    /// Begins to note how far things are.
    pub(crate) fn watch(&self) -> Watch {
        let measure = self.clone();
        Watch(tokio::spawn(async move {
            let mut ticks = tokio::time::interval(PERIOD);
            // Notes made up for in a burst would show rates that never were.
            ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                ticks.tick().await;
                measure.note();
            }
        }))
    }

    fn note(&self) {
        let (usage, held) = (self.source.usage(), memory::bytes());
        let at = self.begun.elapsed().as_secs_f64();
        let mut lines = self.lines();
        let rows = lines.rows_so_far;
        lines.requests.push(at, count(usage.requests));
        lines.throttled.push(at, count(usage.throttled));
        lines.rows.push(at, count(rows));
        lines.memory.push(at, count(held));
    }

    /// Takes note of how far a scan is.
    pub(crate) fn scan(&self, progress: &Progress) {
        self.lines().rows_so_far = progress.nodes + progress.relationships;
    }

    /// Takes note of how far a scale-up is; its rows come on top of the scan's.
    pub(crate) fn scaled(&self, progress: ScaleProgress) {
        let mut lines = self.lines();
        if lines.phase != Some(progress.phase) {
            // Each phase counts its own rows.
            lines.phase = Some(progress.phase);
            lines.rows_before = lines.rows_so_far;
        }
        lines.rows_so_far = lines.rows_before.saturating_add(progress.done);
    }

    /// The same sizer, whose choices are noted.
    pub(crate) fn noting(&self, sizer: Box<dyn BatchSizer>) -> impl BatchSizer + use<> {
        Noting { sizer, measure: self.clone() }
    }

    fn chosen(&self, kind: BatchKind, rows: usize) {
        let at = self.begun.elapsed().as_secs_f64();
        let mut lines = self.lines();
        let line = match kind {
            BatchKind::Nodes => &mut lines.node_batches,
            BatchKind::Relationships => &mut lines.relationship_batches,
        };
        line.push(at, count(rows as u64));
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The most memory so far. Each phase begins the system's own count anew.
    pub(crate) fn peak_memory_bytes(&self) -> u64 {
        let phases = self.monitor.full_snapshot().phases;
        let peaks = phases.iter().filter_map(|phase| phase.peak_memory);
        peaks.fold(memory::peak_bytes(), u64::max)
    }

    /// Writes the report, the page and the line that the options ask for; one that fails does not
    /// cost the others.
    pub(crate) fn keep(&self, options: &Options, report: &Report) -> Result<()> {
        self.note();
        let run = self.run_report(options, report);
        let as_json = |path| files::write(&json_of(report)?, path);
        let json = options.report.as_deref().map_or(Ok(()), as_json);
        let page = options.html.as_deref();
        let html = page.map_or(Ok(()), |path| files::write(&run.to_html(), path));
        let file = options.metrics.as_ref();
        let metrics = file.map_or(Ok(()), |path| MetricsFile::new(path).append(&run));
        json.and(html).and(metrics)
    }

    /// The run in the form that runs are compared by.
    fn run_report(&self, options: &Options, report: &Report) -> RunReport {
        let environment = Environment::detect(self.started_at);
        let mut run = RunReport::new(run_name(options, report), environment)
            .with_measured(self.begun.elapsed(), &self.monitor.snapshot());
        for (name, value) in options.parameters() {
            run = run.with_parameter(name, value);
        }
        run = run.with_parameter("source", &report.source).with_parameter("graph", &report.graph);
        let measured = self.monitor.full_snapshot().phases;
        for phase in &report.phases {
            let mut shown = PhaseReport::from(phase.clone());
            let found = measured.iter().find(|one| one.name == phase.name);
            shown.peak_memory_bytes = found.and_then(|one| one.peak_memory);
            run = run.with_phase(shown);
        }
        run.peak_memory_bytes = Some(report.peak_memory_bytes);
        run.caches
            .insert("answers".to_owned(), CacheReport::new(report.cache.hits, report.cache.misses));
        (run.requests, run.throttled) = (report.scan.requests, report.scan.throttled);
        let lines = self.lines();
        let Lines { requests, throttled, rows, node_batches, relationship_batches, memory, .. } =
            &*lines;
        let all = [requests, throttled, rows, node_batches, relationship_batches, memory];
        all.into_iter().cloned().fold(run, RunReport::with_timeline)
    }
}

fn json_of(report: &Report) -> Result<String> {
    let failed =
        |error| Error::new(ErrorKind::Internal, "write report", "it is no JSON").with_source(error);
    Ok(serde_json::to_string_pretty(report).map_err(failed)? + "\n")
}

/// Runs of one name are compared with each other: so those that did not do all of the work, or
/// another, have names of their own.
fn run_name(options: &Options, report: &Report) -> &'static str {
    if report.scan.cancelled {
        "scan and scale, stopped"
    } else if options.dry_run {
        "dry run"
    } else if !report.scan.is_complete() {
        "scan and scale, incomplete"
    } else {
        "scan and scale"
    }
}

#[allow(clippy::cast_precision_loss, reason = "a chart's values")]
fn count(number: u64) -> f64 {
    number as f64
}

/// A sizer whose choices are noted.
struct Noting {
    sizer: Box<dyn BatchSizer>,
    measure: Measure,
}

impl BatchSizer for Noting {
    fn next_size(&mut self, context: &BatchContext) -> usize {
        let rows = self.sizer.next_size(context);
        self.measure.chosen(context.kind, rows);
        rows
    }

    fn observe(&mut self, observation: &BatchObservation) {
        self.sizer.observe(observation);
    }

    fn parallelism(&mut self, kind: BatchKind, wanted: usize) -> usize {
        self.sizer.parallelism(kind, wanted)
    }
}
