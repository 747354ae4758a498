//! Values and their absence are fresh, then stale, then gone.

use std::sync::Arc;
use std::time::Duration;

use atg_cache::{Cached, Clock, LoadOptions, Loaded, LoadingCache, Validators};
use atg_core::{Cache, EntryOptions};
use tokio::time::{advance, sleep};

use crate::support::{Counting, Loading, Memory, SECOND, builder, cache, minute};

#[tokio::test(start_paused = true)]
async fn stale_values_serve_while_another_is_loaded_or_none_can_be() {
    let cache = cache();
    let loads = Counting::default();
    let options = LoadOptions::fresh_for(10 * SECOND)
        .stale_while_revalidate(10 * SECOND)
        .stale_if_error(60 * SECOND);
    let get = || cache.get_or_load("a", &options, loads.load());
    assert_eq!(get().await.unwrap(), 1);
    advance(12 * SECOND).await;
    assert_eq!(get().await.unwrap(), 1, "stale, and another is on its way");
    sleep(Duration::from_millis(1)).await;
    assert_eq!((get().await.unwrap(), loads.calls()), (2, 2));
    advance(30 * SECOND).await;
    let fails = || async { Err("down".to_owned()) };
    assert_eq!(cache.get_or_load("a", &options, fails).await.unwrap(), 2, "better than none");
    assert_eq!(get().await.unwrap(), 2, "the error still answers for the load");
    advance(2 * SECOND).await;
    assert_eq!(get().await.unwrap(), 3, "and once it works, the new one");
    advance(100 * SECOND).await;
    cache.get_or_load("a", &options, fails).await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_is_asked_for_often_is_loaded_ahead() {
    let cache = cache();
    let loads = Counting::default();
    let options = LoadOptions::fresh_for(10 * SECOND).refresh_ahead(3 * SECOND);
    for second in 0..100_u64 {
        let value = cache.get_or_load("a", &options, loads.load()).await.unwrap();
        assert!(value >= second / 10, "{value} at {second}");
        sleep(SECOND).await;
    }
    let stats = cache.stats().total();
    assert_eq!((stats.misses, stats.hits), (1, 99), "nobody waited but the first");
    assert!((10..20).contains(&stats.loads), "{stats}");
}

#[tokio::test(start_paused = true)]
async fn absence_is_kept_and_revalidation_is_told_of_what_there_was() {
    let (builder, memory) = builder();
    let cache: Loading = builder.build();
    let options =
        LoadOptions::fresh_for(10 * SECOND).stale_if_error(60 * SECOND).absent_for(5 * SECOND);
    let absent = |_| async { Ok(Loaded::Absent) };
    let never = |_| async { panic!("was kept") };
    assert_eq!(cache.get_or_revalidate("a", &options, absent).await.unwrap(), None);
    assert_eq!(cache.get_or_revalidate("a", &options, never).await.unwrap(), None);
    // Absence may be served beyond its time where loading fails, as a value may.
    advance(70 * SECOND).await;
    let etag = Validators { etag: Some("\"1\"".to_owned()), last_modified: None };
    let tagged = etag.clone();
    let load = |previous: Option<Cached<u64>>| async move {
        assert!(previous.is_none());
        Ok(Loaded::Value(5, tagged))
    };
    assert_eq!(cache.get_or_revalidate("a", &options, load).await.unwrap(), Some(5));
    advance(11 * SECOND).await;
    let unchanged = move |previous: Option<Cached<u64>>| async move {
        assert_eq!(previous.unwrap().validators, etag);
        Ok(Loaded::NotModified)
    };
    assert_eq!(cache.get_or_revalidate("a", &options, unchanged).await.unwrap(), Some(5));
    advance(9 * SECOND).await;
    assert_eq!(cache.get_or_revalidate("a", &options, never).await.unwrap(), Some(5), "dated anew");
    advance(11 * SECOND).await;
    assert_eq!(cache.get_or_revalidate("a", &options, absent).await.unwrap(), None);
    assert_eq!(memory.get("a").unwrap().value, None, "a thing that went is no longer served");
}

#[tokio::test]
async fn a_value_of_a_clock_that_was_set_back_is_loaded_again() {
    let (clock, time) = Clock::manual();
    let memory = Memory::new(10);
    let builder = LoadingCache::builder(memory.clone()).clock(clock);
    let cache: Loading = builder.build();
    let loads = Counting::default();
    cache.get_or_load("a", &minute(), loads.load()).await.unwrap();
    time.set_back(3_600 * SECOND);
    assert_eq!(cache.get_or_load("a", &minute(), loads.load()).await.unwrap(), 2);
    memory.insert("a", memory.get("a").unwrap(), &EntryOptions::default());
    assert_eq!(cache.get_or_load("a", &minute(), loads.load()).await.unwrap(), 2);
    let any: Arc<dyn Cache<Cached<u64>>> = Arc::new(memory);
    assert!(any.get("a").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn absence_without_a_time_is_not_kept_and_never_answers_for_a_loader_that_knows_better() {
    let (builder, memory) = builder();
    let cache: Loading = builder.build();
    let served = LoadOptions::fresh_for(SECOND)
        .stale_while_revalidate(600 * SECOND)
        .stale_if_error(600 * SECOND);
    let absent = |_| async { Ok(Loaded::Absent) };
    assert_eq!(cache.get_or_revalidate("a", &served, absent).await.unwrap(), None);
    assert_eq!(memory.len(), 0);
    let there = |_| async { Ok(5.into()) };
    assert_eq!(cache.get_or_revalidate("a", &served, there).await.unwrap(), Some(5));
    let kept = minute().absent_for(60 * SECOND);
    assert_eq!(cache.get_or_revalidate("b", &kept, absent).await.unwrap(), None);
    assert_eq!(cache.get_or_load("b", &kept, || async { Ok(6) }).await.unwrap(), 6);
}
