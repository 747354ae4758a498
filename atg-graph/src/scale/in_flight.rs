//! [`InFlight`]: a few writes at once.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atg_core::{
    BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer, Error, ErrorKind,
    Measurement, PerfMonitor, PerfRecorder, Result,
};
use tokio::task::{JoinError, JoinSet};
use tokio::time::Instant;

use super::write::Stored;

/// Rows in a write at the most, whatever a sizer says.
pub(super) const MOST_ROWS: usize = 100_000;

/// A sizer that clones of an operation share.
pub(super) type SharedSizer = Arc<Mutex<Box<dyn BatchSizer>>>;

/// What says how large writes are and how many, and what measures them.
pub(super) struct Guides {
    pub(super) sizer: SharedSizer,
    pub(super) monitor: Arc<dyn PerfMonitor>,
}

/// Writes under way, each a task of its own, so that the next batch is made meanwhile even where
/// a store blocks its thread. The sizer says how large they are and how many. Dropping it cancels
/// them.
pub(super) struct InFlight<'a> {
    kind: BatchKind,
    wanted: usize,
    /// Rows there will be, about.
    total: u64,
    sizer: &'a Mutex<Box<dyn BatchSizer>>,
    recorder: Box<dyn PerfRecorder>,
    running: JoinSet<(BatchObservation, Result<Stored>)>,
    /// Rows and bytes.
    sent: (u64, u64),
    rows: u64,
    on_rows: Box<dyn FnMut(u64) + Send + 'a>,
}

impl<'a> InFlight<'a> {
    /// At most `wanted` writes at once of `total` rows, about; `on_rows` hears of the rows stored so far.
    pub(super) fn new(
        kind: BatchKind,
        wanted: usize,
        total: u64,
        guides: &'a Guides,
        on_rows: impl FnMut(u64) + Send + 'a,
    ) -> Self {
        Self {
            kind,
            wanted: wanted.max(1),
            total,
            sizer: &guides.sizer,
            recorder: guides.monitor.recorder(),
            running: JoinSet::new(),
            sent: (0, 0),
            rows: 0,
            on_rows: Box::new(on_rows),
        }
    }

    /// Rows that the next write may have.
    pub(super) fn next_size(&self) -> usize {
        let (rows, bytes) = self.sent;
        let context = BatchContext {
            kind: self.kind,
            rows_remaining: Some(self.total.saturating_sub(rows)),
            rows_done: rows,
            parallelism: self.allowed(),
            bytes_per_row: usize::try_from(bytes / rows.max(1)).unwrap_or(usize::MAX),
        };
        self.sizer().next_size(&context).clamp(1, MOST_ROWS)
    }

    /// Starts a write of so many rows and bytes, once there is room for it.
    pub(super) async fn push(
        &mut self,
        (rows, bytes): (usize, usize),
        write: impl Future<Output = Result<Stored>> + Send + 'static,
    ) -> Result<()> {
        while self.running.len() >= self.allowed() {
            self.finish_one().await?;
        }
        self.sent.0 += rows as u64;
        self.sent.1 += bytes as u64;
        let kind = self.kind;
        self.running.spawn(async move {
            let begun = Instant::now();
            let stored = write.await;
            let result = BatchResult::of(&stored, |stored| stored.result);
            (BatchObservation { kind, rows, bytes, elapsed: begun.elapsed(), result }, stored)
        });
        Ok(())
    }

    fn allowed(&self) -> usize {
        self.sizer().parallelism(self.kind, self.wanted).clamp(1, self.wanted)
    }

    fn sizer(&self) -> MutexGuard<'a, Box<dyn BatchSizer>> {
        self.sizer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for all writes; gives the rows stored.
    pub(super) async fn finish(mut self) -> Result<u64> {
        while !self.running.is_empty() {
            self.finish_one().await?;
        }
        Ok(self.rows)
    }

    async fn finish_one(&mut self) -> Result<()> {
        if let Some(ended) = self.running.join_next().await {
            let (seen, stored) = ended.map_err(broken_off)?;
            self.sizer().observe(&seen);
            self.recorder.record(&Measurement::from(&seen));
            self.rows += stored?.rows;
            (self.on_rows)(self.rows);
        }
        Ok(())
    }
}

fn broken_off(error: JoinError) -> Error {
    let kind = if error.is_cancelled() { ErrorKind::Cancelled } else { ErrorKind::Internal };
    Error::new(kind, "scale graph", "a write broke off").with_source(error)
}
