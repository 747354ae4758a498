//! One run: reading, writing and resolving joined together.

use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::Instrument;

use super::missing::missing_part;
use super::pending::Pending;
use super::phase::OpenPhase;
use super::progress::{Progress, Stage};
use super::reading::{self, Chunk};
use super::report::{ScanReport, ScopeProblem};
use super::resolve;
use super::writing::{Writer, Written, sets_written};
use super::{Pipeline, PipelineOptions};
use crate::{
    BatchObservation, Error, ErrorKind, GraphSink, Measurement, NodeOutcome, PerfRecorder,
    RejectedRow, RelationshipOutcome, RelationshipSet, ResourceSource, Result, Scope, ScopeEnd,
    Skipped, Text,
};

pub(super) async fn run<S, G>(pipeline: Pipeline<S, G>) -> Result<ScanReport>
where
    S: ResourceSource + 'static,
    G: GraphSink + 'static,
{
    let begun = Instant::now();
    let mut run = Run::new(&pipeline);
    run.observe();
    pipeline.sink.prepare().await?;
    let listing = pipeline.cancel.run_until_cancelled(pipeline.source.scopes());
    match listing.await {
        Some(scopes) => run.scan(scopes?).await?,
        None => run.report.cancelled = true,
    }
    run.resolve().await?;
    run.flush().await?;
    Ok(run.finish(begun))
}

/// The state of one run.
pub(super) struct Run<'a, S, G> {
    pub(super) pipeline: &'a Pipeline<S, G>,
    pub(super) report: ScanReport,
    pub(super) progress: Progress,
    pub(super) pending: Pending,
    recorder: Box<dyn PerfRecorder>,
    skipped: u64,
}

impl<'a, S, G> Run<'a, S, G>
where
    S: ResourceSource + 'static,
    G: GraphSink + 'static,
{
    fn new(pipeline: &'a Pipeline<S, G>) -> Self {
        Self {
            report: ScanReport::default(),
            progress: Progress::default(),
            pending: Pending::new(pipeline.options.waiting_bytes),
            recorder: pipeline.monitor.recorder(),
            skipped: 0,
            pipeline,
        }
    }

    fn options(&self) -> &PipelineOptions {
        &self.pipeline.options
    }

    async fn scan(&mut self, scopes: Vec<Scope>) -> Result<()> {
        let phase = self.begin("scan");
        self.progress.stage = Stage::Scanning;
        self.progress.scopes = scopes.len() as u64;
        self.progress.expected = scopes.iter().map(|scope| scope.estimate).sum();
        let mut writer = self.writer();
        writer.expect_nodes(self.progress.expected);
        let mut tasks = JoinSet::new();
        let cancel = &self.pipeline.cancel;
        let mut chunks = reading::start(
            &self.pipeline.source,
            scopes,
            self.options(),
            &*self.pipeline.monitor,
            cancel,
            &mut tasks,
        );
        let mut reading = true;
        while reading || !writer.is_empty() {
            // With nothing to wait for but the source, what is there goes out as it is.
            writer.start(!reading || (writer.is_idle() && chunks.is_empty()));
            tokio::select! {
                biased;
                Some((seen, result)) = writer.next() => {
                    self.record(&seen);
                    self.written(&mut writer, result?)?;
                }
                chunk = chunks.recv(), if reading && writer.has_room() => match chunk {
                    Some(chunk) => self.received(&mut writer, chunk),
                    None => reading = false,
                },
            }
            self.observe();
        }
        while let Some(ended) = tasks.join_next().await {
            // A reader that panicked took scopes with it: the run is not what it says.
            ended.map_err(|error| {
                Error::new(ErrorKind::Internal, "read scopes", "the source panicked")
                    .with_source(error)
            })?;
        }
        self.report.cancelled = cancel.is_cancelled();
        self.report.phases.push(phase.end(self.report.resources_read));
        Ok(())
    }

    fn writer(&self) -> Writer<G> {
        let profile = self.pipeline.sink.profile();
        let options = self.options();
        Writer::new(
            self.pipeline.sink.clone(),
            self.pipeline.sizer.clone(),
            options.node_writers.unwrap_or(profile.node_writers.max(2)),
            options.relationship_writers.unwrap_or(profile.relationship_writers),
            options.bytes_in_flight,
        )
    }

    fn received(&mut self, writer: &mut Writer<G>, chunk: Chunk) {
        match chunk {
            Chunk::Rows { rows, skipped, bytes, hold } => {
                self.report.resources_read += rows.len() as u64;
                self.skip(skipped);
                writer.add(rows, bytes, &hold);
            }
            Chunk::End { scope, end } => self.scope_ended(&scope, end),
        }
    }

    fn scope_ended(&mut self, scope: &Scope, end: ScopeEnd) {
        let ScopeEnd { status, error } = end;
        self.report.scopes.add(status);
        self.progress.scopes_ended += 1;
        if let Some(error) = error {
            tracing::warn!(scope = %scope.name, %status, error = %error.report(), "scope ended");
            let problem = ScopeProblem { scope: scope.name.clone(), status, why: error.report() };
            self.report.problems.push(problem);
        }
    }

    fn written(&mut self, writer: &mut Writer<G>, written: Written) -> Result<()> {
        match written {
            Written::Nodes { batch, outcome } => {
                self.count_nodes(&outcome, |row| {
                    batch.nodes.get(row.index).map(|node| node.id.spelled().clone())
                });
                writer.nodes_stored(batch, &outcome);
            }
            Written::Relationships { batch, outcome } => {
                self.count_relationships(&outcome, &batch.sets);
                for part in missing_part(&batch.sets, &outcome) {
                    self.pending.push(&part)?;
                }
            }
        }
        Ok(())
    }

    pub(super) fn count_nodes(
        &mut self,
        outcome: &NodeOutcome,
        id_of: impl Fn(&RejectedRow) -> Option<Text>,
    ) {
        self.report.nodes_written += outcome.created + outcome.updated;
        self.report.nodes_unchanged += outcome.unchanged;
        self.skip(outcome.rejected.iter().map(|row| Skipped {
            id: id_of(row).unwrap_or_default().detached(),
            why: row.why.as_str().into(),
        }));
    }

    pub(super) fn count_relationships(
        &mut self,
        outcome: &RelationshipOutcome,
        sets: &[RelationshipSet],
    ) {
        self.report.relationships_written += outcome.created + outcome.updated;
        self.report.relationships_unchanged += outcome.unchanged;
        self.report.relationships_removed += outcome.removed;
        self.skip(outcome.rejected.iter().map(|row| {
            let set = sets.get(row.index);
            let relation = set.and_then(|set| set.relationships.get(row.inner));
            let name = relation.map_or("", |one| one.relation.as_str());
            Skipped {
                id: set.map(|set| set.owner.spelled().detached()).unwrap_or_default(),
                why: format!("relationship {name:?}: {}", row.why).into(),
            }
        }));
    }

    /// Writes waiting sets in one call, and counts and records it.
    pub(super) async fn write_sets(
        &mut self,
        sets: &[RelationshipSet],
    ) -> Result<RelationshipOutcome> {
        let rows = sets.iter().map(|set| set.relationships.len()).sum();
        let bytes = sets.iter().map(RelationshipSet::size).sum();
        let span = tracing::debug_span!("write relationships", rows, bytes);
        let begun = Instant::now();
        let result = self.pipeline.sink.upsert_relationships(sets).instrument(span).await;
        let seen = sets_written(rows, bytes, begun, &result);
        self.record(&seen);
        self.pipeline.sizer().observe(&seen);
        let outcome = result?;
        self.count_relationships(&outcome, sets);
        Ok(outcome)
    }

    pub(super) fn skip(&mut self, skipped: impl IntoIterator<Item = Skipped>) {
        self.report.skip(&mut self.skipped, skipped);
    }

    async fn resolve(&mut self) -> Result<()> {
        // What was not read is unknown, not absent: a stopped run makes no placeholders. The
        // owners' sets stay marked incomplete, so the next run sends them again.
        if self.report.cancelled || self.pending.len() == 0 {
            return Ok(());
        }
        let phase = self.begin("resolve");
        self.progress.stage = Stage::Resolving;
        let waiting = self.pending.len();
        resolve::resolve(self).await?;
        self.report.phases.push(phase.end(waiting));
        Ok(())
    }

    async fn flush(&mut self) -> Result<()> {
        let phase = self.begin("flush");
        self.progress.stage = Stage::Flushing;
        self.observe();
        self.pipeline.sink.flush().await?;
        self.report.phases.push(phase.end(0));
        Ok(())
    }

    fn finish(mut self, begun: Instant) -> ScanReport {
        self.progress.stage = Stage::Done;
        self.observe();
        self.report.close(self.skipped, self.pipeline.source.usage(), begun.elapsed());
        self.report
    }

    fn begin(&self, name: &'static str) -> OpenPhase {
        OpenPhase::begin(&*self.pipeline.monitor, name)
    }

    pub(super) fn record(&mut self, seen: &BatchObservation) {
        self.recorder.record(&Measurement::from(seen));
    }

    pub(super) fn observe(&mut self) {
        let Some(observer) = &self.pipeline.observer else { return };
        let usage = self.pipeline.source.usage();
        let report = &self.report;
        self.progress.resources_read = report.resources_read;
        self.progress.skipped = self.skipped;
        self.progress.nodes = report.nodes_written + report.nodes_unchanged;
        self.progress.relationships = report.relationships_written + report.relationships_unchanged;
        self.progress.waiting = self.pending.len();
        self.progress.requests = usage.requests;
        self.progress.throttled = usage.throttled;
        observer(&self.progress);
    }
}
