//! Batch sizers: tables and a closed loop.

mod alarm;
mod bounds;
mod fit;
mod parallelism;
mod static_table;
mod surface;

use std::fmt;

use atg_core::{BatchContext, BatchKind, BatchObservation, BatchSizer, SinkProfile};

pub use bounds::Bounds;
use parallelism::Parallelism;
pub use static_table::StaticTable;
use surface::Surface;

/// A closed loop on goodput: it fits the cost of a row as a curve over the batch size, and goes
/// where that is cheapest, for nodes and relationships apart.
///
/// - **Start**: an eighth of the rows (a fourteenth with four writers), 100 to 1,000; a quarter of
///   that for others that are asked for before the first has ended, where there is enough to explore;
///   then twice and half of it, to have a curve.
/// - **Curve**: ln(time a row) as a parabola over ln(rows), fitted to what was seen last, outliers
///   counting less. Sizes swing around the best by 40% at first and 10% later, and the centre moves
///   with the fit, at most by a factor of two a batch. Once in 64 batches one has a quarter.
/// - **Slowdowns**: a batch far dearer than the curve says is followed by one of a quarter. If that is
///   dear as well, it is the server, and the size stays; if not, and the size once more is dear
///   again, it is the size. Where none of this came back within 16 batches, the curve is begun anew.
/// - **Failures** of memory or time, and batches that a sink had to divide, halve the size, and what
///   failed is not tried again for the next 50 batches.
/// - **Writers**: half as many in flight where batches have to be retried for each other's sake once
///   each in the mean; one more again after 200 that were not, where that writes 7% faster.
/// - **Near the end**, with fewer than 15 batches to go, it explores nothing. Where nobody knows how
///   many rows are to come, four times as many are expected as went before.
///
/// Over random cost models with noise, spikes and changes of pace (`tests/batch_models.rs`), 400,000
/// rows take 4% longer in the mean than by the best fixed size, which nobody knows beforehand.
///
/// ```
/// use atg_core::{BatchContext, BatchKind, BatchSizer};
/// use atg_perf::ResponseSurface;
///
/// let mut sizer = ResponseSurface::default();
/// let context = BatchContext {
///     kind: BatchKind::Nodes,
///     rows_remaining: Some(100_000),
///     rows_done: 0,
///     parallelism: 2,
///     bytes_per_row: 700,
/// };
/// assert_eq!(sizer.next_size(&context), 1_000);
/// println!("{}", sizer.explain(BatchKind::Nodes));
/// ```
#[derive(Debug, Clone, Default)]
pub struct ResponseSurface {
    bounds: Bounds,
    nodes: Surface,
    relationships: Surface,
    node_writers: Parallelism,
    relationship_writers: Parallelism,
}

impl ResponseSurface {
    /// With other bounds than the default ones.
    pub fn new(bounds: Bounds) -> Self {
        Self { bounds, ..Self::default() }
    }

    /// Starts at the sizes that a sink likes, and may go on to larger ones than usual where it likes
    /// those.
    pub fn for_sink(profile: &SinkProfile) -> Self {
        let bounds = Bounds::default();
        let rows = bounds.rows.max(profile.node_rows).max(profile.relationship_rows);
        Self {
            bounds: bounds.with_rows(rows),
            nodes: Surface::starting_at(profile.node_rows),
            relationships: Surface::starting_at(profile.relationship_rows),
            ..Self::default()
        }
    }

    /// Why the last size of this kind was what it was.
    pub fn explain(&self, kind: BatchKind) -> Explanation<'_> {
        Explanation(self.surface(kind))
    }

    fn surface(&self, kind: BatchKind) -> &Surface {
        match kind {
            BatchKind::Nodes => &self.nodes,
            BatchKind::Relationships => &self.relationships,
        }
    }

    fn writers(&mut self, kind: BatchKind) -> &mut Parallelism {
        match kind {
            BatchKind::Nodes => &mut self.node_writers,
            BatchKind::Relationships => &mut self.relationship_writers,
        }
    }

    fn surface_mut(&mut self, kind: BatchKind) -> &mut Surface {
        match kind {
            BatchKind::Nodes => &mut self.nodes,
            BatchKind::Relationships => &mut self.relationships,
        }
    }
}

impl BatchSizer for ResponseSurface {
    fn next_size(&mut self, context: &BatchContext) -> usize {
        let most = self.bounds.most(context);
        self.surface_mut(context.kind).next_size(context, most)
    }

    fn observe(&mut self, observation: &BatchObservation) {
        self.surface_mut(observation.kind).observe(observation);
        self.writers(observation.kind).observe(observation);
    }

    fn parallelism(&mut self, kind: BatchKind, wanted: usize) -> usize {
        self.writers(kind).allow(wanted)
    }
}

/// Why a [`ResponseSurface`] chose a size, in words.
#[derive(Debug)]
pub struct Explanation<'a>(&'a Surface);

impl fmt::Display for Explanation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.explain(f)
    }
}
