//! [`StaticTable`]: the batch size by the number of rows.

use atg_core::{BatchContext, BatchObservation, BatchSizer};

use super::Bounds;

/// Rows in all, and rows a batch. Between two lines it is a straight line; the jump behind 10,000
/// is the published table's, whose last tier stopped at 2,500 and here goes on to 10,000.
const TABLE: [(u64, f64); 7] = [
    (1_000, 250.0),
    (5_000, 375.0),
    (10_000, 500.0),
    (10_001, 700.0),
    (40_000, 1_300.0),
    (100_000, 2_500.0),
    (1_000_000, 10_000.0),
];

/// The batch size by the number of rows in all, from a table, whatever comes of it: 250 rows a
/// batch for 1,000 rows, 1,300 for 40,000, 10,000 for a million and more. Where the number is not
/// known, by the rows so far.
#[derive(Debug, Clone, Copy, Default)]
pub struct StaticTable {
    bounds: Bounds,
}

impl StaticTable {
    /// With other bounds than the default ones.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds }
    }

    /// Rows a batch for so many rows in all, without bounds.
    #[allow(clippy::cast_precision_loss, reason = "rows of a table are small numbers")]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "10,000 at most")]
    pub fn rows(total: u64) -> usize {
        let after = TABLE.partition_point(|(rows, _)| *rows <= total);
        let size = match (after.checked_sub(1).and_then(|at| TABLE.get(at)), TABLE.get(after)) {
            (None, Some((_, first))) => *first,
            (Some((_, last)), None) => *last,
            (Some((from, low)), Some((to, high))) => {
                low + (high - low) * (total - from) as f64 / (to - from) as f64
            }
            (None, None) => 1.0,
        };
        size.round() as usize
    }
}

impl BatchSizer for StaticTable {
    fn next_size(&mut self, context: &BatchContext) -> usize {
        let total = context.rows_done.saturating_add(context.rows_remaining.unwrap_or(0));
        Self::rows(total).min(self.bounds.most(context))
    }

    fn observe(&mut self, _observation: &BatchObservation) {}
}

#[cfg(test)]
mod tests {
    use super::StaticTable;

    #[test]
    fn it_is_the_published_table_with_its_top_mended() {
        let sizes = [0, 1_000, 3_000, 5_000, 10_000, 10_001, 40_000, 100_000, 1_000_000, u64::MAX];
        let rows = [250, 250, 313, 375, 500, 700, 1_300, 2_500, 10_000, 10_000];
        assert_eq!(sizes.map(StaticTable::rows), rows);
        assert!((0..2_000).map(|n| StaticTable::rows(n * 1_000)).is_sorted());
    }
}
