//! `FixedPace` against the clock, in paused time: it reaches its rate and does not exceed it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use atg_core::{OperationClass, Pace, Priority};
use atg_perf::FixedPace;
use atg_perf::simulated::key;
use futures::FutureExt;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

const RATES: [(u32, u32); 7] =
    [(10, 1), (700, 1), (1_000, 1), (1_500, 3), (10_000, 1), (10_000, 5), (100_000, 1)];

#[tokio::test(start_paused = true)]
async fn a_second_lets_through_what_it_should_one_after_another_or_at_once() {
    for (rate, burst) in RATES {
        let pace = FixedPace::new(rate, burst);
        let (alone, together) = (key(OperationClass::Read, "a"), key(OperationClass::Read, "b"));
        let start = Instant::now();
        for _ in 0..rate + burst {
            drop(pace.acquire(&alone, Priority::Bulk).await);
        }
        let one_by_one = start.elapsed().as_secs_f64();
        assert!((0.997..1.003).contains(&one_by_one), "{rate}, {burst}: {one_by_one} s");
        let start = Instant::now();
        join_all((0..rate + burst).map(|_| pace.acquire(&together, Priority::Bulk))).await;
        let at_once = start.elapsed().as_secs_f64();
        assert!((0.997..1.003).contains(&at_once), "{rate}, {burst}: {at_once} s");
    }
}

#[tokio::test(start_paused = true)]
async fn a_pause_earns_the_burst_and_no_more() {
    for (rate, burst) in RATES {
        let pace = FixedPace::new(rate, burst);
        let reads = key(OperationClass::Read, "a");
        for pause in [1_000, 3, 500] {
            drop(pace.acquire(&reads, Priority::Bulk).await);
            sleep(Duration::from_millis(pause)).await;
            let mut at_once = 0;
            while pace.acquire(&reads, Priority::Bulk).now_or_never().is_some() {
                at_once += 1;
            }
            // After a moment it may make up for a timer that was 2 ms late, but not after a pause.
            let late = if pause < 10 { u64::from(rate).div_ceil(500) } else { 0 };
            assert!(at_once <= u64::from(burst) + late, "{rate}, {burst}, {pause}: {at_once}");
            sleep(Duration::from_secs(1)).await;
        }
    }
}
