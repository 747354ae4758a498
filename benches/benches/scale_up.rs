//! A graph of 5,000 nodes and 10,000 relationships scaled up to 40,000 nodes in SQLite.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use atg_core::{GraphReader, GraphSink, NodeFilter, ResourceId};
use atg_graph::scale::ScaleUp;
use atg_graph::sqlite::SqliteGraph;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures::TryStreamExt;

fn scale_up(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("scale up");
    group.throughput(Throughput::Elements(35_000)).sample_size(10);
    group.bench_function("5,000 to 40,000 nodes in SQLite", |b| {
        b.iter_custom(|rounds| (0..rounds).map(|_| runtime.block_on(once())).sum());
    });
    group.finish();
}

async fn once() -> Duration {
    let folder = tempfile::tempdir().unwrap();
    let graph = Arc::new(SqliteGraph::open(folder.path().join("graph.sqlite")).unwrap());
    graph.prepare().await.unwrap();
    graph.upsert_nodes(&atg_benches::nodes(5_000)).await.unwrap();
    graph.upsert_relationships(&atg_benches::relationship_sets(5_000, 10_000)).await.unwrap();
    graph.flush().await.unwrap();
    let begun = Instant::now();
    ScaleUp::to(40_000).with_seed(1).run(&graph, &graph).await.unwrap();
    let elapsed = begun.elapsed();
    let counts = graph.counts().await.unwrap();
    assert_eq!((counts.nodes, counts.relationships), (40_000, 80_000));
    check_a_copy(&graph).await;
    elapsed
}

/// Fails unless the references in a copy's body were rewritten to the copy's own subscription.
async fn check_a_copy(graph: &SqliteGraph) {
    let copies = NodeFilter { synthetic: Some(true), ..NodeFilter::default() };
    let copy = graph.nodes(copies, None).try_next().await.unwrap().unwrap();
    let template = ResourceId::parse(copy.template_source_id.clone()).unwrap();
    let subscription = |id: &str| id.split('/').nth(2).unwrap().to_lowercase();
    let (own, original) = (subscription(copy.id.key()), subscription(template.key()));
    let properties = copy.properties.to_lowercase();
    assert_eq!(properties.matches(&format!("/subscriptions/{own}/")).count(), 2, "{properties}");
    assert!(own != original && !properties.contains(&original), "{properties}");
}

criterion_group!(benches, scale_up);
criterion_main!(benches);
