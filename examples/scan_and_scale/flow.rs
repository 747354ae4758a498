//! Scan, scale, validate, report.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Instant;

use atg_core::pipeline::{CancellationToken, Phase, Pipeline, PipelineOptions, ScanReport};
use atg_core::{DryRun, GraphCounts, GraphReader, GraphSink, NodeFilter, Result, UNRESOLVED_LABEL};
use atg_graph::scale::{
    ScaleOutcome, ScalePhase, ScaleReport, ScaleUp, Validation, validate, validate_graph,
};
use futures::TryStreamExt;
use tokio::task::block_in_place;

use crate::answers::CacheSection;
use crate::files;
use crate::graph::{Graph, Place};
use crate::measure::Measure;
use crate::options::Options;
use crate::progress::Bar;
use crate::report::{self, CheckLine, Report, ScaleSection, ValidationSection};
use crate::source::{self, Origin};

/// Runs the whole flow; true where everything that was asked for was done.
pub(crate) async fn run(options: &Options, cancel: &CancellationToken) -> Result<bool> {
    let place = Place::of(options)?;
    // The file of runs may be locked by another process.
    block_in_place(|| files::check(options, place.file()))?;
    let origin = source::open(options)?;
    let measure = Measure::of(origin.source.clone());
    let _watch = measure.watch();
    if !options.quiet {
        println!("source: {}\ngraph:  {place}\n", origin.name);
    }
    if options.dry_run {
        return dry_run(options, &place, origin, cancel, measure).await;
    }
    let graph = place.open(&measure.monitor).await?;
    let name = origin.name.clone();
    let mut flow = Flow { options, cancel, measure, graph, phases: Vec::new() };
    let (scan, cache) = flow.scan(origin).await?;
    let counts = flow.graph.counts().await?;
    let scaled = flow.scale(&counts).await?;
    let validation = flow.validate(&scan, scaled.1.as_ref()).await?;
    let counts = flow.graph.counts().await?;
    let report = Report {
        source: name,
        graph: place.to_string(),
        scan,
        cache,
        scale: scaled.0,
        validation,
        phases: flow.phases,
        peak_memory_bytes: flow.measure.peak_memory_bytes(),
    };
    finish(options, &place, &report, &counts, &flow.measure)
}

struct Flow<'a> {
    options: &'a Options,
    cancel: &'a CancellationToken,
    measure: Measure,
    graph: Arc<dyn Graph>,
    phases: Vec<Phase>,
}

impl Flow<'_> {
    async fn scan(&mut self, origin: Origin) -> Result<(ScanReport, CacheSection)> {
        let graph = self.graph.clone();
        let (mut scan, cache) =
            scan(self.options, origin, graph, self.cancel, &self.measure).await?;
        scan.unresolved = self.unresolved().await?;
        self.phases.append(&mut scan.phases);
        Ok((scan, cache))
    }

    /// Unresolved nodes in the graph, without their copies.
    async fn unresolved(&self) -> Result<u64> {
        let counts = self.graph.counts().await?;
        if counts.synthetic_nodes == 0 {
            return Ok(counts.unresolved_nodes);
        }
        let label = Some(UNRESOLVED_LABEL.into());
        let filter = NodeFilter { label, synthetic: Some(false), ..NodeFilter::default() };
        let nodes = self.graph.nodes(filter, None);
        nodes.try_fold(0, |count, _| async move { Ok(count + 1) }).await
    }

    async fn scale(&mut self, counts: &GraphCounts) -> Result<(ScaleSection, Option<ScaleReport>)> {
        if self.options.scale_to == 0 || self.cancel.is_cancelled() || counts.nodes == 0 {
            return Ok((ScaleSection::default(), None));
        }
        let begun = Instant::now();
        let phase = self.measure.monitor.phase("scale");
        let bar = Arc::new(Bar::new("scaling", self.options.quiet));
        let (shown, measure) = (bar.clone(), self.measure.clone());
        let sizer = self.options.batch.sizer(&self.graph);
        // The same seed names the same operation: a run that was killed goes on.
        let work = ScaleUp::to(self.options.scale_to)
            .with_seed(self.options.seed)
            .with_sizer(self.measure.noting(sizer))
            .with_monitor(self.measure.monitor.clone())
            .with_progress(move |progress| {
                measure.scaled(progress);
                if progress.phase == ScalePhase::Nodes {
                    shown.count(progress.done, progress.total.unwrap_or(0));
                }
            });
        let outcome = self.cancel.run_until_cancelled(work.run(&self.graph, &self.graph)).await;
        bar.finish();
        let Some(outcome) = outcome.transpose()? else {
            self.phases.push(Phase::new("scale (stopped)", begun.elapsed(), bar.done()));
            return Ok((ScaleSection::default(), None));
        };
        let after = self.graph.counts().await?;
        if (after.nodes, after.relationships) == (counts.nodes, counts.relationships) {
            self.say(&format!(
                "the graph has {} nodes, as many as --scale-to {} asks for: left alone",
                report::grouped(counts.nodes),
                self.options.scale_to
            ));
        }
        let ScaleOutcome::Scaled(scaled) = outcome else {
            return Ok((ScaleSection::default(), None));
        };
        let written = after.nodes - counts.nodes + after.relationships - counts.relationships;
        phase.add_items(written);
        phase.finish();
        self.phases.push(Phase::new("scale", begun.elapsed(), written));
        let section = ScaleSection {
            template_nodes: scaled.template_nodes,
            template_relationships: scaled.template_relationships,
            nodes: scaled.nodes,
            relationships: scaled.relationships,
            seconds: begun.elapsed().as_secs_f64(),
        };
        Ok((section, Some(scaled)))
    }

    async fn validate(
        &mut self,
        scan: &ScanReport,
        scaled: Option<&ScaleReport>,
    ) -> Result<ValidationSection> {
        if self.cancel.is_cancelled() {
            return Ok(ValidationSection::default());
        }
        let begun = Instant::now();
        let phase = self.measure.monitor.phase("validate");
        let validation = match scaled {
            Some(scaled) => validate(&self.graph, scaled).await?,
            None => validate_graph(&self.graph).await?,
        };
        let counts = self.graph.counts().await?;
        let rows = counts.nodes + counts.relationships;
        phase.add_items(rows);
        phase.finish();
        self.phases.push(Phase::new("validate", begun.elapsed(), rows));
        Ok(section(validation, scan))
    }

    fn say(&self, text: &str) {
        if !self.options.quiet {
            println!("{text}");
        }
    }
}

async fn scan<G: GraphSink + 'static>(
    options: &Options,
    origin: Origin,
    sink: G,
    cancel: &CancellationToken,
    measure: &Measure,
) -> Result<(ScanReport, CacheSection)> {
    let bar = Arc::new(Bar::new("scanning", options.quiet));
    let (shown, noted) = (bar.clone(), measure.clone());
    let settings = PipelineOptions {
        tenant_id: origin.tenant_id.as_str().into(),
        bytes_in_flight: 64 << 20,
        ..PipelineOptions::default()
    };
    let sizer = options.batch.sizer(&sink);
    let report = Pipeline::new(origin.source, sink)
        .with_sizer(measure.noting(sizer))
        .with_monitor(measure.monitor.clone())
        .with_options(settings)
        .with_cancellation(cancel.clone())
        .with_observer(move |progress| {
            shown.scan(progress);
            noted.scan(progress);
        })
        .run()
        .await?;
    bar.finish();
    Ok((report, origin.answers.section()))
}

/// Compares what is read with the graph, which need not exist, and writes nothing.
async fn dry_run(
    options: &Options,
    place: &Place,
    origin: Origin,
    cancel: &CancellationToken,
    measure: Measure,
) -> Result<bool> {
    let name = origin.name.clone();
    let graph = place.open_to_read(&measure.monitor).await?;
    let counts = graph.counts().await?;
    let (mut scan, cache) = scan(options, origin, DryRun::new(graph), cancel, &measure).await?;
    let phases = std::mem::take(&mut scan.phases);
    if !options.quiet {
        println!("dry run: \"written\" below is what would be; nothing was written or scaled");
    }
    let report = Report {
        source: name,
        graph: place.to_string(),
        validation: ValidationSection { passed: scan.is_complete(), checks: vec![whole(&scan)] },
        scan,
        cache,
        scale: ScaleSection::default(),
        phases,
        peak_memory_bytes: measure.peak_memory_bytes(),
    };
    finish(options, place, &report, &counts, &measure)
}

fn finish(
    options: &Options,
    place: &Place,
    report: &Report,
    counts: &GraphCounts,
    measure: &Measure,
) -> Result<bool> {
    if !options.quiet {
        report::print(report, counts);
        if !options.dry_run {
            place.print_queries();
        }
    }
    report::print_problems(&report.scan);
    block_in_place(|| measure.keep(options, report))?;
    Ok(report.scan.is_complete() && report.validation.passed)
}

/// The store's checks, and one that the scan was whole.
fn section(validation: Validation, scan: &ScanReport) -> ValidationSection {
    let stored = validation.checks.into_iter();
    let stored = stored.map(|check| CheckLine {
        name: check.name,
        passed: check.passed,
        detail: check.detail,
    });
    let checks: Vec<CheckLine> = stored.chain([whole(scan)]).collect();
    ValidationSection { passed: checks.iter().all(|check| check.passed), checks }
}

/// The check that every scope was read in full; it names the first that was not.
fn whole(scan: &ScanReport) -> CheckLine {
    let scopes = scan.scopes;
    let mut detail = format!(
        "{} complete, {} partial, {} denied, {} failed",
        scopes.complete, scopes.partial, scopes.denied, scopes.failed
    );
    if let Some(first) = scan.problems.first() {
        let _ = write!(detail, "; the first: {}: {}", first.scope, first.why);
    }
    CheckLine {
        name: "every scope was read in full".to_owned(),
        passed: scan.is_complete(),
        detail,
    }
}
