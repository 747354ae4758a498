//! Loading: one load a key, freshness, and invalidation that is never too early.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use atg_cache::{
    Cached, Clock, LoadError, LoadOptions, Loaded, LoadingCache, LoadingCacheBuilder, MemoryCache,
    Validators,
};
use atg_core::{Cache, EntryOptions, Invalidation, NoCache};
use futures::future::join_all;
use tokio::sync::{Notify, Semaphore};
use tokio::time::{advance, sleep};

type Memory = MemoryCache<Cached<u64>>;
type Loading = LoadingCache<u64, String>;

const SECOND: Duration = Duration::from_secs(1);

/// A cache whose time is tokio's, and the tier below.
fn builder() -> (LoadingCacheBuilder<Memory>, Memory) {
    let memory = MemoryCache::builder(1_000).clock(Clock::tokio()).build();
    (LoadingCache::builder(memory.clone()).clock(Clock::tokio()), memory)
}

fn cache() -> Loading {
    builder().0.build()
}

fn minute() -> LoadOptions {
    LoadOptions::fresh_for(60 * SECOND)
}

/// A loader that counts its calls, and gives their number.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicU64>);

impl Counting {
    fn load(&self) -> impl FnOnce() -> std::future::Ready<Result<u64, String>> + Send + use<> {
        let count = self.0.clone();
        move || std::future::ready(Ok(count.fetch_add(1, SeqCst) + 1))
    }

    fn calls(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

fn key(name: &str) -> Invalidation {
    Invalidation::Key(name.to_owned())
}

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

#[tokio::test(start_paused = true)]
async fn many_keys_are_loaded_by_one_call_that_shares_with_others() {
    let cache = cache();
    let gate = Arc::new(Semaphore::new(0));
    let other = {
        let (cache, gate) = (cache.clone(), gate.clone());
        tokio::spawn(async move {
            let load = move || async move {
                drop(gate.acquire().await);
                Ok(100)
            };
            cache.get_or_load("vm:3", &minute(), load).await
        })
    };
    sleep(SECOND).await;
    cache.get_or_load("vm:1", &minute(), || async { Ok(1) }).await.unwrap();
    let load = move |keys: Vec<String>| async move {
        assert_eq!(keys, ["vm:2", "vm:4"], "one is known, and one is being loaded");
        gate.add_permits(1);
        Ok(HashMap::from([("vm:2".to_owned(), 2)]))
    };
    let values = cache.get_many(&["vm:1", "vm:2", "vm:3", "vm:2", "vm:4"], &minute(), load).await;
    let values = values.unwrap();
    assert_eq!(values.len(), 3);
    assert_eq!((values["vm:1"], values["vm:2"], values["vm:3"]), (1, 2, 100));
    assert_eq!(other.await.unwrap().unwrap(), 100);
    let fails = |_| async { Err("down".to_owned()) };
    let none: Result<HashMap<_, _>, _> =
        cache.get_many(&["vm:2", "vm:5", "vm:6"], &minute(), fails).await;
    assert_eq!(none.unwrap_err().loader_error().unwrap(), "down");
    assert_eq!(cache.stats().operations["vm"].loads, 6);
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
async fn a_call_for_many_that_is_dropped_leaves_others_their_load() {
    let cache = cache();
    let slow = |keys: Vec<String>| async move {
        sleep(SECOND).await;
        Ok(keys.into_iter().map(|key| (key, 1)).collect::<HashMap<_, _>>())
    };
    let (many, options) = (cache.clone(), minute());
    let asked = tokio::spawn(async move { many.get_many(&["a", "b"], &options, slow).await });
    sleep(SECOND / 2).await;
    let (one, options) = (cache.clone(), minute());
    let other =
        tokio::spawn(async move { one.get_or_load("a", &options, || async { Ok(2) }).await });
    tokio::task::yield_now().await;
    asked.abort();
    assert_eq!(other.await.unwrap().unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn many_keys_serve_stale_where_loading_fails() {
    let cache = cache();
    let options = LoadOptions::fresh_for(SECOND).stale_if_error(60 * SECOND);
    cache.get_or_load("a", &options, || async { Ok(1) }).await.unwrap();
    advance(2 * SECOND).await;
    let fails = |_| async { Err::<HashMap<String, u64>, _>("down".to_owned()) };
    assert_eq!(cache.get_many(&["a"], &options, fails).await.unwrap()["a"], 1);
    assert!(cache.get_many(&["a", "b"], &options, fails).await.is_err());
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
