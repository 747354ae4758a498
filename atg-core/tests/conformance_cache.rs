//! Broken caches are caught by the check that names what is wrong with them.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use async_trait::async_trait;
use atg_core::memory::MemoryCache;
use atg_core::{Cache, EntryOptions, Invalidation, NoCache, conformance};
use bytes::Bytes;

/// What is wrong with a cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    ServesAfterExpiry,
    ServesAtExpiry,
    ExpiresEverything,
    ReadingProlongs,
    CutsKeys,
    IgnoresCase,
    TakesKeysForPaths,
    GlobMisses,
    GlobIsAPrefix,
    GlobIgnoresCase,
    TagMisses,
    TagTakesAll,
    KeepsTheFirstValue,
    ClearsNothing,
    CountsTooMuch,
    CutsValues,
}

/// A cache over a good one.
struct Broken {
    inner: MemoryCache<Bytes>,
    fault: Fault,
}

impl Broken {
    /// The key as this cache understands it.
    fn key(&self, key: &str) -> String {
        match self.fault {
            Fault::CutsKeys => key.chars().take(255).collect(),
            Fault::IgnoresCase => key.to_lowercase(),
            Fault::TakesKeysForPaths => key.trim_end_matches('/').to_owned(),
            _ => key.to_owned(),
        }
    }
}

#[async_trait]
impl Cache for Broken {
    async fn get(&self, key: &str) -> Option<Bytes> {
        let found = self.inner.get(&self.key(key)).await?;
        if self.fault == Fault::ReadingProlongs {
            let options = EntryOptions::ttl(Duration::from_secs(10));
            self.inner.insert(key, found.clone(), options).await;
        }
        Some(found)
    }

    async fn insert(&self, key: &str, mut value: Bytes, mut options: EntryOptions) {
        let nanosecond = Duration::from_nanos(1);
        match self.fault {
            Fault::ServesAfterExpiry => options.time_to_live = None,
            Fault::ServesAtExpiry => {
                options.time_to_live =
                    options.time_to_live.map(|ttl| ttl.saturating_add(nanosecond));
            }
            Fault::ExpiresEverything => {
                options.time_to_live.get_or_insert(Duration::from_secs(3_600));
            }
            Fault::TagMisses => options.tags.truncate(1),
            Fault::KeepsTheFirstValue if self.inner.get(key).await.is_some() => return,
            Fault::CutsValues => value.truncate(512),
            _ => {}
        }
        self.inner.insert(&self.key(key), value, options).await;
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        let what = match (self.fault, what) {
            (Fault::GlobMisses, Invalidation::Glob(glob)) if glob.starts_with('*') => return 0,
            (Fault::GlobIsAPrefix, Invalidation::Glob(glob)) => {
                let prefix = glob.split('*').next().unwrap_or_default();
                Invalidation::Glob(format!("{prefix}*"))
            }
            (Fault::GlobIgnoresCase, Invalidation::Glob(glob)) => {
                self.inner.invalidate(&Invalidation::Glob(glob.to_uppercase())).await;
                what.clone()
            }
            (Fault::TagTakesAll, Invalidation::Tag(_)) => Invalidation::Glob("*".to_owned()),
            _ => what.clone(),
        };
        self.inner.invalidate(&what).await + u64::from(self.fault == Fault::CountsTooMuch)
    }

    async fn clear(&self) {
        if self.fault != Fault::ClearsNothing {
            self.inner.clear().await;
        }
    }
}

/// Fails unless the suite finds the fault by these checks.
async fn is_caught(fault: Fault, checks: &[&str]) {
    let make = || async { Broken { inner: MemoryCache::new(100), fault } };
    let failure = conformance::cache(make, tokio::time::advance).await.unwrap_err();
    for check in checks {
        assert!(failure.names(check), "{fault:?} is not caught by {check}, but:\n{failure}");
    }
}

#[tokio::test(start_paused = true)]
async fn expiry_that_is_wrong_is_noticed() {
    is_caught(Fault::ServesAfterExpiry, &["nothing_is_served_after_its_time"]).await;
    is_caught(
        Fault::ServesAtExpiry,
        &["nothing_is_served_after_its_time", "each_entry_has_its_own_time"],
    )
    .await;
    is_caught(Fault::ExpiresEverything, &["what_has_no_time_to_live_stays"]).await;
    is_caught(Fault::ReadingProlongs, &["nothing_is_served_after_its_time"]).await;
}

#[tokio::test(start_paused = true)]
async fn keys_and_values_that_are_mixed_up_are_noticed() {
    is_caught(Fault::CutsKeys, &["whole_keys_are_compared"]).await;
    is_caught(Fault::IgnoresCase, &["whole_keys_are_compared"]).await;
    is_caught(Fault::TakesKeysForPaths, &["whole_keys_are_compared"]).await;
    is_caught(Fault::KeepsTheFirstValue, &["inserting_replaces"]).await;
    is_caught(Fault::CutsValues, &["a_working_set_is_kept"]).await;
    is_caught(Fault::ClearsNothing, &["clearing_forgets_everything"]).await;
}

#[tokio::test(start_paused = true)]
async fn invalidation_of_too_much_or_too_little_is_noticed() {
    is_caught(Fault::GlobMisses, &["a_glob_takes_exactly_what_it_matches"]).await;
    is_caught(Fault::GlobIsAPrefix, &["a_glob_takes_exactly_what_it_matches"]).await;
    is_caught(Fault::GlobIgnoresCase, &["a_glob_takes_exactly_what_it_matches"]).await;
    is_caught(Fault::TagMisses, &["a_tag_takes_exactly_what_has_it"]).await;
    is_caught(Fault::TagTakesAll, &["a_tag_takes_exactly_what_has_it"]).await;
    is_caught(Fault::CountsTooMuch, &["one_key_is_invalidated"]).await;
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_keeps_nothing_does_not_pass() {
    let make = || async { NoCache };
    let failure = conformance::cache(make, tokio::time::advance).await.unwrap_err();
    assert!(failure.names("a_working_set_is_kept"), "{failure}");
}
