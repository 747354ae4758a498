//! What a scale-up asks of a batch sizer, and tells it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scale_support;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use atg_core::memory::MemoryGraph;
use atg_core::{BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer};
use atg_graph::scale::{ScaleOutcome, ScaleUp};
use scale_support::{Sink, copied, tenant};

/// Five rows a batch, one at a time; counts the rows it was told of.
#[derive(Clone, Default)]
struct Fives(Arc<Mutex<BTreeMap<&'static str, usize>>>);

impl BatchSizer for Fives {
    fn next_size(&mut self, _context: &BatchContext) -> usize {
        5
    }

    fn observe(&mut self, seen: &BatchObservation) {
        assert!((1..=5).contains(&seen.rows) && seen.bytes > 0, "{seen:?}");
        assert_eq!(seen.result, BatchResult::Committed);
        let kind = match seen.kind {
            BatchKind::Nodes => "nodes",
            BatchKind::Relationships => "relationships",
        };
        *self.0.lock().unwrap().entry(kind).or_default() += seen.rows;
    }

    fn parallelism(&mut self, _kind: BatchKind, wanted: usize) -> usize {
        assert_eq!(wanted, 2);
        1
    }
}

#[tokio::test]
async fn a_sizer_says_how_large_batches_are() {
    let graph = tenant(10).await;
    let sink = Sink::new(&graph, (100, 100), 2);
    let sizer = Fives::default();
    scales_by_fives(&graph, &sink, &sizer, ScaleUp::copies(3).with_sizer(sizer.clone())).await;
}

#[tokio::test]
async fn unasked_the_sink_brings_a_sizer() {
    let graph = tenant(10).await;
    let sizer = Fives::default();
    let sink = Sink::new(&graph, (100, 100), 2).with_sizer(sizer.clone());
    scales_by_fives(&graph, &sink, &sizer, ScaleUp::copies(3)).await;
}

/// Fails unless `sizer` hears of three copies in batches of five.
async fn scales_by_fives(graph: &MemoryGraph, sink: &Sink, sizer: &Fives, scale: ScaleUp) {
    assert!(matches!(scale.run(graph, sink).await.unwrap(), ScaleOutcome::Scaled(_)));
    let (nodes, relationships) = copied(10);
    let told = sizer.0.lock().unwrap();
    let rows = |kind| told[kind] as u64;
    assert_eq!((rows("nodes"), rows("relationships")), (3 * nodes, 3 * relationships));
    let batches = (3 * nodes).div_ceil(5) + (3 * relationships).div_ceil(5);
    assert_eq!(sink.writes() as u64, batches);
}
