//! Sources that fail, hang, never end, deliver nothing good, or panic.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use atg_core::memory::MemoryGraph;
use atg_core::pipeline::{CancellationToken, Pipeline, PipelineOptions};
use atg_core::{
    Error, ErrorKind, GraphReader, Page, Read, Resource, ResourceSource, Result, Scope, ScopeEnd,
    ScopeStatus, Skipped,
};
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::site;

/// A source whose scopes go wrong in every way.
struct Faulty;

#[async_trait]
impl ResourceSource for Faulty {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(["good", "denied", "silent", "partial"].map(Scope::new).to_vec())
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        let number = scope.name.len();
        let page = Read::Page(Page {
            resources: vec![Resource::new(site(number))],
            bytes: 10,
            ..Page::default()
        });
        let end = |status| {
            let error = (status != ScopeStatus::Complete)
                .then(|| Error::new(ErrorKind::PermissionDenied, "read", "no"));
            Read::End(ScopeEnd { status, error })
        };
        let events = match &*scope.name {
            "good" => vec![page, end(ScopeStatus::Complete)],
            "denied" => vec![end(ScopeStatus::Denied)],
            "partial" => vec![page, end(ScopeStatus::Partial)],
            _ => vec![page],
        };
        stream::iter(events).boxed()
    }
}

#[tokio::test]
async fn each_scope_fails_alone_and_is_named() {
    let graph = Arc::new(MemoryGraph::new());
    let report = Pipeline::new(Faulty, graph).run().await.unwrap();
    let scopes = report.scopes;
    assert_eq!((scopes.complete, scopes.denied, scopes.failed, scopes.partial), (1, 1, 1, 1));
    assert_eq!(report.resources_read, 3);
    assert_eq!(report.problems.len(), 3);
    assert!(!report.is_complete());
}

/// A source that never ends.
struct Endless;

#[async_trait]
impl ResourceSource for Endless {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(vec![Scope::new("endless")])
    }

    fn read<'a>(&'a self, _scope: &'a Scope) -> BoxStream<'a, Read> {
        stream::unfold(0, |number| async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            let resources = vec![Resource::new(site(number))];
            Some((Read::Page(Page { resources, bytes: 10, ..Page::default() }), number + 1))
        })
        .boxed()
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_run_keeps_what_was_read_and_makes_no_placeholders() {
    let graph = Arc::new(MemoryGraph::new());
    let cancel = CancellationToken::new();
    let stop = cancel.clone();
    let report = Pipeline::new(Endless, graph.clone())
        .with_cancellation(cancel)
        .with_observer(move |progress| {
            if progress.resources_read >= 20 {
                stop.cancel();
            }
        })
        .run()
        .await
        .unwrap();
    assert!(report.cancelled && !report.is_complete());
    assert!(report.resources_read >= 20);
    let counts = graph.counts().await.unwrap();
    assert_eq!(counts.nodes, report.resources_read);
    assert_eq!(counts.unresolved_nodes, 0);
}

/// A source that cannot even say what there is.
struct Silent;

#[async_trait]
impl ResourceSource for Silent {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        std::future::pending().await
    }

    fn read<'a>(&'a self, _scope: &'a Scope) -> BoxStream<'a, Read> {
        stream::empty().boxed()
    }
}

#[tokio::test]
async fn a_run_is_cancelled_while_it_waits_for_the_scopes() {
    let cancel = CancellationToken::new();
    cancel.cancel();
    let run = Pipeline::new(Silent, MemoryGraph::new()).with_cancellation(cancel).run();
    assert!(run.await.unwrap().cancelled);
}

/// A source all of whose items are bad.
struct Unreadable;

#[async_trait]
impl ResourceSource for Unreadable {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(vec![Scope::new("a"), Scope::new("b")])
    }

    fn read<'a>(&'a self, _scope: &'a Scope) -> BoxStream<'a, Read> {
        let page = Page {
            skipped: vec![Skipped { id: "items[0]".into(), why: "no id".into() }],
            bytes: 1 << 20,
            ..Page::default()
        };
        let end = ScopeEnd { status: ScopeStatus::Complete, error: None };
        stream::iter([Read::Page(page.clone()), Read::Page(page), Read::End(end)]).boxed()
    }
}

#[tokio::test]
async fn pages_without_a_single_good_item_pass_through_whatever_their_size() {
    let options = PipelineOptions { bytes_in_flight: 1 << 16, ..PipelineOptions::default() };
    let run = Pipeline::new(Unreadable, MemoryGraph::new()).with_options(options).run();
    let report = run.await.unwrap();
    assert_eq!(report.resources_skipped.len(), 4);
    assert!(report.is_complete());
}

/// A source that panics.
struct Panics;

#[async_trait]
impl ResourceSource for Panics {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(vec![Scope::new("a")])
    }

    fn read<'a>(&'a self, _scope: &'a Scope) -> BoxStream<'a, Read> {
        panic!("a source may be anybody's");
    }
}

#[tokio::test]
async fn a_source_that_panics_is_an_error_not_a_short_graph() {
    let error = Pipeline::new(Panics, MemoryGraph::new()).run().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Internal);
}
