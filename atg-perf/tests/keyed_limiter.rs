//! How `KeyedLimiter` counts, in paused time.
#![cfg(feature = "keyed-limiter")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use atg_perf::{KeyedLimiter, RateLimit, RetryAfter};
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::{Instant, advance};

fn limit(text: &str) -> RateLimit {
    text.parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn each_key_has_its_own_limit_that_comes_back_bit_by_bit() {
    for (text, seconds) in [("10/minute", 60), ("10/s", 1), ("10/hour", 3_600), ("10/d", 86_400)] {
        let limiter = KeyedLimiter::new(limit(text));
        let part = Duration::from_secs(seconds) / 10;
        for key in ["anna", "bert"] {
            for _ in 0..10 {
                limiter.check(&key).unwrap();
            }
            assert_eq!(limiter.check(&key), Err(RetryAfter(part)), "{text}");
        }
        advance(part.checked_sub(Duration::from_millis(1)).unwrap()).await;
        assert_eq!(limiter.check(&"anna"), Err(RetryAfter(Duration::from_millis(1))));
        advance(Duration::from_millis(1)).await;
        limiter.check(&"anna").unwrap();
        assert!(limiter.check(&"anna").is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_goes_at_the_limit() {
    let limiter = KeyedLimiter::new(limit("5/s"));
    let start = Instant::now();
    join_all((0..25).map(|_| limiter.until_ready(&"key"))).await;
    let passed = start.elapsed();
    assert!((4_000..4_100).contains(&passed.as_millis()), "{passed:?}");
}

#[tokio::test(start_paused = true)]
async fn a_dropped_wait_counts_nothing() {
    let limiter = KeyedLimiter::new(limit("1/s"));
    limiter.check(&1).unwrap();
    for _ in 0..100 {
        assert!(limiter.until_ready(&1).now_or_never().is_none());
    }
    advance(Duration::from_secs(1)).await;
    limiter.check(&1).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_names_opens_nothing_and_harms_nobody() {
    let limiter = KeyedLimiter::with_keys(limit("10/minute"), 100);
    for user in 0..100 {
        limiter.check(&user).unwrap();
    }
    let let_through = (1_000..1_000_000).filter(|name| limiter.check(name).is_ok()).count();
    assert_eq!(let_through, 10, "all of them share one limit");
    for user in 0..100 {
        for _ in 1..10 {
            limiter.check(&user).unwrap();
        }
        assert!(limiter.check(&user).is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn extreme_limits_neither_panic_nor_hang() {
    for text in ["4294967295/s", "4294967295/day", "1/day", "1/s"] {
        let limiter = KeyedLimiter::with_keys(limit(text), 0);
        limiter.check(&"first").unwrap();
        limiter.check(&"stranger").unwrap();
        advance(Duration::from_secs(400 * 86_400)).await;
        limiter.check(&"first").unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_clock_that_jumps_by_centuries_is_no_panic() {
    let limiter = KeyedLimiter::new(limit("2/d"));
    for years in [1, 100, 600, 1_000] {
        limiter.check(&"anna").unwrap();
        advance(Duration::from_secs(years * 365 * 86_400)).await;
    }
    let _ = limiter.check(&"anna");
}
