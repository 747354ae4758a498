//! One kind of batch in flight: how many, and what is learnt from each.

use std::time::Duration;

use tokio::time::Instant;

use crate::{BatchContext, BatchKind, BatchObservation, BatchResult, ErrorKind, Result};

/// One kind of batch: how many are in flight, how many may be, how many rows went.
pub(super) struct Lane {
    kind: BatchKind,
    pub(super) in_flight: usize,
    limit: usize,
    rows: u64,
    bytes: u64,
}

impl Lane {
    pub(super) fn new(kind: BatchKind, limit: usize) -> Self {
        Self { kind, in_flight: 0, limit: limit.max(1), rows: 0, bytes: 0 }
    }

    pub(super) fn has_room(&self) -> bool {
        self.in_flight < self.limit
    }

    pub(super) fn context(&self) -> BatchContext {
        BatchContext {
            kind: self.kind,
            rows_remaining: None,
            rows_done: self.rows,
            parallelism: self.limit,
            bytes_per_row: usize::try_from(self.bytes / self.rows.max(1)).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn started(&mut self, rows: usize, bytes: usize) {
        self.in_flight += 1;
        self.rows += rows as u64;
        self.bytes += bytes as u64;
    }
}

/// What a finished write tells.
pub(super) fn observation<T>(
    kind: BatchKind,
    rows: usize,
    bytes: usize,
    begun: Instant,
    result: &Result<T>,
) -> BatchObservation {
    let result = match result {
        Ok(_) => BatchResult::Committed,
        Err(error) => match error.kind() {
            ErrorKind::ResourceExhausted => BatchResult::OutOfMemory,
            ErrorKind::Timeout => BatchResult::TimedOut,
            _ => BatchResult::Failed,
        },
    };
    BatchObservation { kind, rows, bytes, elapsed: begun.elapsed(), result }
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
