//! Two tiers as one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use atg_cache::{Clock, Json, Layered, MemoryCache};
use atg_core::{Cache, EntryOptions, Found, Invalidation};
use bytes::Bytes;
use futures::FutureExt as _;
use proptest::prelude::*;
use tokio::sync::{Notify, Semaphore};

#[tokio::test]
async fn it_keeps_the_contract_of_a_cache() {
    let (clock, time) = Clock::manual();
    for upper in [100, 3, 0] {
        let make = || async {
            let tier =
                |capacity| MemoryCache::<Bytes>::builder(capacity).clock(clock.clone()).build();
            Layered::new(tier(upper), Layered::new(tier(20), tier(100)))
        };
        let advance = |by| {
            time.advance(by);
            async {}
        };
        atg_core::conformance::cache(make, advance).await.unwrap();
    }
}

#[tokio::test]
async fn values_come_up_with_the_time_they_have_left_and_their_tags() {
    let (clock, time) = Clock::manual();
    let tier = || MemoryCache::<u32>::builder(10).clock(clock.clone()).build();
    let (upper, lower) = (tier(), tier());
    let layers = Layered::new(upper.clone(), lower.clone());
    lower.insert("a", 1, &EntryOptions::ttl(Duration::from_secs(10)).with_tag("red"));
    time.advance(Duration::from_secs(4));
    assert_eq!(layers.get("a").await, Some(1));
    let options = upper.find("a").unwrap().options.unwrap();
    assert_eq!(options, EntryOptions::ttl(Duration::from_secs(6)).with_tag("red"));
    layers.invalidate(&Invalidation::Tag("red".to_owned())).await;
    assert_eq!((upper.get("a"), lower.get("a")), (None, None));
}

/// A tier below that never ends an insertion.
struct Stuck(MemoryCache<u32>);

#[async_trait]
impl Cache<u32> for Stuck {
    async fn get(&self, key: &str) -> Option<u32> {
        self.0.get(key)
    }

    async fn find(&self, key: &str) -> Option<Found<u32>> {
        self.0.find(key)
    }

    async fn insert(&self, key: &str, value: u32, options: EntryOptions) {
        self.0.insert(key, value, &options);
        std::future::pending::<()>().await;
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        self.0.invalidate(what)
    }

    async fn clear(&self) {
        self.0.clear();
    }
}

#[tokio::test]
async fn a_change_that_is_dropped_halfway_leaves_nothing_old_above() {
    let layers = Layered::new(MemoryCache::<u32>::new(10), Stuck(MemoryCache::new(10)));
    layers.lower().0.insert("a", 1, &EntryOptions::default());
    assert_eq!(layers.get("a").await, Some(1));
    let change = layers.insert("a", 2, EntryOptions::default());
    assert!(change.now_or_never().is_none());
    assert_eq!(layers.get("a").await, Some(2));
}

/// A lower tier whose answers wait until they are let through.
struct Slow {
    tier: MemoryCache<u32>,
    read: Notify,
    go: Semaphore,
}

#[async_trait]
impl Cache<u32> for Slow {
    async fn get(&self, key: &str) -> Option<u32> {
        self.find(key).await.map(|found| found.value)
    }

    async fn find(&self, key: &str) -> Option<Found<u32>> {
        let found = self.tier.find(key);
        self.read.notify_one();
        drop(self.go.acquire().await);
        found
    }

    async fn insert(&self, key: &str, value: u32, options: EntryOptions) {
        self.tier.insert(key, value, &options);
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        self.tier.invalidate(what)
    }

    async fn clear(&self) {
        self.tier.clear();
    }
}

#[tokio::test]
async fn a_value_on_its_way_up_does_not_outlive_a_change() {
    for change in ["insert", "key", "tag", "clear", "heard"] {
        let slow = Slow { tier: MemoryCache::new(10), read: Notify::new(), go: Semaphore::new(0) };
        slow.tier.insert("a", 1, &EntryOptions::default().with_tag("red"));
        // Who looks above must never see what the change made old.
        let layers = Arc::new(Layered::new(MemoryCache::<u32>::new(10), slow));
        let reader = {
            let layers = layers.clone();
            tokio::spawn(async move { layers.get("a").await })
        };
        layers.lower().read.notified().await;
        match change {
            "insert" => layers.insert("a", 2, EntryOptions::default()).await,
            "heard" => layers.heard(None).await,
            "key" => drop(layers.invalidate(&Invalidation::Key("a".to_owned())).await),
            "tag" => drop(layers.invalidate(&Invalidation::Tag("red".to_owned())).await),
            _ => layers.clear().await,
        }
        layers.lower().go.add_permits(1);
        assert_eq!(reader.await.unwrap(), Some(1), "it was read before the {change}");
        assert_ne!(layers.upper().get("a"), Some(1), "and is not kept after the {change}");
    }
}

#[tokio::test]
async fn json_of_another_type_is_a_miss() {
    let bytes = MemoryCache::<Bytes>::new(10);
    let json = Json::new(bytes.clone());
    Cache::<Vec<u32>>::insert(&json, "a", vec![1, 2], EntryOptions::default()).await;
    assert_eq!(Cache::<Vec<u32>>::get(&json, "a").await, Some(vec![1, 2]));
    assert_eq!(Cache::<String>::get(&json, "a").await, None);
    assert_eq!((json.unreadable(), bytes.len()), (1, 1));
}

proptest! {
    #[test]
    fn it_serves_what_a_map_with_a_clock_would(
        steps in proptest::collection::vec((0..6_u8, 0..8_u8, 0..40_u64), 1..150),
        above in 0..4_usize,
    ) {
        let (clock, time) = Clock::manual();
        let tier = |capacity| MemoryCache::<u64>::builder(capacity).clock(clock.clone()).build();
        let layers = Layered::new(tier(above), tier(100));
        let (mut now, mut model) = (0, HashMap::<String, (u64, u64, String)>::new());
        for (number, (step, key, amount)) in (0_u64..).zip(steps) {
            let (key, tag) = (format!("{}:{key}", key % 2), (key % 3).to_string());
            let at_once = match step {
                0 | 1 => {
                    let options = EntryOptions::ttl(Duration::from_millis(amount)).with_tag(&tag);
                    model.insert(key.clone(), (number, now + amount, tag));
                    layers.insert(&key, number, options).now_or_never().is_some()
                }
                2 => {
                    model.retain(|_, (.., tags)| *tags != tag);
                    layers.invalidate(&Invalidation::Tag(tag)).now_or_never().is_some()
                }
                3 => {
                    model.retain(|known, _| !known.starts_with(&key[..2]));
                    let glob = Invalidation::Glob(format!("{}*", &key[..2]));
                    layers.invalidate(&glob).now_or_never().is_some()
                }
                4 => {
                    time.advance(Duration::from_millis(amount));
                    now += amount;
                    true
                }
                _ => {
                    let live = model.get(&key).filter(|(_, expires, _)| *expires > now);
                    let found = layers.get(&key).now_or_never();
                    prop_assert_eq!(found, Some(live.map(|(value, ..)| *value)));
                    true
                }
            };
            prop_assert!(at_once);
        }
    }
}
