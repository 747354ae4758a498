//! [`BatchSizer`]: how many rows the next write holds.

use std::time::Duration;

use crate::{ErrorKind, Result};

/// What a batch holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchKind {
    /// Nodes.
    Nodes,
    /// Relationships.
    Relationships,
}

/// What is known when a size is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchContext {
    /// What the batch holds.
    pub kind: BatchKind,
    /// Rows still to come, where known.
    pub rows_remaining: Option<u64>,
    /// Rows written so far.
    pub rows_done: u64,
    /// Batches of this kind that may be in flight at once.
    pub parallelism: usize,
    /// Mean bytes a row so far; 0 where nothing was seen.
    pub bytes_per_row: usize,
}

/// How a write ended.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchResult {
    /// It was committed.
    Committed,
    /// It was committed after conflicts with other writers; how many retries that took.
    Contended {
        /// Retries until it was committed.
        retries: u32,
    },
    /// It was too large for one transaction, and committed in parts.
    Divided,
    /// The store ran out of memory for it.
    OutOfMemory,
    /// It took longer than the store or the client allows.
    TimedOut,
    /// It failed for a reason that has nothing to do with its size.
    Failed,
}

impl BatchResult {
    /// How a batch ended that is stored: what its outcome says of `divided` and of `retries`.
    pub fn stored(divided: bool, retries: u32) -> Self {
        match retries {
            _ if divided => Self::Divided,
            0 => Self::Committed,
            retries => Self::Contended { retries },
        }
    }

    /// How a sink's call ended; `stored` says it where the batch is stored.
    pub fn of<T>(result: &Result<T>, stored: impl FnOnce(&T) -> Self) -> Self {
        match result {
            Ok(outcome) => stored(outcome),
            Err(error) => match error.kind() {
                ErrorKind::ResourceExhausted => Self::OutOfMemory,
                ErrorKind::Timeout => Self::TimedOut,
                _ => Self::Failed,
            },
        }
    }

    /// Whether the batch is stored.
    pub fn is_stored(self) -> bool {
        matches!(self, Self::Committed | Self::Contended { .. } | Self::Divided)
    }
}

/// What came of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchObservation {
    /// What the batch held.
    pub kind: BatchKind,
    /// Rows sent.
    pub rows: usize,
    /// Bytes sent, about.
    pub bytes: usize,
    /// From handing the batch over to its commit.
    pub elapsed: Duration,
    /// How it ended.
    pub result: BatchResult,
}

/// Chooses batch sizes and learns from what came of them.
///
/// - **Synchronous and pure**: arithmetic only; no clock, no randomness and no I/O of its own.
///   The same calls give the same sizes.
/// - **Order**: several batches may be in flight; observations come in the order of completion,
///   and a batch that was cancelled is never observed.
/// - **Bounds**: `next_size` is at least 1; the caller may send fewer rows, and more only where what
///   one record names is more by itself: such a set is not divided.
/// - **Cost**: at most a microsecond a call.
pub trait BatchSizer: Send {
    /// How many rows the next batch may hold; asked once for each batch.
    fn next_size(&mut self, context: &BatchContext) -> usize;

    /// Takes note of a batch that ended.
    fn observe(&mut self, observation: &BatchObservation);

    /// How many batches of this kind may be in flight at once, 1 to `wanted`, which is what the
    /// caller or the sink asks for; that, unless the sizer knows of a reason for less.
    fn parallelism(&mut self, kind: BatchKind, wanted: usize) -> usize {
        let _ = kind;
        wanted
    }
}

impl<B: BatchSizer + ?Sized> BatchSizer for Box<B> {
    fn next_size(&mut self, context: &BatchContext) -> usize {
        (**self).next_size(context)
    }

    fn observe(&mut self, observation: &BatchObservation) {
        (**self).observe(observation);
    }

    fn parallelism(&mut self, kind: BatchKind, wanted: usize) -> usize {
        (**self).parallelism(kind, wanted)
    }
}

/// One size for nodes and one for relationships, whatever happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedSizes {
    nodes: usize,
    relationships: usize,
}

impl FixedSizes {
    /// Sizes in rows; 0 counts as 1.
    pub fn new(nodes: usize, relationships: usize) -> Self {
        Self { nodes: nodes.max(1), relationships: relationships.max(1) }
    }
}

impl BatchSizer for FixedSizes {
    fn next_size(&mut self, context: &BatchContext) -> usize {
        match context.kind {
            BatchKind::Nodes => self.nodes,
            BatchKind::Relationships => self.relationships,
        }
    }

    fn observe(&mut self, _observation: &BatchObservation) {}
}
