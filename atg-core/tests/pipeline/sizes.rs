//! What a batch sizer is asked and told.

use std::sync::{Arc, Mutex};

use atg_core::memory::MemorySource;
use atg_core::pipeline::Pipeline;
use atg_core::{
    BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer, Resource, ResourceId,
};

use super::{Watched, source};

/// Seven rows a batch, one at a time; remembers what it was told.
#[derive(Clone, Default)]
pub(crate) struct Told(Arc<Mutex<Vec<BatchObservation>>>, Arc<Mutex<Vec<BatchKind>>>);

impl BatchSizer for Told {
    fn next_size(&mut self, context: &BatchContext) -> usize {
        assert!(context.parallelism >= 1);
        self.1.lock().unwrap().push(context.kind);
        7
    }

    fn observe(&mut self, observation: &BatchObservation) {
        self.0.lock().unwrap().push(*observation);
    }

    fn parallelism(&mut self, _kind: BatchKind, wanted: usize) -> usize {
        assert!(wanted >= 1);
        1
    }
}

#[tokio::test(start_paused = true)]
async fn a_sizer_bounds_batches_and_writers_and_hears_of_retries() {
    let sizer = Told::default();
    let sink = Arc::new(Watched::contended(3));
    let report =
        Pipeline::new(source(100, 4), sink.clone()).with_sizer(sizer.clone()).run().await.unwrap();
    assert_eq!(report.resources_read, 100);
    let told = sizer.0.lock().unwrap();
    let of = |kind| told.iter().filter(move |one| one.kind == kind);
    // No record names more than seven others.
    assert!(told.iter().all(|one| one.rows <= 7), "{told:?}");
    // Each size that was asked for was used, but for the last.
    for kind in [BatchKind::Nodes, BatchKind::Relationships] {
        let asked = sizer.1.lock().unwrap().iter().filter(|one| **one == kind).count();
        assert!(asked <= of(kind).count() + 1, "{kind:?}: asked {asked} times");
    }
    let nodes: usize = of(BatchKind::Nodes).map(|one| one.rows).sum();
    assert!(nodes as u64 >= report.resources_read && of(BatchKind::Relationships).count() > 0);
    let retried = BatchResult::Contended { retries: 3 };
    assert!(told.iter().all(|one| one.result == retried), "{told:?}");
    // One batch of nodes beside one of relationships.
    assert!(sink.most_in_flight() <= 2);
}

#[tokio::test(start_paused = true)]
async fn unasked_the_sink_brings_a_sizer_which_hears_what_was_divided() {
    let sizer = Told::default();
    let sink = Arc::new(Watched::divides().with_sizer(sizer.clone()));
    Pipeline::new(source(100, 4), sink).run().await.unwrap();
    let told = sizer.0.lock().unwrap();
    assert!(told.len() > 20 && told.iter().all(|one| one.rows <= 7), "{told:?}");
    assert!(told.iter().all(|one| one.result == BatchResult::Divided), "{told:?}");
}

#[tokio::test(start_paused = true)]
async fn a_set_larger_than_a_batch_goes_alone() {
    let id = |name: &str| {
        ResourceId::parse(format!("/subscriptions/S/resourceGroups/G/providers/A.B/c/{name}"))
            .unwrap()
    };
    let hub = (0..20)
        .fold(Resource::new(id("hub")), |hub, n| hub.with_reference("USES", id(&n.to_string())));
    let others = (0..20).map(|n| Resource::new(id(&n.to_string())));
    let all = others.chain([hub]).collect();
    let (sizer, sink) = (Told::default(), Arc::new(Watched::contended(0)));
    let source = MemorySource::new().with_scope("all", all);
    Pipeline::new(source, sink).with_sizer(sizer.clone()).run().await.unwrap();
    let told = sizer.0.lock().unwrap();
    let sets = told.iter().filter(|one| one.kind == BatchKind::Relationships);
    let large: Vec<usize> = sets.map(|one| one.rows).filter(|rows| *rows > 7).collect();
    // What it uses, and the containment.
    assert_eq!(large, [21]);
}
