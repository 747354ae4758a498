//! Many keys by one load.

use std::collections::HashMap;
use std::sync::Arc;

use atg_cache::LoadOptions;
use tokio::sync::Semaphore;
use tokio::time::{advance, sleep};

use crate::support::{SECOND, cache, minute};

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
