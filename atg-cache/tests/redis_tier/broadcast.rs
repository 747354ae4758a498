//! Invalidations that other handles hear of.

use std::sync::{Arc, Mutex};

use atg_cache::{Heard, RedisCache};
use atg_core::memory::MemoryCache;
use atg_core::{Cache, EntryOptions, Invalidation};
use bytes::Bytes;

use crate::support::{OwnServer, address, builder, eventually, value};

type Log = Arc<Mutex<Vec<Heard>>>;

fn log_of(cache: &RedisCache) -> (Log, atg_cache::Listening) {
    let log = Log::default();
    let kept = log.clone();
    let listening = cache.subscribe(move |heard| {
        kept.lock().unwrap().push(heard);
        std::future::ready(())
    });
    (log, listening)
}

async fn connected(log: &Log) {
    eventually("it connects", || async { !log.lock().unwrap().is_empty() }).await;
}

#[tokio::test]
async fn each_way_of_invalidating_is_heard_by_others_only() {
    let Some(address) = address() else { return };
    let shared = builder(&address);
    let (one, other) = (shared.clone().open().unwrap(), shared.open().unwrap());
    let ((own, _one), (heard, _other)) = (log_of(&one), log_of(&other));
    connected(&own).await;
    connected(&heard).await;
    let ways = [
        Invalidation::Key("a".to_owned()),
        Invalidation::Glob("a*".to_owned()),
        Invalidation::Tag("a".to_owned()),
    ];
    for what in &ways {
        one.invalidate(what).await;
    }
    one.publish(&ways[0]).await;
    one.clear().await;
    let mut expected = vec![Heard::Everything];
    expected.extend(ways.iter().cloned().map(Heard::Invalidated));
    expected.extend([Heard::Invalidated(ways[0].clone()), Heard::Everything]);
    eventually("all is heard", || async { heard.lock().unwrap().len() == expected.len() }).await;
    assert_eq!(*heard.lock().unwrap(), expected);
    // The other's comes after all of one's own would have.
    other.invalidate(&ways[2]).await;
    eventually("it is heard", || async { own.lock().unwrap().len() > 1 }).await;
    let expected = [Heard::Everything, Heard::Invalidated(ways[2].clone())];
    assert_eq!(*own.lock().unwrap(), expected);
}

#[tokio::test]
async fn an_upper_tier_is_kept_in_line() {
    let Some(mut server) = OwnServer::start().await else { return };
    let shared = builder(&server.address());
    let (one, other) = (shared.clone().open().unwrap(), shared.open().unwrap());
    let upper: Arc<dyn Cache<Bytes>> = Arc::new(MemoryCache::new(10));
    let keep = |key: &'static str| upper.insert(key, value(key), EntryOptions::default());
    keep("before").await;
    let listening = one.listen(upper.clone());
    eventually("it connects", || async { upper.get("before").await.is_none() }).await;
    keep("a").await;
    keep("b").await;
    other.invalidate(&Invalidation::Key("a".to_owned())).await;
    eventually("it is heard", || async { upper.get("a").await.is_none() }).await;
    assert_eq!(upper.get("b").await, Some(value("b")));
    server.kill();
    server.restart();
    eventually("it connects again", || async { upper.get("b").await.is_none() }).await;
    drop(listening);
    // What is not listened to any more loses its last subscriber.
    let mut connection = crate::support::connection(&server.address()).await;
    eventually("it stops", || {
        let mut channels = connection.clone();
        async move {
            let open: Vec<String> =
                redis::cmd("PUBSUB").arg("CHANNELS").query_async(&mut channels).await.unwrap();
            open.is_empty()
        }
    })
    .await;
    let _: () = redis::cmd("PING").query_async(&mut connection).await.unwrap();
}
