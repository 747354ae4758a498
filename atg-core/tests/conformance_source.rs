//! Broken sources are caught by the check that names what is wrong with them.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use atg_core::memory::MemorySource;
use atg_core::{
    Error, ErrorKind, Page, Read, Resource, ResourceId, ResourceSource, Result, Scope, ScopeEnd,
    ScopeStatus, Skipped, SourceUsage, conformance,
};
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

/// What is wrong with a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    HasNoEnd,
    EndsTwice,
    GoesOnAfterTheEnd,
    CompleteWithAnError,
    PartialWithoutAnError,
    CountsNoBytes,
    SkipsWithoutSayingWhy,
    ScopesChange,
    ScopesRepeat,
    ReadsOnlyOnce,
    UnfinishedStreamsSpoilOthers,
    ForgetsItsUsage,
    GivesNothing,
}

/// A source over a good one.
struct Broken {
    inner: MemorySource,
    fault: Fault,
    reads: AtomicUsize,
    unfinished: AtomicUsize,
}

fn end(status: ScopeStatus, error: Option<Error>) -> Read {
    Read::End(ScopeEnd { status, error })
}

impl Broken {
    fn spoiled(&self, event: Read) -> Read {
        match event {
            Read::Page(mut page) => {
                match self.fault {
                    Fault::CountsNoBytes => page.bytes = 0,
                    Fault::SkipsWithoutSayingWhy => {
                        page.skipped.iter_mut().for_each(|item| item.why = "".into());
                    }
                    _ => {}
                }
                Read::Page(page)
            }
            Read::End(ended) => match self.fault {
                Fault::PartialWithoutAnError => end(ScopeStatus::Partial, None),
                Fault::CompleteWithAnError => {
                    let error = Error::new(ErrorKind::Timeout, "read page", "no answer");
                    end(ScopeStatus::Complete, Some(error))
                }
                _ => Read::End(ended),
            },
        }
    }
}

#[async_trait]
impl ResourceSource for Broken {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        let mut scopes = self.inner.scopes().await?;
        match self.fault {
            Fault::ScopesChange if self.reads.load(Ordering::Relaxed) > 0 => scopes.reverse(),
            Fault::ScopesRepeat => scopes.extend(scopes.clone()),
            Fault::GivesNothing => scopes.clear(),
            _ => {}
        }
        Ok(scopes)
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        let reads = self.reads.fetch_add(1, Ordering::Relaxed);
        let events = self.inner.read(scope).map(|event| self.spoiled(event));
        let finished = || end(ScopeStatus::Complete, None);
        match self.fault {
            Fault::HasNoEnd => {
                events.filter(|event| std::future::ready(!matches!(event, Read::End(_)))).boxed()
            }
            Fault::EndsTwice => events.chain(stream::iter([finished()])).boxed(),
            Fault::GoesOnAfterTheEnd => {
                events.chain(stream::iter([Read::Page(Page::default())])).boxed()
            }
            Fault::ReadsOnlyOnce if reads >= 2 => stream::iter([finished()]).boxed(),
            Fault::UnfinishedStreamsSpoilOthers => {
                let spoiled = self.unfinished.fetch_add(1, Ordering::Relaxed) > 0;
                let events = events.inspect(|event| {
                    let ended = usize::from(matches!(event, Read::End(_)));
                    self.unfinished.fetch_sub(ended, Ordering::Relaxed);
                });
                events.skip(usize::from(spoiled)).boxed()
            }
            _ => events.boxed(),
        }
    }

    fn usage(&self) -> SourceUsage {
        let usage = self.inner.usage();
        if self.fault == Fault::ForgetsItsUsage {
            return SourceUsage { requests: 1_000 - usage.requests, ..usage };
        }
        usage
    }
}

fn good() -> MemorySource {
    let resource = |number: usize| {
        Resource::new(ResourceId::parse(format!("/subscriptions/{number}")).unwrap())
    };
    MemorySource::new()
        .with_page_size(2)
        .with_scope("one", (0..5).map(resource).collect())
        .with_scope("two", (5..9).map(resource).collect())
        .with_skipped("two", vec![Skipped { id: "items[3]".into(), why: "no id".into() }])
}

/// Fails unless the suite finds the fault by these checks.
async fn is_caught(fault: Fault, checks: &[&str]) {
    let make = || async {
        let (reads, unfinished) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Broken { inner: good(), fault, reads, unfinished }
    };
    let failure = conformance::source(make).await.unwrap_err();
    for check in checks {
        assert!(failure.names(check), "{fault:?} is not caught by {check}, but:\n{failure}");
    }
}

#[tokio::test]
async fn ends_that_are_wrong_are_noticed() {
    is_caught(Fault::HasNoEnd, &["every_stream_has_one_end_and_it_is_last"]).await;
    is_caught(Fault::EndsTwice, &["every_stream_has_one_end_and_it_is_last"]).await;
    is_caught(Fault::GoesOnAfterTheEnd, &["every_stream_has_one_end_and_it_is_last"]).await;
    is_caught(Fault::CompleteWithAnError, &["an_end_says_why_it_is_not_complete"]).await;
    is_caught(Fault::PartialWithoutAnError, &["an_end_says_why_it_is_not_complete"]).await;
}

#[tokio::test]
async fn pages_and_scopes_that_are_wrong_are_noticed() {
    is_caught(Fault::CountsNoBytes, &["pages_count_their_bytes"]).await;
    is_caught(Fault::SkipsWithoutSayingWhy, &["skipped_items_say_which_and_why"]).await;
    is_caught(Fault::ScopesChange, &["scopes_are_stable_and_distinct"]).await;
    is_caught(Fault::ScopesRepeat, &["scopes_are_stable_and_distinct"]).await;
    is_caught(Fault::ForgetsItsUsage, &["usage_only_grows"]).await;
    is_caught(Fault::GivesNothing, &["every_stream_has_one_end_and_it_is_last"]).await;
}

#[tokio::test]
async fn streams_that_disturb_each_other_are_noticed() {
    is_caught(Fault::ReadsOnlyOnce, &["reading_twice_gives_the_same"]).await;
    let checks = ["scopes_are_read_at_once", "a_dropped_stream_harms_nothing"];
    is_caught(Fault::UnfinishedStreamsSpoilOthers, &checks).await;
}
