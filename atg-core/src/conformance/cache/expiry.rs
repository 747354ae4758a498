//! Expiry: served while its time lasts, never after.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::Subject;
use crate::conformance::suite::{Outcome, Suite};
use crate::{Cache, EntryOptions};

pub(super) async fn run<C: Cache<Bytes> + 'static>(suite: &mut Suite<'_, Subject<'_, C>>) {
    suite.check("nothing_is_served_after_its_time", nothing_is_served_after_its_time).await;
    suite.check("what_has_no_time_to_live_stays", what_has_no_time_to_live_stays).await;
    suite.check("each_entry_has_its_own_time", each_entry_has_its_own_time).await;
    suite.check("replacing_starts_the_time_anew", replacing_starts_the_time_anew).await;
    suite.check("odd_times_to_live_are_kept", odd_times_to_live_are_kept).await;
}

type Given<'a, C> = Arc<Subject<'a, C>>;

const SECOND: Duration = Duration::from_secs(1);
/// The finest step that every clock of a store has.
const STEP: Duration = Duration::from_millis(1);

async fn nothing_is_served_after_its_time<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    cache.insert("a", "one", EntryOptions::ttl(10 * SECOND)).await;
    cache.serves("a", "one").await?;
    cache.advance(9 * SECOND).await;
    // Reading does not prolong.
    cache.serves("a", "one").await?;
    cache.advance(SECOND).await;
    cache.misses("a").await?;
    cache.advance(100 * SECOND).await;
    cache.misses("a").await?;
    cache.insert("a", "two", EntryOptions::ttl(SECOND)).await;
    cache.serves("a", "two").await?;
    cache.advance(SECOND + STEP).await;
    cache.misses("a").await
}

async fn what_has_no_time_to_live_stays<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    cache.keep("a", "one").await;
    for _ in 0..10 {
        cache.advance(365 * 24 * 3_600 * SECOND).await;
        cache.serves("a", "one").await?;
    }
    Ok(())
}

async fn each_entry_has_its_own_time<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    for seconds in [3_u32, 1, 2, 5, 4] {
        let key = format!("key {seconds}");
        cache.insert(&key, &key, EntryOptions::ttl(seconds * SECOND)).await;
    }
    for now in 1..=5 {
        cache.advance(SECOND).await;
        for seconds in 1..=5 {
            let key = format!("key {seconds}");
            if seconds <= now {
                cache.misses(&key).await?;
            } else {
                cache.serves(&key, &key).await?;
            }
        }
    }
    Ok(())
}

async fn replacing_starts_the_time_anew<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    cache.insert("a", "one", EntryOptions::ttl(10 * SECOND)).await;
    cache.advance(9 * SECOND).await;
    cache.insert("a", "two", EntryOptions::ttl(10 * SECOND)).await;
    cache.advance(9 * SECOND).await;
    cache.serves("a", "two").await?;
    cache.insert("a", "three", EntryOptions::ttl(SECOND)).await;
    cache.advance(SECOND).await;
    cache.misses("a").await?;
    cache.insert("a", "four", EntryOptions::ttl(SECOND)).await;
    cache.keep("a", "five").await;
    cache.advance(10 * SECOND).await;
    cache.serves("a", "five").await
}

async fn odd_times_to_live_are_kept<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    cache.keep("a", "before").await;
    cache.insert("a", "never", EntryOptions::ttl(Duration::ZERO)).await;
    cache.misses("a").await?;
    cache.insert("b", "ever", EntryOptions::ttl(Duration::MAX)).await;
    cache.advance(1_000_000 * SECOND).await;
    cache.serves("b", "ever").await
}
