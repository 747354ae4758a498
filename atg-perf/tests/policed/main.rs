//! `QuotaPace` against policers, in paused time: how long it takes, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use atg_core::OperationClass;
use atg_perf::QuotaPace;
use atg_perf::simulated::{Latency, Load, Policer, Run, key, send_all};

mod buckets;
mod changes;
mod hostile;
mod many;
mod outages;
mod windows;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

const LATENCIES: [Latency; 2] = [Latency::STEADY, Latency::JITTERY];

/// The loads of a scan of 3,264 reads.
fn scans() -> impl Iterator<Item = Load> {
    LATENCIES
        .into_iter()
        .flat_map(|latency| [4, 16, 64].map(|workers| Load { workers, requests: 3_264, latency }))
}

async fn reads(policer: impl Policer + 'static, load: Load) -> Run {
    send_all(QuotaPace::new(), key(OperationClass::Read, "subscription"), policer, load).await
}

async fn queries(policer: impl Policer + 'static, load: Load) -> Run {
    send_all(QuotaPace::new(), key(OperationClass::Query, "tenant"), policer, load).await
}

/// Checks a run against its ideal time and a bound on refusals.
#[track_caller]
fn expect(name: &str, run: &Run, ideal: f64, factor: f64, refusals: u64) {
    let (refused, seconds) = (run.refused(), run.elapsed.as_secs_f64());
    println!("{name}: {refused} refused, {seconds:.2} s = {:.4} x", seconds / ideal);
    assert!(refused <= refusals, "{name}: {refused} refused");
    assert!(seconds <= ideal * factor, "{name}: {seconds} s");
    assert!(seconds >= ideal * 0.9, "{name}: faster than the quota allows");
}
