//! The tier in memory: its contract, its bounds, and who goes when room is needed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atg_cache::{Clock, MemoryCache, Policy, RemovalCause};
use atg_core::{Cache, EntryOptions, Invalidation};
use bytes::Bytes;
use proptest::prelude::*;

fn lasting() -> EntryOptions {
    EntryOptions::default()
}

#[tokio::test]
async fn it_keeps_the_contract_of_a_cache() {
    for (policy, capacity) in
        [(Policy::TwoQueues, 100), (Policy::Lru, 100), (Policy::TwoQueues, 10_000)]
    {
        let (clock, time) = Clock::manual();
        let make = || async {
            let weigh = |_: &str, value: &Bytes| u32::try_from(value.len()).unwrap();
            let builder = MemoryCache::builder(capacity).policy(policy).clock(clock.clone());
            builder.max_weight(1 << 20, weigh).build()
        };
        let advance = |by| {
            time.advance(by);
            async {}
        };
        atg_core::conformance::cache(make, advance).await.unwrap();
    }
}

#[test]
fn exact_lru_gives_up_the_least_recently_used() {
    let cache = MemoryCache::builder(3).policy(Policy::Lru).build();
    for key in ["a", "b", "c"] {
        cache.insert(key, 1, &lasting());
    }
    assert_eq!(cache.get("a"), Some(1));
    cache.insert("d", 1, &lasting());
    assert_eq!(["a", "b", "c", "d"].map(|key| cache.get(key).is_some()), [true, false, true, true]);
    assert_eq!(cache.stats().evicted, 1);
    assert_eq!(cache.hot_keys(2).len(), 2);
}

#[test]
fn a_scan_does_not_flush_what_is_asked_for_again() {
    // One part with one lock, and many.
    for capacity in [200, 10_000] {
        survive_a_scan(capacity);
    }
}

fn survive_a_scan(capacity: usize) {
    let cache = MemoryCache::new(capacity);
    let hot: Vec<String> = (0..capacity / 4).map(|number| format!("hot {number}")).collect();
    let mut next = 0;
    let mut scan = |cache: &MemoryCache<u32>, count| {
        for _ in 0..count {
            next += 1;
            cache.insert(&format!("scanned {next}"), 0, &lasting());
        }
    };
    // Each is loaded whenever it is missing, with a scan of some others between.
    for _ in 0..4 {
        for key in &hot {
            if cache.get(key).is_none() {
                cache.insert(key, 1, &lasting());
            }
        }
        scan(&cache, capacity);
    }
    scan(&cache, 300_000);
    let known = cache.hot_keys(hot.len());
    assert_eq!(known.len(), hot.len());
    let kept = hot.iter().filter(|key| cache.get(key).is_some()).count();
    assert!(kept * 10 >= hot.len() * 9, "{kept} of {} survived the scan", hot.len());
    let told = known.iter().filter(|key| key.starts_with("hot")).count();
    assert!(told * 10 >= hot.len() * 8, "{told} of the keys called hot are");
    let lru = MemoryCache::builder(capacity).policy(Policy::Lru).build();
    for key in &hot {
        lru.insert(key, 1, &lasting());
    }
    scan(&lru, 2 * capacity);
    assert!(hot.iter().all(|key| lru.get(key).is_none()), "which is what plain LRU does");
}

/// A value that counts what is alive.
struct Counted {
    alive: Arc<AtomicU64>,
    weight: u64,
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.alive.fetch_sub(self.weight, Ordering::SeqCst);
    }
}

#[test]
fn the_bound_on_weight_holds_at_every_moment_of_a_burst() {
    let cache: MemoryCache<Arc<Counted>> = MemoryCache::builder(1_000_000)
        .max_weight(1 << 20, |_, value: &Arc<Counted>| u32::try_from(value.weight).unwrap())
        .build();
    let alive = Arc::new(AtomicU64::new(0));
    let over = AtomicU64::new(0);
    std::thread::scope(|scope| {
        for writer in 0..4_u64 {
            let (cache, alive, over) = (&cache, &alive, &over);
            scope.spawn(move || {
                for number in 0..5_000 {
                    let weight = 1 + (number * 7_919 + writer) % 10_240;
                    let value = Arc::new(Counted { alive: alive.clone(), weight });
                    alive.fetch_add(weight, Ordering::SeqCst);
                    cache.insert(&format!("{writer} {number}"), value, &lasting());
                    // What four writers hold in their hands is alive, too.
                    let now = alive.load(Ordering::SeqCst);
                    over.fetch_max(now.saturating_sub((1 << 20) + 4 * 10_240), Ordering::SeqCst);
                    assert!(cache.stats().weight <= 1 << 20);
                }
            });
        }
    });
    assert_eq!(over.load(Ordering::SeqCst), 0, "bytes over the bound");
    let stats = cache.stats();
    assert!(stats.weight > 900_000, "and the room is used: {stats}");
    assert_eq!(stats.inserted + stats.rejected, 20_000);
    drop(cache);
    assert_eq!(alive.load(Ordering::SeqCst), 0);
}

#[test]
fn what_is_too_large_is_rejected_and_the_old_value_gone() {
    let cache = MemoryCache::builder(10)
        .max_weight(100, |_, value: &String| value.len().try_into().unwrap())
        .build();
    cache.insert("a", "x".repeat(60), &lasting());
    cache.insert("b", "x".repeat(100), &lasting());
    assert_eq!((cache.get("a"), cache.len()), (None, 1), "one that fits alone takes all the room");
    cache.insert("b", "x".repeat(101), &lasting());
    assert_eq!(cache.get("b"), None);
    let stats = cache.stats();
    assert_eq!((stats.rejected, stats.weight, stats.entries), (1, 0, 0));
    let none = MemoryCache::new(0);
    none.insert("a", 1, &lasting());
    assert_eq!((none.get("a"), none.stats().rejected), (None, 1));
}

#[test]
fn a_value_as_large_as_the_bound_gets_in_among_others_that_insert() {
    let cache =
        MemoryCache::builder(100_000).max_weight(100_000, |_, weight: &u32| *weight).build();
    let done = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for writer in 0..3 {
            let (cache, done) = (&cache, &done);
            scope.spawn(move || {
                let mut number = 0_u64;
                while !done.load(Ordering::SeqCst) {
                    cache.insert(&format!("{writer} {number}"), 100, &lasting());
                    number += 1;
                }
            });
        }
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while cache.stats().evicted < 1_000 {
            assert!(std::time::Instant::now() < deadline, "nothing makes room");
        }
        let before = cache.stats().rejected;
        cache.insert("large", 100_000, &lasting());
        done.store(true, Ordering::SeqCst);
        assert_eq!(cache.stats().rejected, before);
    });
    assert!(cache.stats().weight <= 100_000);
}

#[test]
fn what_has_ended_makes_room_before_what_lives() {
    let (clock, time) = Clock::manual();
    // One part: of several, each makes room for its own.
    let cache = MemoryCache::builder(50).clock(clock).build();
    for number in 0..25 {
        cache.insert(&format!("short {number}"), 1, &EntryOptions::ttl(Duration::from_secs(1)));
    }
    time.advance(Duration::from_secs(2));
    for number in 0..50 {
        cache.insert(&format!("long {number}"), 1, &lasting());
    }
    assert!((0..50).all(|number| cache.get(&format!("long {number}")).is_some()));
    let stats = cache.stats();
    assert_eq!((stats.expired, stats.evicted, stats.entries), (25, 0, 50));
    cache.insert("no time", 1, &EntryOptions::ttl(Duration::from_micros(900)));
    assert_eq!((cache.get("no time"), cache.stats().rejected), (None, 1));
}

#[test]
fn every_entry_that_goes_is_told_of_with_its_cause() {
    let told: Arc<Mutex<HashMap<String, RemovalCause>>> = Arc::default();
    let (clock, time) = Clock::manual();
    let cache = {
        let told = told.clone();
        let listen = move |key: &str, _: &u32, cause| {
            told.lock().unwrap().insert(key.to_owned(), cause);
        };
        MemoryCache::builder(4).clock(clock).on_removal(listen).build()
    };
    cache.insert("replaced", 1, &lasting());
    cache.insert("replaced", 2, &lasting());
    assert_eq!(told.lock().unwrap()["replaced"], RemovalCause::Replaced);
    assert!(cache.remove("replaced"));
    assert_eq!(told.lock().unwrap()["replaced"], RemovalCause::Invalidated);
    cache.insert("expired", 1, &EntryOptions::ttl(Duration::from_secs(1)));
    cache.insert("tagged", 1, &lasting().with_tag("red"));
    time.advance(Duration::from_secs(1));
    cache.invalidate(&Invalidation::Tag("red".to_owned()));
    assert_eq!(cache.purge(), 2);
    assert_eq!(told.lock().unwrap()["expired"], RemovalCause::Expired);
    assert_eq!(told.lock().unwrap()["tagged"], RemovalCause::Invalidated);
    (0..5).for_each(|number| cache.insert(&number.to_string(), 1, &lasting()));
    assert_eq!(told.lock().unwrap()["0"], RemovalCause::Evicted);
    let stats = cache.stats();
    assert_eq!((stats.expired, stats.evicted, stats.replaced, stats.invalidated), (1, 1, 1, 2));
}

#[test]
fn jitter_only_shortens_and_spreads() {
    let (clock, time) = Clock::manual();
    let cache = MemoryCache::builder(1_000).jitter(0.2).clock(clock).build();
    for number in 0..1_000 {
        cache.insert(&number.to_string(), 1, &EntryOptions::ttl(Duration::from_secs(100)));
    }
    time.advance(Duration::from_millis(79_999));
    assert_eq!(cache.purge(), 0);
    time.advance(Duration::from_secs(10));
    let half = cache.purge();
    assert!((350..650).contains(&half), "{half} of 1,000 within the first half of the jitter");
    time.advance(Duration::from_millis(10_001));
    assert_eq!(cache.purge() + half, 1_000);
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u8, u32, Option<u16>, Vec<u8>),
    Get(u8),
    Remove(u8),
    Tag(u8),
    Glob(u8),
    Advance(u16),
    Clear,
}

fn step() -> impl Strategy<Value = Step> {
    let tags = proptest::collection::vec(0..3_u8, 0..3);
    prop_oneof![
        4 => (0..12_u8, any::<u32>(), proptest::option::of(0..50_u16), tags)
            .prop_map(|(key, value, ttl, tags)| Step::Insert(key, value, ttl, tags)),
        4 => (0..12_u8).prop_map(Step::Get),
        1 => (0..12_u8).prop_map(Step::Remove),
        1 => (0..3_u8).prop_map(Step::Tag),
        1 => (0..3_u8).prop_map(Step::Glob),
        2 => (0..30_u16).prop_map(Step::Advance),
        1 => Just(Step::Clear),
    ]
}

/// A map with a clock: what the cache may serve, and nothing else.
#[derive(Default)]
struct Model {
    now: u64,
    entries: HashMap<String, (u32, u64, Vec<String>)>,
}

proptest! {
    #[test]
    fn it_never_serves_what_a_map_with_a_clock_would_not(
        steps in proptest::collection::vec(step(), 1..200),
        capacity in prop_oneof![Just(100_usize), 1..8_usize],
        lru in any::<bool>(),
    ) {
        let (clock, time) = Clock::manual();
        let policy = if lru { Policy::Lru } else { Policy::TwoQueues };
        let cache = MemoryCache::builder(capacity).policy(policy).clock(clock).build();
        let mut model = Model::default();
        let name = |key: u8| format!("{}:{key}", key % 3);
        for step in steps {
            match step {
                Step::Insert(key, value, ttl, tags) => {
                    let tags: Vec<String> = tags.iter().map(u8::to_string).collect();
                    let time_to_live = ttl.map(|ms| Duration::from_millis(ms.into()));
                    cache.insert(&name(key), value, &EntryOptions { time_to_live, tags: tags.clone() });
                    let expires = ttl.map_or(u64::MAX, |ms| model.now + u64::from(ms));
                    model.entries.insert(name(key), (value, expires, tags));
                }
                Step::Get(key) => {
                    let found = cache.get(&name(key));
                    let now = model.now;
                    let live = model.entries.get(&name(key)).filter(|(_, expires, _)| *expires > now);
                    let expected = live.map(|(value, ..)| *value);
                    prop_assert!(found == expected || (found.is_none() && capacity < 12), "{found:?} {expected:?}");
                }
                Step::Remove(key) => {
                    cache.remove(&name(key));
                    model.entries.remove(&name(key));
                }
                Step::Tag(tag) => {
                    cache.invalidate(&Invalidation::Tag(tag.to_string()));
                    model.entries.retain(|_, (.., tags)| !tags.contains(&tag.to_string()));
                }
                Step::Glob(prefix) => {
                    cache.invalidate(&Invalidation::Glob(format!("{prefix}:*")));
                    model.entries.retain(|key, _| !key.starts_with(&format!("{prefix}:")));
                }
                Step::Advance(ms) => {
                    time.advance(Duration::from_millis(ms.into()));
                    model.now += u64::from(ms);
                }
                Step::Clear => {
                    cache.clear();
                    model.entries.clear();
                }
            }
            prop_assert!(cache.len() <= capacity);
        }
        // What is gone by a tag or by time is gone from its place, too, once looked for.
        cache.purge();
        let now = model.now;
        let live = model.entries.values().filter(|(_, expires, _)| *expires > now).count();
        prop_assert!(cache.len() <= live);
    }
}

#[tokio::test]
async fn it_can_be_any_cache() {
    let cache: Arc<dyn Cache<u32>> = Arc::new(MemoryCache::new(10));
    cache.insert("a", 1, EntryOptions::ttl(Duration::from_secs(60)).with_tag("t")).await;
    let found = cache.find("a").await.unwrap();
    let options = found.options.unwrap();
    assert_eq!((found.value, options.tags), (1, vec!["t".to_owned()]));
    assert!(options.time_to_live.unwrap() > Duration::from_secs(50));
}
