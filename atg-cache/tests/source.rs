//! A source whose lookups are cached.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use async_trait::async_trait;
use atg_cache::{CachedSource, Caller, Clock, LoadOptions, LoadingCache, MemoryCache};
use atg_core::{Error, ErrorKind, ResourceId, ResourceLookup, Result, Text};
use futures::future::join_all;

/// Has one resource, and counts who asks.
struct Cloud(Arc<AtomicU64>);

#[async_trait]
impl ResourceLookup for Cloud {
    async fn lookup(&self, id: &ResourceId) -> Result<Option<Text>> {
        let asked = self.0.fetch_add(1, SeqCst) + 1;
        tokio::task::yield_now().await;
        match id.name() {
            "there" => Ok(Some(format!("answer {asked}").into())),
            "gone" => Ok(None),
            _ => Err(Error::new(ErrorKind::PermissionDenied, "look up", "not yours")),
        }
    }
}

fn id(name: &str) -> ResourceId {
    let path = "/subscriptions/S/resourceGroups/G/providers/Microsoft.Compute/virtualMachines";
    ResourceId::parse(format!("{path}/{name}")).unwrap()
}

#[tokio::test(start_paused = true)]
async fn lookups_are_shared_kept_and_forgotten() {
    let asked = Arc::new(AtomicU64::new(0));
    let memory = MemoryCache::builder(100).clock(Clock::tokio()).build();
    let cache = LoadingCache::builder(memory).clock(Clock::tokio()).build();
    let minute = Duration::from_secs(60);
    let options = LoadOptions::fresh_for(minute).absent_for(minute);
    let caller = Caller::new("contoso", "reporting");
    let source = CachedSource::new(Cloud(asked.clone()), caller, options.clone(), cache.clone());
    let there = id("there");
    let answers = join_all((0..100).map(|_| source.lookup(&there))).await;
    assert!(answers.into_iter().all(|answer| answer.unwrap().unwrap() == "answer 1"));
    assert_eq!(source.lookup(&id("gone")).await.unwrap(), None);
    assert_eq!(source.lookup(&id("gone")).await.unwrap(), None);
    let denied = source.lookup(&id("other")).await.unwrap_err();
    assert_eq!((denied.kind(), denied.is_retryable()), (ErrorKind::PermissionDenied, false));
    assert_eq!(asked.load(SeqCst), 3);
    source.forget(&there).await;
    assert_eq!(source.lookup(&there).await.unwrap().unwrap(), "answer 4");
    // Another caller sees nothing of it.
    let caller = Caller::new("contoso", "somebody else");
    let other = CachedSource::new(Cloud(asked.clone()), caller, options, cache);
    assert_eq!(other.lookup(&there).await.unwrap().unwrap(), "answer 5");
    tokio::time::advance(minute).await;
    assert_eq!(source.lookup(&there).await.unwrap().unwrap(), "answer 6");
}
