//! Servers that answer wrongly, late or not at all.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use atg_cache::{Clock, RedisBuilder, RedisCache};
use atg_core::{Cache as _, EntryOptions, Invalidation};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use crate::support::{free_port, value};

/// What a server does after it has sent its answer.
#[derive(Clone, Copy)]
enum Then {
    Closes,
    Hangs,
}

/// A server that gives one answer to whatever it is asked, and how many connections it has had.
async fn fake(answer: &'static [u8], then: Then) -> (RedisBuilder, Arc<AtomicU64>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicU64::new(0));
    let connections = count.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            connections.fetch_add(1, Relaxed);
            tokio::spawn(serve(stream, answer, then));
        }
    });
    (RedisCache::builder(&format!("redis://127.0.0.1:{port}/")), count)
}

async fn serve(mut stream: TcpStream, answer: &[u8], then: Then) -> Option<()> {
    let mut asked = [0; 4_096];
    while stream.read(&mut asked).await.ok()? > 0 {
        stream.write_all(answer).await.ok()?;
        if matches!(then, Then::Closes) {
            return None;
        }
    }
    None
}

/// Each operation ends, without a value, and is counted.
async fn fails(cache: &RedisCache, what: &str) {
    assert_eq!(cache.get("a").await, None, "{what}");
    cache.insert("a", value("one"), EntryOptions::default().with_tag("red")).await;
    assert_eq!(cache.find("a").await, None, "{what}");
    assert_eq!(cache.get_many(&["a", "b"]).await, [None, None], "{what}");
    for invalidation in [
        Invalidation::Key("a".to_owned()),
        Invalidation::Glob("a*".to_owned()),
        Invalidation::Tag("red".to_owned()),
    ] {
        assert_eq!(cache.invalidate(&invalidation).await, 0, "{what}");
    }
    cache.publish(&Invalidation::Key("a".to_owned())).await;
    cache.clear().await;
    let stats = cache.stats();
    assert_eq!((stats.hits, stats.misses, stats.inserted), (0, 4, 0), "{what}");
}

#[tokio::test]
async fn odd_answers_are_misses() {
    let answers: [(&[u8], Then); 10] = [
        (b"", Then::Closes),
        (b"", Then::Hangs),
        (b"*1\r\n$100\r\nabc", Then::Closes),
        (b"*1\r\n$100\r\nabc", Then::Hangs),
        (b"*9\r\n", Then::Hangs),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Then::Closes),
        (b"\xff\x00\xff\x00\r\n", Then::Hangs),
        (b"$5\r\nhello\r\n", Then::Hangs),
        (b"*0\r\n", Then::Hangs),
        (b"-LOADING Redis is loading the dataset in memory\r\n", Then::Hangs),
    ];
    for (answer, then) in answers {
        let what = String::from_utf8_lossy(answer);
        let (builder, _) = fake(answer, then).await;
        let cache =
            builder.timeout(Duration::from_millis(50)).breaker(100, Duration::ZERO).open().unwrap();
        fails(&cache, &what).await;
        assert!(cache.stats().errors >= 4, "{what}: {}", cache.stats());
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_a_miss() {
    for scheme in ["redis", "rediss"] {
        let address = format!("{scheme}://127.0.0.1:{}/", free_port());
        let cache = RedisCache::builder(&address).open().unwrap();
        fails(&cache, &address).await;
    }
}

#[tokio::test]
async fn a_server_without_tls_is_a_miss() {
    let (builder, _) = fake(b"-ERR what is this\r\n", Then::Hangs).await;
    let address = format!("{builder:?}").split('"').nth(1).unwrap().to_owned();
    let cache = RedisCache::builder(&format!("rediss://{address}/")).open().unwrap();
    fails(&cache, "no TLS").await;
}

#[tokio::test]
async fn a_server_that_fails_is_left_alone_for_a_while() {
    let (builder, connections) = fake(b"", Then::Closes).await;
    let (clock, time) = Clock::manual();
    let cache = builder.timeout(crate::support::LONG).clock(clock).open().unwrap();
    for call in 1..=20 {
        assert_eq!(cache.get("a").await, None);
        assert_eq!(cache.stats().errors, call);
        assert_eq!(connections.load(Relaxed), call.min(5));
    }
    for pause in 1..=3 {
        time.advance(Duration::from_secs(5));
        for _ in 0..10 {
            assert_eq!(cache.get("a").await, None);
        }
        assert_eq!(connections.load(Relaxed), 5 + pause, "one probe a pause");
    }
}
