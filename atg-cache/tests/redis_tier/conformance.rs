//! The contract of all caches.

use atg_cache::Clock;
use atg_core::conformance;

use crate::support::{address, builder};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_keeps_the_contract() {
    let Some(address) = address() else { return };
    let (clock, time) = Clock::manual();
    let make = || async { builder(&address).clock(clock.clone()).open().unwrap() };
    let advance = |by| {
        time.advance(by);
        std::future::ready(())
    };
    conformance::cache(make, advance).await.unwrap();
}
