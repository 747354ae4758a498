//! The file tier passes the suite of every cache.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use atg_cache::{Clock, FileCache};

#[tokio::test]
async fn it_is_a_cache() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual();
    let caches = std::sync::atomic::AtomicU64::new(0);
    let make = async || {
        let number = caches.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let path = directory.path().join(number.to_string());
        FileCache::builder(path).clock(clock.clone()).open().unwrap()
    };
    let advance = async |by| time.advance(by);
    atg_core::conformance::cache(make, advance).await.unwrap();
}
