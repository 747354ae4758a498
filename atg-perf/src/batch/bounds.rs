//! [`Bounds`]: between what a batch's size may move.

use atg_core::BatchContext;

/// Between what a batch's size may move.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bounds {
    /// Rows at the most; 10,000 unless set, 1 at least.
    pub rows: usize,
    /// Bytes at the most, by the mean of rows so far; 16 MiB unless set.
    pub bytes: usize,
    /// Bytes of all batches in flight together; 64 MiB unless set.
    pub bytes_in_flight: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self { rows: 10_000, bytes: 16 << 20, bytes_in_flight: 64 << 20 }
    }
}

impl Bounds {
    /// The same with another bound on rows.
    #[must_use]
    pub fn with_rows(mut self, rows: usize) -> Self {
        self.rows = rows;
        self
    }

    /// The same with another bound on a batch's bytes.
    #[must_use]
    pub fn with_bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }

    /// The same with another bound on the bytes of all batches in flight.
    #[must_use]
    pub fn with_bytes_in_flight(mut self, bytes: usize) -> Self {
        self.bytes_in_flight = bytes;
        self
    }

    /// Rows that the next batch may have at the most; 1 at least.
    pub fn most(&self, context: &BatchContext) -> usize {
        let bytes = self.bytes.min(self.bytes_in_flight / context.parallelism.max(1));
        let by_bytes = bytes.checked_div(context.bytes_per_row).unwrap_or(usize::MAX);
        self.rows.min(by_bytes).max(1)
    }
}
