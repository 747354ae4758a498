//! A server that is stopped, killed and started again while it is used.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use atg_cache::{Clock, RedisCache};
use atg_core::{Cache as _, EntryOptions, Invalidation};

use crate::support::{OwnServer, builder, eventually, free_port, value};

/// What tasks that use a cache have seen so far.
#[derive(Default)]
struct Seen {
    rounds: AtomicU64,
    hits: AtomicU64,
    misses: AtomicU64,
    longest: AtomicU64,
    end: AtomicBool,
}

/// Inserts and gets a key of its own: what it gets is what it inserted last, or nothing.
async fn use_it(cache: Arc<RedisCache>, task: u64, seen: Arc<Seen>) {
    let key = format!("key {task}");
    for round in 0_u64.. {
        let kept = value(&format!("{key}: {round};").repeat(20));
        let tags = EntryOptions::default().with_tag(format!("tag {}", task % 2));
        let start = Instant::now();
        if round % 50 == 49 {
            cache.invalidate(&Invalidation::Key(key.clone())).await;
            assert_eq!(cache.get(&key).await, None);
        }
        cache.insert(&key, kept.clone(), tags).await;
        match cache.get(&key).await {
            Some(found) => {
                assert_eq!(found, kept, "task {task}, round {round}");
                seen.hits.fetch_add(1, Relaxed);
            }
            None => drop(seen.misses.fetch_add(1, Relaxed)),
        }
        let took = u64::try_from(start.elapsed().as_millis()).unwrap();
        seen.longest.fetch_max(took, Relaxed);
        seen.rounds.fetch_add(1, Relaxed);
        if seen.end.load(Relaxed) {
            return;
        }
        // A call that is refused at once must not keep the server from starting.
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Waits until a counter has gone up by so many.
async fn goes_up(what: &str, counter: &AtomicU64, by: u64) {
    let start = counter.load(Relaxed);
    eventually(what, || async { counter.load(Relaxed) >= start + by }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_may_hang_and_die_while_it_is_used() {
    let Some(mut server) = OwnServer::start().await else { return };
    let cache = RedisCache::builder(&server.address()).breaker(5, Duration::from_millis(50));
    let (cache, seen) = (Arc::new(cache.open().unwrap()), Arc::new(Seen::default()));
    let tasks: Vec<_> =
        (0..6).map(|task| tokio::spawn(use_it(cache.clone(), task, seen.clone()))).collect();
    goes_up("hits", &seen.hits, 100).await;
    for _ in 0..2 {
        server.kill();
        goes_up("misses without a server", &seen.misses, 50).await;
        server.restart();
        goes_up("hits of the server that is back", &seen.hits, 100).await;
        server.signal("STOP");
        goes_up("misses while it hangs", &seen.misses, 50).await;
        server.signal("CONT");
        goes_up("hits of the server that goes on", &seen.hits, 100).await;
    }
    seen.end.store(true, Relaxed);
    for task in tasks {
        task.await.unwrap();
    }
    // Four calls of 100 ms each, and a machine that may be busy.
    assert!(seen.longest.load(Relaxed) < 10_000, "{} ms", seen.longest.load(Relaxed));
    assert!(cache.stats().errors > 0 && cache.stats().corrupt == 0, "{}", cache.stats());
}

#[tokio::test]
async fn a_server_may_come_after_the_tier() {
    if OwnServer::start().await.is_none() {
        return;
    }
    let port = free_port();
    let cache = RedisCache::builder(&format!("redis://127.0.0.1:{port}/"));
    let cache = cache.breaker(2, Duration::from_millis(20)).open().unwrap();
    for _ in 0..4 {
        cache.insert("a", value("one"), EntryOptions::default()).await;
        assert_eq!(cache.get("a").await, None);
    }
    let _server = OwnServer::start_on(port).await;
    eventually("it is used", || async {
        cache.insert("a", value("two"), EntryOptions::default()).await;
        cache.get("a").await == Some(value("two"))
    })
    .await;
}

/// A removal never reaches the server, which holds on to what should have gone.
async fn is_not_served_after(removal: impl AsyncFn(&RedisCache)) {
    let Some(server) = OwnServer::start().await else { return };
    let (clock, time) = Clock::manual();
    let shared = builder(&server.address()).clock(clock);
    let second = Duration::from_secs(1);
    // One call runs into this time.
    let cache = shared.clone().timeout(2 * second).breaker(1, second).open().unwrap();
    cache.insert("a", value("one"), EntryOptions::default().with_tag("red")).await;
    assert_eq!(cache.get("a").await, Some(value("one")));
    server.signal("STOP");
    assert_eq!(cache.get("b").await, None);
    time.advance(Duration::from_millis(1));
    removal(&cache).await;
    server.signal("CONT");
    time.advance(second);
    assert_eq!(cache.get("a").await, None);
    assert_eq!(shared.open().unwrap().get("a").await, Some(value("one")), "it is still there");
    cache.insert("a", value("two"), EntryOptions::default()).await;
    assert_eq!(cache.get("a").await, Some(value("two")));
}

#[tokio::test]
async fn what_could_not_be_removed_is_not_served() {
    for what in [
        Invalidation::Key("a".to_owned()),
        Invalidation::Glob("*a".to_owned()),
        Invalidation::Tag("red".to_owned()),
    ] {
        is_not_served_after(async |cache| assert_eq!(cache.invalidate(&what).await, 0)).await;
    }
    is_not_served_after(async |cache| cache.clear().await).await;
}

#[tokio::test]
async fn what_could_not_be_replaced_is_not_served() {
    is_not_served_after(async |cache| {
        cache.insert("a", value("newer"), EntryOptions::default()).await;
    })
    .await;
    is_not_served_after(async |cache| {
        cache.insert("a", value("never"), EntryOptions::ttl(Duration::ZERO)).await;
    })
    .await;
}
