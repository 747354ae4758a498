//! Entries: how they are kept, and what is none.

use std::time::Duration;

use atg_cache::{Clock, RedisCache, RedisOpenError};
use atg_core::{Cache as _, EntryOptions, Invalidation};
use redis::AsyncCommands as _;

use crate::support::{address, builder, connection, prefix, value};

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::test]
async fn find_says_how_an_entry_is_kept() {
    let Some(address) = address() else { return };
    let (clock, time) = Clock::manual();
    let cache = builder(&address).clock(clock).open().unwrap();
    let options = EntryOptions::ttl(MINUTE).with_tag("red").with_tag("blue");
    cache.insert("a", value("one"), options.clone()).await;
    time.advance(Duration::from_secs(20));
    let found = cache.find("a").await.unwrap();
    let left = EntryOptions { time_to_live: Some(Duration::from_secs(40)), ..options };
    assert_eq!((found.value, found.options), (value("one"), Some(left)));
    cache.insert("a", value("two"), EntryOptions::default()).await;
    assert_eq!(cache.find("a").await.unwrap().options, Some(EntryOptions::default()));
    assert_eq!(cache.find("b").await, None);
}

#[tokio::test]
async fn many_are_found_at_once() {
    let Some(address) = address() else { return };
    let cache = builder(&address).open().unwrap();
    cache.insert("a", value("one"), EntryOptions::default().with_tag("red")).await;
    cache.insert("b", value("two"), EntryOptions::default().with_tag("blue")).await;
    cache.insert("c", value("three"), EntryOptions::default()).await;
    cache.invalidate(&Invalidation::Tag("blue".to_owned())).await;
    let found = cache.get_many(&["c", "none", "b", "a", "c"]).await;
    let expected = [Some("three"), None, None, Some("one"), Some("three")];
    assert_eq!(found, expected.map(|text| text.map(value)));
    assert!(cache.get_many(&[]).await.is_empty());
    assert_eq!((cache.stats().hits, cache.stats().misses), (3, 2));
}

#[tokio::test]
async fn the_server_forgets_what_expires() {
    let Some(address) = address() else { return };
    let prefix = prefix();
    let cache = builder(&address).prefix(&prefix).open().unwrap();
    let mut server = connection(&address).await;
    for (key, time_to_live, least) in [
        ("minute", MINUTE, 1),
        ("years", Duration::from_secs(40 * 365 * 24 * 3_600), 1),
        ("ever", Duration::MAX, -1),
    ] {
        cache.insert(key, value(key), EntryOptions::ttl(time_to_live)).await;
        let left: i64 = server.pttl(format!("{prefix}key:{key}")).await.unwrap();
        assert!(left.signum() == least, "{key}: {left}");
        assert_eq!(cache.get(key).await, Some(value(key)));
    }
}

#[tokio::test]
async fn what_is_too_large_is_not_kept_nor_what_was_before() {
    let Some(address) = address() else { return };
    let cache = builder(&address).max_entry_bytes(3).open().unwrap();
    cache.insert("a", value("one"), EntryOptions::default()).await;
    cache.insert("a", value("four"), EntryOptions::default()).await;
    assert_eq!(cache.get("a").await, None);
    cache.insert("a", value("one"), EntryOptions::ttl(Duration::from_nanos(1))).await;
    assert_eq!(cache.get("a").await, None);
    assert_eq!((cache.stats().rejected, cache.stats().errors), (2, 0));
}

#[tokio::test]
async fn long_values_come_back_whole() {
    let Some(address) = address() else { return };
    let prefix = prefix();
    let cache = builder(&address).prefix(&prefix).open().unwrap();
    let mut server = connection(&address).await;
    for length in [0, 1, 4_096, 4_097, 300_000, 3_000_000] {
        let long = value(&"a word ".repeat(length / 7 + 1)[..length]);
        cache.insert("a", long.clone(), EntryOptions::default()).await;
        assert_eq!(cache.get("a").await, Some(long), "{length}");
        let kept: usize = server.strlen(format!("{prefix}key:a")).await.unwrap();
        assert!(kept < 4_200.max(length / 50), "{length} bytes took {kept}");
    }
}

#[tokio::test]
async fn what_is_no_entry_is_a_miss() {
    let Some(address) = address() else { return };
    let prefix = prefix();
    let cache = builder(&address).prefix(&prefix).open().unwrap();
    let mut server = connection(&address).await;
    cache.insert("a", value("one"), EntryOptions::ttl(MINUTE)).await;
    let name = format!("{prefix}key:a");
    let good: Vec<u8> = server.get(&name).await.unwrap();
    let mut other_version = good.clone();
    other_version[3] += 1;
    let cut = good[..good.len() - 1].to_vec();
    let odd = [b"garbage".to_vec(), Vec::new(), b"ATG\x01".to_vec(), other_version, cut];
    for (number, bytes) in odd.iter().enumerate() {
        let () = server.set(&name, bytes).await.unwrap();
        assert_eq!(cache.get("a").await, None, "{bytes:?}");
        assert_eq!(cache.stats().corrupt, number as u64 + 1);
    }
    let () = server.set(&name, good).await.unwrap();
    assert_eq!(cache.get("a").await, Some(value("one")));
    let () = server.del(&name).await.unwrap();
    let () = server.lpush(&name, "a list").await.unwrap();
    assert_eq!(cache.get("a").await, None);
    cache.insert("a", value("two"), EntryOptions::ttl(MINUTE)).await;
    assert_eq!(cache.get("a").await, Some(value("two")));
    assert_eq!(cache.stats().errors, 0);
}

#[tokio::test]
async fn what_comes_from_the_future_is_a_miss() {
    let Some(address) = address() else { return };
    let (clock, time) = Clock::manual();
    let cache = builder(&address).clock(clock).open().unwrap();
    cache.insert("a", value("one"), EntryOptions::ttl(MINUTE)).await;
    time.set_back(Duration::from_secs(10));
    let found = cache.find("a").await.unwrap();
    assert_eq!(found.options, Some(EntryOptions::ttl(MINUTE)), "no more than it was given");
    time.set_back(Duration::from_millis(1));
    assert_eq!((cache.get("a").await, cache.stats().corrupt), (None, 1));
}

#[tokio::test]
async fn prefixes_do_not_touch_each_other() {
    let Some(address) = address() else { return };
    let prefix = prefix();
    // As patterns, some of these match others.
    let prefixes = ["", "*", "?", "[ab]", "a", "\\", "a:", "key"].map(|end| prefix.clone() + end);
    let open = |prefix: &String| builder(&address).prefix(prefix).open().unwrap();
    let caches = prefixes.each_ref().map(open);
    for (cleared, own) in caches.iter().zip(&prefixes) {
        for (cache, prefix) in caches.iter().zip(&prefixes) {
            cache.insert("y:key:a", value(prefix), EntryOptions::default().with_tag("t")).await;
        }
        cleared.invalidate(&Invalidation::Tag("t".to_owned())).await;
        cleared.invalidate(&Invalidation::Glob("*".to_owned())).await;
        cleared.clear().await;
        for (cache, prefix) in caches.iter().zip(&prefixes) {
            let expected = (prefix != own).then(|| value(prefix));
            assert_eq!(cache.get("y:key:a").await, expected, "{own:?} cleared, {prefix:?}");
        }
    }
}

#[test]
fn the_password_is_never_shown() {
    let address = "redis://user:hunter2@127.0.0.1:1/3";
    let builder = RedisCache::builder(address);
    let shown = format!("{builder:?} {:?}", builder.clone().open().unwrap());
    assert!(shown.contains("127.0.0.1:1") && !shown.contains("hunter2"), "{shown}");
    for address in ["http://user:hunter2@host", "redis://user:hunter2@", "hunter2", ""] {
        let builder = RedisCache::builder(address);
        let error = builder.clone().open().unwrap_err();
        assert_eq!(error, RedisOpenError::Address, "{address}");
        let shown = format!("{builder:?} {error} {error:?}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn a_prefix_that_could_overlap_is_refused() {
    let builder = RedisCache::builder("redis://127.0.0.1/").prefix("atg:key:");
    assert_eq!(builder.open().unwrap_err(), RedisOpenError::Prefix);
}
