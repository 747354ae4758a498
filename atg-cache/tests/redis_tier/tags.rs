//! Tags, shared by handles, and what happens when a generation is lost.

use atg_cache::RedisCache;
use atg_core::{Cache as _, EntryOptions, Invalidation};
use redis::AsyncCommands as _;
use redis::aio::MultiplexedConnection;

use crate::support::{address, builder, connection, prefix, value};

fn tagged() -> EntryOptions {
    EntryOptions::default().with_tag("red")
}

fn red() -> Invalidation {
    Invalidation::Tag("red".to_owned())
}

/// A cache, its prefix, and a connection of another's to the same server.
async fn cache_and_server() -> Option<(RedisCache, String, MultiplexedConnection)> {
    let address = address()?;
    let prefix = prefix();
    let cache = builder(&address).prefix(&prefix).open().unwrap();
    Some((cache, prefix, connection(&address).await))
}

#[tokio::test]
async fn one_handle_invalidates_for_all() {
    let Some(address) = address() else { return };
    let shared = builder(&address);
    let (one, other) = (shared.clone().open().unwrap(), shared.open().unwrap());
    one.insert("a", value("one"), tagged()).await;
    assert_eq!(other.get("a").await, Some(value("one")));
    other.invalidate(&red()).await;
    assert_eq!((one.get("a").await, other.get("a").await), (None, None));
    other.insert("a", value("two"), tagged()).await;
    assert_eq!(one.get("a").await, Some(value("two")));
}

#[tokio::test]
async fn a_lost_generation_never_makes_an_entry_good_again() {
    let Some((cache, prefix, mut server)) = cache_and_server().await else { return };
    let tag = format!("{prefix}tag:red");
    cache.insert("a", value("one"), tagged()).await;
    cache.invalidate(&red()).await;
    let () = server.del(&tag).await.unwrap();
    assert_eq!(cache.get("a").await, None);
    // The tag comes again with another entry.
    cache.insert("b", value("two"), tagged()).await;
    assert_eq!((cache.get("a").await, cache.get("b").await), (None, Some(value("two"))));
    let () = server.del(&tag).await.unwrap();
    assert_eq!(cache.get("b").await, None);
}

#[tokio::test]
async fn what_is_no_generation_keeps_nothing_until_it_is_invalidated() {
    let Some((cache, prefix, mut server)) = cache_and_server().await else { return };
    let tag = format!("{prefix}tag:red");
    cache.insert("a", value("one"), tagged()).await;
    let () = server.del(&tag).await.unwrap();
    let () = server.lpush(&tag, "a list").await.unwrap();
    assert_eq!(cache.get("a").await, None);
    cache.insert("a", value("two"), tagged()).await;
    assert_eq!((cache.get("a").await, cache.stats().rejected), (None, 1));
    let () = server.del(&tag).await.unwrap();
    let () = server.set(&tag, "no number").await.unwrap();
    cache.insert("a", value("two"), tagged()).await;
    assert_eq!((cache.get("a").await, cache.stats().rejected), (None, 2));
    cache.invalidate(&red()).await;
    cache.insert("a", value("three"), tagged()).await;
    assert_eq!(cache.get("a").await, Some(value("three")));
}

#[tokio::test]
async fn clearing_leaves_no_name_behind() {
    let Some((cache, prefix, mut server)) = cache_and_server().await else { return };
    for number in 0..1_200 {
        cache.insert(&format!("{number}"), value("one"), tagged()).await;
    }
    let names: Vec<String> = server.keys(format!("{prefix}*")).await.unwrap();
    assert_eq!(names.len(), 1_201);
    cache.clear().await;
    let names: Vec<String> = server.keys(format!("{prefix}*")).await.unwrap();
    assert!(names.is_empty(), "{names:?}");
    cache.insert("a", value("two"), tagged()).await;
    assert_eq!(cache.get("a").await, Some(value("two")));
}
