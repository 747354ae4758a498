//! An invalidation is never too early: nothing from before it is kept or served after it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use atg_cache::{LoadingCache, MemoryCache};
use atg_core::Invalidation;
use tokio::sync::{Notify, Semaphore};
use tokio::time::sleep;

use crate::support::{Loading, SECOND, builder, cache, key, minute};

/// A load that has read the old state and waits, an invalidation, and then its end: the value is
/// old, and must neither be kept nor given to those who come later.
#[tokio::test(start_paused = true)]
async fn what_was_invalidated_while_it_was_loaded_is_not_kept() {
    let ways = [
        key("vm_list:a"),
        Invalidation::Glob("vm_list:*".to_owned()),
        Invalidation::Tag("vm".to_owned()),
    ];
    for what in ways {
        let (builder, memory) = builder();
        let cache: Loading = builder.build();
        let (state, read, go) =
            (Arc::new(AtomicU64::new(1)), Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
        let options = minute().with_tag("vm");
        let first = {
            let (cache, state, read, go) = (cache.clone(), state.clone(), read.clone(), go.clone());
            let options = options.clone();
            tokio::spawn(async move {
                let load = move || async move {
                    let seen = state.load(SeqCst);
                    read.notify_one();
                    drop(go.acquire().await);
                    Ok(seen)
                };
                cache.get_or_load("vm_list:a", &options, load).await
            })
        };
        read.notified().await;
        state.store(2, SeqCst);
        cache.invalidate(&what).await;
        // Who comes after the invalidation does not wait for the old load, and sees the new state.
        let later = {
            let state = state.clone();
            let load = move || async move { Ok(state.load(SeqCst)) };
            cache.get_or_load("vm_list:a", &options, load).await
        };
        assert_eq!(later.unwrap(), 2, "{what:?}");
        go.add_permits(1);
        assert_eq!(first.await.unwrap().unwrap(), 1, "who asked before is given what was then");
        assert_eq!(memory.get("vm_list:a").unwrap().value, Some(2), "{what:?}");
        assert_eq!(cache.stats().total().discarded, 1);
    }
}

/// Counts what was changed; a value read after a change and its invalidation is never older.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn no_reader_ever_sees_a_value_from_before_an_invalidation() {
    let cache: LoadingCache<u64, String> = LoadingCache::new(MemoryCache::new(100));
    let truth = Arc::new(AtomicU64::new(0));
    let done = Arc::new(AtomicU64::new(0));
    let readers = (0..6).map(|_| {
        let (cache, truth, done) = (cache.clone(), truth.clone(), done.clone());
        tokio::spawn(async move {
            let mut reads = 0_u64;
            while done.load(SeqCst) < 2_000 || reads == 0 {
                let least = done.load(SeqCst);
                let truth = truth.clone();
                let load = move || async move {
                    let seen = truth.load(SeqCst);
                    tokio::task::yield_now().await;
                    Ok(seen)
                };
                let value = cache.get_or_load("a", &minute(), load).await.unwrap();
                assert!(value >= least, "{value} was read after {least} was invalidated");
                reads += 1;
            }
        })
    });
    let readers: Vec<_> = readers.collect();
    for change in 1..=2_000 {
        truth.store(change, SeqCst);
        cache.invalidate(&key("a")).await;
        done.store(change, SeqCst);
        tokio::task::yield_now().await;
    }
    for reader in readers {
        reader.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn events_forget_what_they_make_out_of_date() {
    let (builder, memory) = builder();
    let globs = ["vm_list:*", "vm_status:*"].map(|glob| Invalidation::Glob(glob.to_owned()));
    let cache: Loading = builder.event("vm_delete", globs).build();
    let list = cache.cached(minute());
    for key in ["vm_list:a", "vm_list:b", "vm_status:a", "disk_list:a"] {
        list.call(key, || async { Ok(1) }).await.unwrap();
    }
    let deleted: Result<(), &str> =
        cache.invalidating("vm_delete", async { Err("half done") }).await;
    assert_eq!(deleted, Err("half done"));
    assert_eq!(memory.len(), 1);
    assert_eq!(cache.notify("no_such_event").await, 0);
    let keys = ["vm_list:a", "vm_list:c"].map(str::to_owned);
    assert_eq!(list.warm_up(keys, |key| std::future::ready(Ok(key.len() as u64))).await, 2);
    assert_eq!(memory.get("vm_list:c").unwrap().value, Some(9));
}

#[tokio::test(start_paused = true)]
async fn what_is_heard_cuts_loads_off_as_an_invalidation_does() {
    for what in [Some(key("a")), None] {
        let (builder, memory) = builder();
        let cache: Loading = builder.build();
        let slow = || async {
            sleep(SECOND).await;
            Ok(1)
        };
        let (one, options) = (cache.clone(), minute());
        let early = tokio::spawn(async move { one.get_or_load("a", &options, slow).await });
        sleep(SECOND / 2).await;
        cache.heard(what.as_ref()).await;
        assert_eq!(early.await.unwrap().unwrap(), 1);
        assert_eq!(memory.len(), 0, "{what:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_error_from_before_an_invalidation_is_forgotten() {
    let cache = cache();
    let fails = || async { Err("down".to_owned()) };
    cache.get_or_load("a", &minute(), fails).await.unwrap_err();
    cache.invalidate(&key("a")).await;
    assert_eq!(cache.get_or_load("a", &minute(), || async { Ok(1) }).await.unwrap(), 1);
}
