//! The reading side: scopes in, mapped chunks out, bounded by pages and bytes.

use std::sync::Arc;

use futures::StreamExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, debug_span};

use super::map::{Mapped, Mapper};
use super::options::PipelineOptions;
use crate::{
    Error, ErrorKind, Measurement, Page, PerfMonitor, PerfRecorder, Read, ResourceSource, Scope,
    ScopeEnd, ScopeStatus, Skipped,
};

/// Keeps a chunk's share of the bytes in flight until the last of its rows is stored.
pub(super) type Hold = Arc<OwnedSemaphorePermit>;

/// What a reading task sends.
pub(super) enum Chunk {
    /// One page, mapped.
    Rows { rows: Vec<Mapped>, skipped: Vec<Skipped>, bytes: usize, hold: Hold },
    /// A scope ended.
    End { scope: Scope, end: ScopeEnd },
}

/// The unit in which bytes in flight are counted, so that 4 GiB fit a semaphore.
const UNIT: usize = 1024;

/// Reads all scopes in tasks of `tasks`; the receiver ends when the last scope has.
pub(super) fn start<S: ResourceSource + 'static>(
    source: &Arc<S>,
    scopes: Vec<Scope>,
    options: &PipelineOptions,
    monitor: &dyn PerfMonitor,
    cancel: &CancellationToken,
    tasks: &mut JoinSet<()>,
) -> mpsc::Receiver<Chunk> {
    let (sender, receiver) = mpsc::channel(options.pages_in_flight.max(1));
    let units = (options.bytes_in_flight / UNIT).clamp(1, Semaphore::MAX_PERMITS >> 1);
    let bytes = Arc::new(Semaphore::new(units));
    let queue = Arc::new(std::sync::Mutex::new(scopes.into_iter()));
    for _ in 0..options.reads_in_flight.max(1) {
        let reader = Reader {
            source: source.clone(),
            sender: sender.clone(),
            bytes: bytes.clone(),
            units,
            page_units: 1,
            mapper: Mapper::new(options.map, options.tenant_id.clone()),
            recorder: monitor.recorder(),
            cancel: cancel.clone(),
        };
        let queue = queue.clone();
        tasks.spawn(reader.run(queue).in_current_span());
    }
    receiver
}

struct Reader<S> {
    source: Arc<S>,
    sender: mpsc::Sender<Chunk>,
    bytes: Arc<Semaphore>,
    units: usize,
    /// The share of the bytes in flight that the last page took.
    page_units: usize,
    mapper: Mapper,
    recorder: Box<dyn PerfRecorder>,
    cancel: CancellationToken,
}

impl<S: ResourceSource> Reader<S> {
    async fn run(mut self, queue: Arc<std::sync::Mutex<std::vec::IntoIter<Scope>>>) {
        let cancel = self.cancel.clone();
        let work = async {
            loop {
                let next = queue.lock().unwrap_or_else(std::sync::PoisonError::into_inner).next();
                let Some(scope) = next else { break };
                let span = debug_span!("read scope", scope = %scope.name);
                let end = self.read(&scope).instrument(span).await;
                if self.sender.send(Chunk::End { scope, end }).await.is_err() {
                    break;
                }
            }
        };
        // Abandoning a read is safe at any point: see `ResourceSource`.
        let _ = cancel.run_until_cancelled(work).await;
    }

    async fn read(&mut self, scope: &Scope) -> ScopeEnd {
        let source = self.source.clone();
        let mut stream = source.read(scope);
        loop {
            // A page is asked for only once there is room for one like the last: so pages that
            // are being read are bounded too.
            let Some(room) = acquire(&self.bytes, self.page_units).await else { break };
            let begun = Instant::now();
            match stream.next().await {
                Some(Read::Page(page)) => {
                    self.record(&page, begun);
                    if !self.send(page, room).await {
                        break;
                    }
                }
                Some(Read::End(end)) => return end,
                None => break,
            }
        }
        let error = Error::new(
            ErrorKind::Internal,
            "read scope",
            "the source's stream ended without saying how",
        );
        ScopeEnd { status: ScopeStatus::Failed, error: Some(error) }
    }

    fn record(&mut self, page: &Page, begun: Instant) {
        self.recorder.record(&Measurement {
            operation: "read page",
            elapsed: begun.elapsed(),
            items: page.resources.len() as u64,
            bytes: page.bytes as u64,
            succeeded: true,
        });
    }

    /// Maps and sends a page; false where nobody listens any more.
    async fn send(&mut self, page: Page, room: OwnedSemaphorePermit) -> bool {
        let units = (page.bytes.max(estimate(&page)) / UNIT).clamp(1, self.units);
        self.page_units = units;
        let Some(permit) = resize(&self.bytes, room, units).await else { return false };
        let bytes = units * UNIT;
        let span = debug_span!("map page", resources = page.resources.len(), bytes);
        let map = || page.resources.into_iter().map(|one| self.mapper.map(one)).collect();
        let rows = span.in_scope(map);
        let chunk = Chunk::Rows { rows, skipped: page.skipped, bytes, hold: Arc::new(permit) };
        self.sender.send(chunk).await.is_ok()
    }
}

async fn acquire(bytes: &Arc<Semaphore>, units: usize) -> Option<OwnedSemaphorePermit> {
    let units = u32::try_from(units).ok()?;
    bytes.clone().acquire_many_owned(units).await.ok()
}

/// Makes a permit larger or smaller. What is missing is waited for with empty hands, so that
/// readers with half a permit each cannot block one another.
async fn resize(
    bytes: &Arc<Semaphore>,
    mut permit: OwnedSemaphorePermit,
    units: usize,
) -> Option<OwnedSemaphorePermit> {
    if let Some(spare) = permit.num_permits().checked_sub(units) {
        drop(permit.split(spare));
        return Some(permit);
    }
    drop(permit);
    acquire(bytes, units).await
}

/// What a page weighs once mapped: its buffer, and the rows made of it.
fn estimate(page: &Page) -> usize {
    const ROW: usize = size_of::<crate::Node>() + size_of::<crate::RelationshipSet>();
    const EDGE: usize = size_of::<crate::Relationship>();
    let rows: usize =
        page.resources.iter().map(|one| ROW + (one.references.len() + 4) * EDGE).sum();
    page.bytes + rows
}
