//! The pipeline's promises: nothing dropped, nothing doubled, everything bounded and named.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod odd_sources;
mod sizes;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use atg_core::memory::{MemoryGraph, MemorySource};
use atg_core::pipeline::{Pipeline, PipelineOptions, Stage};
use atg_core::{
    BatchSizer, DeleteOutcome, Error, ErrorKind, FixedSizes, GraphReader, GraphSink, Node,
    NodeFilter, NodeOutcome, RelationshipOutcome, RelationshipSet, Resource, ResourceId, Result,
};
use futures::StreamExt;
use sizes::Told;

fn site(number: usize) -> ResourceId {
    ResourceId::parse(format!(
        "/subscriptions/S/resourceGroups/G{}/providers/Microsoft.Web/sites/s{number}",
        number % 7
    ))
    .unwrap()
}

/// Each refers to the next, so that half of the targets are not there yet when they are named.
fn resources(count: usize) -> Vec<Resource> {
    (0..count)
        .map(|number| {
            let mut one = Resource::new(site(number))
                .with_properties(format!("{{\"number\":{number}}}"))
                .with_reference("NEXT", site((number + 1) % (count + 3)));
            one.location = ["West Europe", "eastus"][number % 2].into();
            one.tags = format!("{{\"team\":\"t{}\"}}", number % 5).into();
            one
        })
        .collect()
}

fn source(count: usize, scopes: usize) -> MemorySource {
    let all = resources(count);
    all.chunks(count.div_ceil(scopes))
        .enumerate()
        .fold(MemorySource::new(), |source, (n, chunk)| {
            source.with_scope(format!("scope {n}").as_str(), chunk.to_vec())
        })
}

async fn graph_of(graph: &MemoryGraph) -> (Vec<String>, Vec<String>) {
    let nodes = graph
        .nodes(NodeFilter::default(), None)
        .map(|node| {
            let node = node.unwrap();
            format!("{} {:?} {}", node.id.key(), node.labels, node.properties)
        })
        .collect()
        .await;
    let relationships = graph
        .relationships(atg_core::RelationshipFilter::default(), None)
        .map(|one| {
            let one = one.unwrap();
            format!("{} {} {}", one.source.key(), one.relation, one.target.key())
        })
        .collect()
        .await;
    (nodes, relationships)
}

async fn run_with(options: PipelineOptions, sizes: FixedSizes, scopes: usize) -> Arc<MemoryGraph> {
    let graph = Arc::new(MemoryGraph::new());
    let report = Pipeline::new(source(100, scopes), graph.clone())
        .with_options(options)
        .with_sizer(sizes)
        .run()
        .await
        .unwrap();
    assert_eq!(report.resources_read, 100);
    assert!(report.is_complete());
    // Three resources that nobody delivers, and the seven groups.
    assert_eq!(report.unresolved, 1 + 7);
    graph
}

#[tokio::test]
async fn the_graph_does_not_depend_on_order_batches_or_bounds() {
    let expected = run_with(PipelineOptions::default(), FixedSizes::new(1000, 1000), 1).await;
    let expected = graph_of(&expected).await;
    assert_eq!(expected.1.len(), 100 * 4);
    for (reads, bytes, waiting, rows, scopes) in
        [(1, 1, 0, 1, 1), (4, 1 << 20, 0, 7, 9), (8, 2048, 500, 1000, 25), (3, usize::MAX, 8, 3, 4)]
    {
        let options = PipelineOptions {
            reads_in_flight: reads,
            bytes_in_flight: bytes,
            waiting_bytes: waiting,
            pages_in_flight: 1,
            ..PipelineOptions::default()
        };
        let graph = run_with(options, FixedSizes::new(rows, rows), scopes).await;
        assert_eq!(graph_of(&graph).await, expected);
    }
}

#[tokio::test]
async fn a_second_run_changes_nothing_and_says_so() {
    let graph = Arc::new(MemoryGraph::new());
    let first = Pipeline::new(source(50, 3), graph.clone()).run().await.unwrap();
    let before = graph_of(&graph).await;
    let second = Pipeline::new(source(50, 3), graph.clone()).run().await.unwrap();
    assert_eq!(graph_of(&graph).await, before);
    assert_eq!((second.nodes_written, second.relationships_written), (0, 0));
    assert_eq!(second.relationships_unchanged, first.relationships_written);
    assert_eq!(second.unresolved, 0);
}

#[tokio::test]
async fn what_a_record_names_no_more_goes() {
    let graph = Arc::new(MemoryGraph::new());
    Pipeline::new(source(10, 1), graph.clone()).run().await.unwrap();
    let mut all = resources(10);
    all[4].references.clear();
    let source = MemorySource::new().with_scope("all", all);
    let report = Pipeline::new(source, graph.clone()).run().await.unwrap();
    assert_eq!(report.relationships_removed, 1);
    let gone = format!("{} NEXT {}", site(4).key(), site(5).key());
    assert!(!graph_of(&graph).await.1.contains(&gone));
}

#[tokio::test]
async fn placeholders_give_way_to_what_arrives_later() {
    let graph = Arc::new(MemoryGraph::new());
    Pipeline::new(source(5, 1), graph.clone()).run().await.unwrap();
    assert!(graph.counts().await.unwrap().unresolved_nodes > 0);
    let groups = (0..7).map(|n| {
        Resource::new(ResourceId::parse(format!("/subscriptions/S/resourceGroups/G{n}")).unwrap())
    });
    let rest = (5..8).map(|n| Resource::new(site(n)));
    let subscription = Resource::new(ResourceId::parse("/subscriptions/S").unwrap());
    let late = groups.chain(rest).chain([subscription]).collect();
    let source = MemorySource::new().with_scope("late", late);
    Pipeline::new(source, graph.clone()).run().await.unwrap();
    assert_eq!(graph.counts().await.unwrap().unresolved_nodes, 0);
}

/// A sink that watches how it is used, and fails when told to.
struct Watched {
    inner: MemoryGraph,
    in_flight: AtomicUsize,
    most_in_flight: AtomicUsize,
    writes_before_failure: AtomicUsize,
    /// What it says of each batch.
    retries: u32,
    divided: bool,
    sizer: Option<Told>,
}

impl Watched {
    fn new(writes_before_failure: usize) -> Self {
        Self {
            inner: MemoryGraph::new(),
            in_flight: AtomicUsize::new(0),
            most_in_flight: AtomicUsize::new(0),
            writes_before_failure: AtomicUsize::new(writes_before_failure),
            retries: 0,
            divided: false,
            sizer: None,
        }
    }

    fn divides() -> Self {
        Self { divided: true, ..Self::new(usize::MAX) }
    }

    fn with_sizer(self, sizer: Told) -> Self {
        Self { sizer: Some(sizer), ..self }
    }

    fn contended(retries: u32) -> Self {
        Self { retries, ..Self::new(usize::MAX) }
    }

    fn most_in_flight(&self) -> usize {
        self.most_in_flight.load(Ordering::SeqCst)
    }

    async fn work(&self) -> Result<()> {
        let now = self.in_flight.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_in_flight.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_millis(10)).await;
        self.in_flight.fetch_sub(1, Ordering::SeqCst);
        let left = self.writes_before_failure.load(Ordering::SeqCst);
        if left == 0 {
            return Err(Error::new(ErrorKind::ResourceExhausted, "write", "the disk is full"));
        }
        self.writes_before_failure.store(left - 1, Ordering::SeqCst);
        Ok(())
    }
}

#[async_trait]
impl GraphSink for Watched {
    async fn prepare(&self) -> Result<()> {
        self.inner.prepare().await
    }
    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        self.work().await?;
        let outcome = self.inner.upsert_nodes(nodes).await?;
        Ok(NodeOutcome { retries: self.retries, divided: self.divided, ..outcome })
    }
    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        self.work().await?;
        let outcome = self.inner.upsert_relationships(sets).await?;
        Ok(RelationshipOutcome { retries: self.retries, divided: self.divided, ..outcome })
    }
    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        self.inner.delete(nodes).await
    }
    async fn flush(&self) -> Result<()> {
        self.inner.flush().await
    }
    fn sizer(&self) -> Box<dyn BatchSizer> {
        match &self.sizer {
            Some(sizer) => Box::new(sizer.clone()),
            None => self.inner.sizer(),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn at_least_two_writes_are_in_flight() {
    let sink = Arc::new(Watched::new(usize::MAX));
    Pipeline::new(source(200, 8), sink.clone())
        .with_sizer(FixedSizes::new(10, 10))
        .run()
        .await
        .unwrap();
    assert!(sink.most_in_flight.load(Ordering::SeqCst) >= 2);
}

#[tokio::test(start_paused = true)]
async fn a_failing_sink_ends_the_run_and_the_next_one_completes_it() {
    let sink = Arc::new(Watched::new(3));
    let sizes = FixedSizes::new(5, 5);
    let error =
        Pipeline::new(source(100, 4), sink.clone()).with_sizer(sizes).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
    sink.writes_before_failure.store(usize::MAX, Ordering::SeqCst);
    Pipeline::new(source(100, 4), sink.clone()).run().await.unwrap();
    let expected = run_with(PipelineOptions::default(), FixedSizes::new(50, 50), 4).await;
    assert_eq!(graph_of(&sink.inner).await, graph_of(&expected).await);
}

#[tokio::test]
async fn a_bad_row_costs_only_itself_and_is_named() {
    let mut all = resources(20);
    all[3].references[0].relation = "not a type".into();
    let graph = Arc::new(MemoryGraph::new());
    let source = MemorySource::new().with_scope("all", all);
    let report = Pipeline::new(source, graph.clone()).run().await.unwrap();
    assert_eq!(report.resources_skipped.len(), 1);
    assert_eq!(report.resources_skipped[0].id, *site(3).as_str());
    let relationships = graph_of(&graph).await.1;
    assert_eq!(relationships.len(), 20 * 4 - 1);
}

#[tokio::test]
async fn progress_only_grows_and_ends_done() {
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = seen.clone();
    Pipeline::new(source(100, 5), MemoryGraph::new())
        .with_observer(move |progress| sink.lock().unwrap().push(*progress))
        .run()
        .await
        .unwrap();
    let seen = seen.lock().unwrap();
    assert_eq!(seen.last().unwrap().stage, Stage::Done);
    assert_eq!(seen.last().unwrap().resources_read, 100);
    assert!(seen.windows(2).all(|pair| pair[0].resources_read <= pair[1].resources_read
        && pair[0].nodes <= pair[1].nodes
        && pair[0].relationships <= pair[1].relationships));
}
