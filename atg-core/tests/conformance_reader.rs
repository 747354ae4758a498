//! Broken readers are caught by the check that names what is wrong with them.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use atg_core::memory::MemoryGraph;
use atg_core::{
    DeleteOutcome, GraphCounts, GraphReader, GraphSink, Known, Node, NodeFilter, NodeOutcome,
    Relationship, RelationshipFilter, RelationshipOutcome, RelationshipSet, ResourceId, Result,
    conformance,
};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};

/// What is wrong with a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    SkipsBehindTheCursor,
    RepeatsTheCursor,
    IgnoresTheCursor,
    StopsAfterAPage,
    TurnsTheOrder,
    IgnoresTheLabel,
    FiltersAfterLimiting,
    IgnoresSynthetic,
    ComparesSpellings,
    HashesWhatItReads,
    KnowsNoSets,
    CountsUnresolvedAsZero,
    CountsEachTypeOnce,
    FindsNothingByKey,
}

/// A reader over a good one.
struct Broken {
    inner: MemoryGraph,
    fault: Fault,
    reads: AtomicUsize,
}

impl Broken {
    fn spoiled<'a, T: Send + 'a>(
        &self,
        stream: BoxStream<'a, Result<T>>,
        resumed: bool,
        filtered: bool,
    ) -> BoxStream<'a, Result<T>> {
        match self.fault {
            Fault::SkipsBehindTheCursor if resumed => stream.skip(1).boxed(),
            Fault::StopsAfterAPage => stream.take(256).boxed(),
            Fault::FiltersAfterLimiting if filtered => stream.take(20).boxed(),
            _ => stream,
        }
    }
}

#[async_trait]
impl GraphReader for Broken {
    fn nodes(
        &self,
        mut filter: NodeFilter,
        after: Option<ResourceId>,
    ) -> BoxStream<'_, Result<Node>> {
        let filtered = filter != NodeFilter::default();
        match self.fault {
            Fault::IgnoresTheLabel => filter.label = None,
            Fault::IgnoresSynthetic => filter.synthetic = None,
            Fault::IgnoresTheCursor => return self.inner.nodes(filter, None),
            Fault::RepeatsTheCursor if after.is_some() => {
                let id = after.clone().unwrap();
                let first = async move { self.inner.node(&id).await.map(Option::unwrap) };
                let rest = self.inner.nodes(filter, after);
                return futures::stream::once(first).chain(rest).boxed();
            }
            Fault::TurnsTheOrder => {
                let reads = self.reads.fetch_add(1, Ordering::Relaxed);
                let mut nodes = self.inner.nodes_snapshot();
                if reads % 2 == 1 {
                    nodes.reverse();
                }
                return futures::stream::iter(nodes.into_iter().map(Ok)).boxed();
            }
            _ => {}
        }
        let resumed = after.is_some();
        self.spoiled(self.inner.nodes(filter, after), resumed, filtered)
    }

    fn relationships(
        &self,
        mut filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        let filtered = filter != RelationshipFilter::default();
        let spelled = filter.source.clone();
        match self.fault {
            Fault::IgnoresSynthetic => filter.synthetic = None,
            Fault::IgnoresTheCursor => return self.inner.relationships(filter, None),
            _ => {}
        }
        let resumed = after.is_some();
        let stream = self.inner.relationships(filter, after);
        let stream = match spelled {
            Some(source) if self.fault == Fault::ComparesSpellings => stream
                .try_filter(move |one| {
                    futures::future::ready(one.source.as_str() == source.as_str())
                })
                .boxed(),
            _ => stream,
        };
        self.spoiled(stream, resumed, filtered)
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        let fault = self.fault;
        self.inner
            .known()
            .map_ok(move |mut known| {
                match fault {
                    Fault::HashesWhatItReads => known.content_hash ^= 1,
                    Fault::KnowsNoSets => known.relationships_hash = 0,
                    _ => {}
                }
                known
            })
            .boxed()
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        let found = self.inner.node(id).await?;
        Ok(found.filter(|_| self.fault != Fault::FindsNothingByKey))
    }

    async fn counts(&self) -> Result<GraphCounts> {
        let mut counts = self.inner.counts().await?;
        match self.fault {
            Fault::CountsUnresolvedAsZero => counts.unresolved_nodes = 0,
            Fault::CountsEachTypeOnce => {
                counts.nodes_by_type.values_mut().for_each(|count| *count = 1);
            }
            _ => {}
        }
        Ok(counts)
    }
}

#[async_trait]
impl GraphSink for Broken {
    async fn prepare(&self) -> Result<()> {
        self.inner.prepare().await
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        self.inner.upsert_nodes(nodes).await
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        self.inner.upsert_relationships(sets).await
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        self.inner.delete(nodes).await
    }

    async fn flush(&self) -> Result<()> {
        self.inner.flush().await
    }
}

/// Fails unless the suite finds the fault by these checks.
async fn is_caught(fault: Fault, checks: &[&str]) {
    let make = || async { Broken { inner: MemoryGraph::new(), fault, reads: AtomicUsize::new(0) } };
    let failure = conformance::reader(make).await.unwrap_err();
    for check in checks {
        assert!(failure.names(check), "{fault:?} is not caught by {check}, but:\n{failure}");
    }
}

#[tokio::test]
async fn cursors_and_orders_that_fail_are_noticed() {
    is_caught(
        Fault::SkipsBehindTheCursor,
        &["nodes_continue_behind_any_node", "relationships_continue_behind_any"],
    )
    .await;
    is_caught(Fault::RepeatsTheCursor, &["nodes_continue_behind_any_node"]).await;
    is_caught(
        Fault::IgnoresTheCursor,
        &["nodes_continue_behind_any_node", "relationships_continue_behind_any"],
    )
    .await;
    is_caught(Fault::StopsAfterAPage, &["every_item_comes_once_in_one_order"]).await;
    is_caught(Fault::TurnsTheOrder, &["every_item_comes_once_in_one_order"]).await;
}

#[tokio::test]
async fn filters_that_let_too_much_or_too_little_pass_are_noticed() {
    is_caught(Fault::IgnoresTheLabel, &["node_filters_let_exactly_theirs_pass"]).await;
    is_caught(
        Fault::IgnoresSynthetic,
        &["node_filters_let_exactly_theirs_pass", "relationship_filters_let_exactly_theirs_pass"],
    )
    .await;
    is_caught(Fault::FiltersAfterLimiting, &["node_filters_let_exactly_theirs_pass"]).await;
    is_caught(Fault::ComparesSpellings, &["relationship_filters_let_exactly_theirs_pass"]).await;
}

#[tokio::test]
async fn hashes_and_counts_that_are_wrong_are_noticed() {
    is_caught(Fault::HashesWhatItReads, &["known_gives_the_hashes_as_written"]).await;
    is_caught(Fault::KnowsNoSets, &["known_gives_the_hashes_as_written"]).await;
    is_caught(Fault::CountsUnresolvedAsZero, &["counts_agree_with_the_streams"]).await;
    is_caught(Fault::CountsEachTypeOnce, &["counts_agree_with_the_streams"]).await;
    is_caught(Fault::FindsNothingByKey, &["a_node_is_found_by_its_key"]).await;
}
