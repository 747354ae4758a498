//! One kind of batch in flight: how many, and what is learnt from each.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::{BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer};

/// One kind of batch: how many are in flight, how many may be, how many rows went and, where it
/// is known, how many are to come.
pub(super) struct Lane {
    kind: BatchKind,
    pub(super) in_flight: usize,
    /// What the caller or the sink asks for.
    wanted: usize,
    /// What the sizer allows of that.
    allowed: usize,
    pub(super) expected: Option<u64>,
    rows: u64,
    bytes: u64,
    /// The size of the next batch, once it was asked for.
    chosen: Option<usize>,
}

impl Lane {
    pub(super) fn new(kind: BatchKind, wanted: usize) -> Self {
        let wanted = wanted.max(1);
        Self {
            kind,
            in_flight: 0,
            wanted,
            allowed: wanted,
            expected: None,
            rows: 0,
            bytes: 0,
            chosen: None,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_flight < self.allowed
    }

    /// Rows that the next batch may have; the sizer is asked once for each.
    pub(super) fn next_size(&mut self, sizer: &Mutex<Box<dyn BatchSizer>>) -> usize {
        if let Some(size) = self.chosen {
            return size;
        }
        let mut sizer = sizer.lock().unwrap_or_else(PoisonError::into_inner);
        let size = sizer.next_size(&self.context()).max(1);
        self.chosen = Some(size);
        size
    }

    fn context(&self) -> BatchContext {
        BatchContext {
            kind: self.kind,
            // Shared nodes come on top of what was expected.
            rows_remaining: self.expected.map(|all| all.saturating_sub(self.rows)),
            rows_done: self.rows,
            parallelism: self.allowed,
            bytes_per_row: usize::try_from(self.bytes / self.rows.max(1)).unwrap_or(usize::MAX),
        }
    }

    /// Asks the sizer how many batches may be in flight.
    pub(super) fn adapt(&mut self, sizer: &mut dyn BatchSizer) {
        self.allowed = sizer.parallelism(self.kind, self.wanted).clamp(1, self.wanted);
    }

    pub(super) fn started(&mut self, rows: usize, bytes: usize) {
        self.chosen = None;
        self.in_flight += 1;
        self.rows += rows as u64;
        self.bytes += bytes as u64;
    }
}

/// What a write tells whose task was lost.
pub(super) fn lost() -> BatchObservation {
    BatchObservation {
        kind: BatchKind::Nodes,
        rows: 0,
        bytes: 0,
        elapsed: Duration::ZERO,
        result: BatchResult::Failed,
    }
}
