//! Keys and values: what is inserted is served, under its whole key.

use std::sync::Arc;

use bytes::Bytes;
use futures::future::try_join_all;

use super::Subject;
use crate::conformance::suite::{Broken, Outcome, Suite, ensure};
use crate::{Cache, EntryOptions};

pub(super) async fn run<C: Cache<Bytes> + 'static>(suite: &mut Suite<'_, Subject<'_, C>>) {
    suite.check("what_is_inserted_is_served", what_is_inserted_is_served).await;
    suite.check("inserting_replaces", inserting_replaces).await;
    suite.check("whole_keys_are_compared", whole_keys_are_compared).await;
    suite.check("clearing_forgets_everything", clearing_forgets_everything).await;
    suite.check("a_working_set_is_kept", a_working_set_is_kept).await;
    suite.check("tasks_share_the_cache", tasks_share_the_cache).await;
}

type Given<'a, C> = Arc<Subject<'a, C>>;

async fn what_is_inserted_is_served<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    cache.misses("a").await?;
    cache.keep("a", "one").await;
    cache.keep("empty", "").await;
    cache.serves("a", "one").await?;
    cache.serves("a", "one").await?;
    cache.serves("empty", "").await?;
    let bytes: Bytes = (0..=u8::MAX).collect();
    cache.cache.insert("bytes", bytes.clone(), EntryOptions::default()).await;
    ensure(cache.cache.get("bytes").await == Some(bytes), || {
        "the value is not, byte by byte, what was inserted".to_owned()
    })?;
    cache.misses("b").await
}

async fn inserting_replaces<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    for value in ["one", "two", "", "a longer one"] {
        cache.keep("a", value).await;
        cache.serves("a", value).await?;
    }
    cache.keep("b", "other").await;
    cache.serves("a", "a longer one").await
}

/// Keys that a careless store takes for each other.
fn similar_keys() -> Vec<String> {
    let (long, path) = ("k".repeat(300), "/a/b".to_owned());
    let mut keys: Vec<String> =
        ["", " ", "a", "A", "a ", " a", "a:b", "a_b", "a/b", "a\\b", "a*", "a?", "ä", "a\u{308}"]
            .map(str::to_owned)
            .into();
    keys.extend(
        ["..", ".", "../a", "a\nb", "a\tb", "a%2Fb", "%61", "0", "00", "'", "\"", "🦀"]
            .map(str::to_owned),
    );
    keys.extend([format!("{long}1"), format!("{long}2"), long, path.clone(), path + "/"]);
    keys
}

async fn whole_keys_are_compared<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    let keys = similar_keys();
    for (number, key) in keys.iter().enumerate() {
        cache.misses(key).await?;
        cache.keep(key, &number.to_string()).await;
    }
    for (number, key) in keys.iter().enumerate() {
        cache.serves(key, &number.to_string()).await?;
    }
    Ok(())
}

async fn clearing_forgets_everything<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    let keys: Vec<String> = (0..50).map(|number| format!("key {number}")).collect();
    for key in &keys {
        cache.keep(key, "value").await;
    }
    cache.cache.clear().await;
    for key in &keys {
        cache.misses(key).await?;
    }
    cache.keep("key 1", "again").await;
    cache.serves("key 1", "again").await?;
    cache.cache.clear().await;
    cache.cache.clear().await;
    cache.misses("key 1").await
}

async fn a_working_set_is_kept<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    let value = |number: usize| format!("{number:04}").repeat(256);
    for round in 0..3 {
        for number in 0..100 {
            cache.keep(&format!("key {number}"), &value(number + round)).await;
        }
        for number in 0..100 {
            cache.serves(&format!("key {number}"), &value(number + round)).await?;
        }
    }
    Ok(())
}

/// Tasks write and read the same keys; each value names its key, and is whole.
async fn tasks_share_the_cache<C: Cache<Bytes> + 'static>(cache: Given<'_, C>) -> Outcome {
    let tasks = (0..8).map(|task| {
        let cache = cache.cache.clone();
        tokio::spawn(async move {
            for step in 0..200 {
                let key = format!("key {}", (task * 7 + step * 3) % 20);
                let value = format!("{key};{task} {step};").repeat(4);
                cache.insert(&key, value.into(), EntryOptions::default()).await;
                let Some(found) = cache.get(&key).await else { continue };
                let text = String::from_utf8_lossy(&found).into_owned();
                let quarter = text.get(..text.len() / 4).unwrap_or_default();
                if !text.starts_with(&format!("{key};")) || quarter.repeat(4) != text {
                    return Err(Broken(format!("{key:?} served {text:?}")));
                }
            }
            Ok(())
        })
    });
    let results = try_join_all(tasks).await.map_err(|gone| Broken(format!("a task: {gone}")))?;
    results.into_iter().collect::<Outcome>()?;
    for number in 0..20 {
        ensure(cache.cache.get(&format!("key {number}")).await.is_some(), || {
            format!("\"key {number}\" was inserted by many tasks and is not there")
        })?;
    }
    Ok(())
}
