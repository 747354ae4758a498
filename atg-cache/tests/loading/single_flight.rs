//! One load a key, whoever asks and however it ends.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use atg_cache::{LoadError, LoadOptions, LoadingCache, MemoryCache};
use atg_core::NoCache;
use futures::future::join_all;
use tokio::time::{advance, sleep};

use crate::support::{Counting, Loading, SECOND, builder, cache, minute};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_callers_of_a_cold_key_load_once() {
    let cache: LoadingCache<u64, String> = LoadingCache::new(MemoryCache::new(100));
    let calls = Arc::new(AtomicU64::new(0));
    let callers = (0..10_000).map(|_| {
        let (cache, calls) = (cache.clone(), calls.clone());
        tokio::spawn(async move {
            let load = move || async move {
                tokio::task::yield_now().await;
                Ok(calls.fetch_add(1, SeqCst) + 1)
            };
            cache.get_or_load("vm_list:all", &minute(), load).await.unwrap()
        })
    });
    assert!(join_all(callers).await.into_iter().all(|value| value.unwrap() == 1));
    assert_eq!(calls.load(SeqCst), 1);
    let stats = cache.stats().operations["vm_list"];
    assert_eq!((stats.loads, stats.hits + stats.misses), (1, 10_000));
}

#[tokio::test(start_paused = true)]
async fn errors_are_shared_and_answer_for_a_moment() {
    let cache = cache();
    let calls: Arc<Vec<AtomicU64>> = Arc::new((0..100).map(|_| AtomicU64::new(0)).collect());
    let ask = |caller: usize| {
        let (cache, calls) = (cache.clone(), calls.clone());
        async move {
            let load = move || async move {
                calls[caller % 100].fetch_add(1, SeqCst);
                sleep(Duration::from_millis(20)).await;
                if caller.is_multiple_of(10) { Err("down".to_owned()) } else { Ok(7) }
            };
            cache.get_or_load(&format!("key:{}", caller % 100), &minute(), load).await
        }
    };
    for _ in 0..3 {
        let results = join_all((0..1_000).map(ask)).await;
        for (caller, result) in results.into_iter().enumerate() {
            match result {
                Ok(value) => assert_eq!((value, caller % 10 == 0), (7, false)),
                Err(error) => assert_eq!(error.loader_error().unwrap(), "down"),
            }
        }
        advance(Duration::from_millis(300)).await;
    }
    assert!(calls.iter().all(|calls| calls.load(SeqCst) == 1), "one load a key and error time");
    advance(SECOND).await;
    join_all((0..1_000).map(ask)).await;
    for (key, calls) in calls.iter().enumerate() {
        assert_eq!(calls.load(SeqCst), 1 + u64::from(key % 10 == 0), "key {key}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_caller_only_stops_waiting() {
    let cache = cache();
    let loads = Counting::default();
    let slow = |loads: &Counting| {
        let load = loads.load();
        move || async move {
            sleep(10 * SECOND).await;
            load().await
        }
    };
    let (one, options) = (cache.clone(), minute());
    let load = slow(&loads);
    let leader = tokio::spawn(async move { one.get_or_load("a", &options, load).await });
    sleep(SECOND).await;
    leader.abort();
    assert_eq!(cache.get_or_load("a", &minute(), slow(&loads)).await.unwrap(), 1);
    assert_eq!(loads.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_loader_that_hangs_or_panics_is_an_error_and_no_more() {
    let (builder, _) = builder();
    let cache: Loading = builder.load_timeout(5 * SECOND).build();
    let hangs = || std::future::pending::<Result<u64, String>>();
    let hung = cache.get_or_load("a", &minute(), hangs).await.unwrap_err();
    assert!(matches!(hung, LoadError::TimedOut(after) if after == 5 * SECOND), "{hung}");
    let panics = || async { panic!("no such luck") };
    let panicked = cache.get_or_load("b", &minute(), panics).await.unwrap_err();
    assert!(panicked.to_string().contains("no such luck"), "{panicked}");
    let at_once = || -> std::future::Ready<Result<u64, String>> { panic!("before the future") };
    cache.get_or_load("c", &minute(), at_once).await.unwrap_err();
    advance(2 * SECOND).await;
    for key in ["a", "b", "c"] {
        assert_eq!(cache.get_or_load(key, &minute(), || async { Ok(1) }).await.unwrap(), 1);
    }
    assert_eq!(cache.stats().total().failed, 3);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_load_at_once() {
    let (builder, _) = builder();
    let cache: Loading = builder.max_loads(3).build();
    let (running, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let asks = (0..20).map(|number| {
        let (cache, running, most) = (cache.clone(), running.clone(), most.clone());
        async move {
            let load = move || async move {
                most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
                sleep(SECOND).await;
                running.fetch_sub(1, SeqCst);
                Ok(number)
            };
            cache.get_or_load(&number.to_string(), &minute(), load).await.unwrap()
        }
    });
    let values = join_all(asks).await;
    assert_eq!(values, (0..20).collect::<Vec<_>>());
    assert_eq!(most.load(SeqCst), 3);
}

#[tokio::test(start_paused = true)]
async fn one_setting_switches_it_off_and_loads_are_still_shared() {
    let (builder, memory) = builder();
    let off: Loading = builder.enabled(false).build();
    let none: LoadingCache<u64, String, NoCache> = LoadingCache::new(NoCache);
    let loads = Counting::default();
    for _ in 0..2 {
        off.get_or_load("a", &minute(), loads.load()).await.unwrap();
        none.get_or_load("a", &minute(), loads.load()).await.unwrap();
    }
    assert_eq!((loads.calls(), memory.len()), (4, 0));
    let slow = |calls: Arc<AtomicU64>| {
        move || async move {
            sleep(SECOND).await;
            Ok(calls.fetch_add(1, SeqCst))
        }
    };
    let calls = loads.0.clone();
    let options = LoadOptions::default();
    let asks = (0..10).map(|_| none.get_or_load("b", &options, slow(calls.clone())));
    assert!(join_all(asks).await.into_iter().all(|value| value.unwrap() == 4));
}

#[test]
fn a_runtime_that_ends_lets_nobody_wait_for_ever() {
    let cache: Loading = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let cache = cache();
            let stuck = cache.clone();
            let options = minute();
            tokio::spawn(
                async move { stuck.get_or_load("a", &options, std::future::pending).await },
            );
            tokio::task::yield_now().await;
            cache
        })
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let value = runtime.block_on(cache.get_or_load("a", &minute(), || async { Ok(3) }));
    assert_eq!(value.unwrap(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_loader_may_load_other_keys_whatever_the_bound() {
    let (builder, _) = builder();
    let cache: Loading = builder.max_loads(1).build();
    let inner = cache.clone();
    let load = move || async move {
        let one = inner.get_or_load("inner", &minute(), || async { Ok(1) }).await;
        let two = |keys: Vec<String>| async move { Ok(HashMap::from([(keys[0].clone(), 2)])) };
        let two = inner.get_many(&["other"], &minute(), two).await;
        Ok(one.unwrap() + two.unwrap()["other"])
    };
    assert_eq!(cache.get_or_load("outer", &minute(), load).await.unwrap(), 3);
}
