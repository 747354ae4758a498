//! The in-memory implementations pass their suites.

#![allow(clippy::unwrap_used)]

use atg_core::memory::{MemoryCache, MemoryGraph, MemorySource};
use atg_core::{ErrorKind, Resource, ResourceId, ScopeStatus, Skipped, conformance};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_graph_is_a_sink() {
    conformance::sink(|| async { MemoryGraph::new() }).await.unwrap();
}

#[tokio::test]
async fn memory_graph_is_a_reader() {
    conformance::reader(|| async { MemoryGraph::new() }).await.unwrap();
}

#[tokio::test]
async fn memory_source_is_a_source() {
    let resource = |number: usize| {
        let id = ResourceId::parse(format!("/subscriptions/{number}")).unwrap();
        Resource::new(id).with_properties(r#"{"a":1}"#)
    };
    conformance::source(|| async {
        MemorySource::new()
            .with_page_size(3)
            .with_scope("ten", (0..10).map(resource).collect())
            .with_scope("more", (5..15).map(resource).collect())
            .with_skipped("more", vec![Skipped { id: "items[3]".into(), why: "no id".into() }])
            .with_scope("empty", vec![])
            .with_scope("some", (20..22).map(resource).collect())
            .with_end("some", ScopeStatus::Partial, ErrorKind::Timeout, "no answer")
            .with_scope("secret", vec![])
            .with_end("secret", ScopeStatus::Denied, ErrorKind::PermissionDenied, "no right")
    })
    .await
    .unwrap();
}

#[tokio::test(start_paused = true)]
async fn memory_cache_is_a_cache() {
    conformance::cache(|| async { MemoryCache::new(100) }, tokio::time::advance).await.unwrap();
}
