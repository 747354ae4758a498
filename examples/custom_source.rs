//! Wire your own source into your own sink: a list of hosts becomes a graph, and a sink of a few
//! lines counts what reaches it.
//!
//! `cargo run --release --example custom_source`

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use atg_core::memory::MemoryGraph;
use atg_core::pipeline::Pipeline;
use atg_core::{
    DeleteOutcome, GraphReader, GraphSink, Node, NodeOutcome, Page, Read, RelationshipOutcome,
    RelationshipSet, Resource, ResourceId, ResourceSource, Result, Scope, ScopeEnd, ScopeStatus,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

/// A source: what it has to say in two methods.
struct Hosts;

#[async_trait]
impl ResourceSource for Hosts {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(vec![Scope::new("rack 1"), Scope::new("rack 2")])
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        let rack = ResourceId::named("rack", &scope.name);
        let hosts = (1..=3).map(|number| {
            let id = ResourceId::named("host", &format!("{} host {number}", scope.name));
            Resource::new(id)
                .with_properties(format!(r#"{{"number":{number}}}"#))
                .with_reference("IN_RACK", rack.clone())
        });
        let page = Page { resources: hosts.collect(), bytes: 1024, ..Page::default() };
        let end = ScopeEnd { status: ScopeStatus::Complete, error: None };
        stream::iter([Read::Page(page), Read::End(end)]).boxed()
    }
}

/// A sink around another: a wrapper forwards everything and adds its own.
#[derive(Default)]
struct Counted {
    inner: MemoryGraph,
    batches: AtomicU64,
}

#[async_trait]
impl GraphSink for Counted {
    async fn prepare(&self) -> Result<()> {
        self.inner.prepare().await
    }
    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.inner.upsert_nodes(nodes).await
    }
    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        self.batches.fetch_add(1, Ordering::Relaxed);
        self.inner.upsert_relationships(sets).await
    }
    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        self.inner.delete(nodes).await
    }
    async fn flush(&self) -> Result<()> {
        self.inner.flush().await
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let sink = Arc::new(Counted::default());
    let report = Pipeline::new(Hosts, sink.clone()).run().await?;
    let counts = sink.inner.counts().await?;
    println!("read {} hosts in {} scopes", report.resources_read, report.scopes.complete);
    println!("wrote {} batches", sink.batches.load(Ordering::Relaxed));
    println!("the graph holds {} nodes: {:?}", counts.nodes, counts.nodes_by_type);
    println!("and {} relationships: {:?}", counts.relationships, counts.relationships_by_type);
    assert_eq!((counts.nodes, counts.relationships), (8, 6));
    Ok(())
}
