//! The monitor: exact under load, cheap, and safe with whatever it is given.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cost;
mod exact;
mod extremes;
#[path = "../log_support/mod.rs"]
mod log;
mod logged;
#[cfg(feature = "metrics")]
mod metrics;
mod phases;
mod pipeline;
mod rates;
mod slow;
mod stopwatches;

use std::time::Duration;

use atg_core::Measurement;
use atg_perf::{Monitor, MonitorClock};

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// A success of one item.
const fn took(operation: &'static str, elapsed: Duration) -> Measurement {
    Measurement { operation, elapsed, items: 1, bytes: 0, succeeded: true }
}

/// A monitor by tokio's clock.
fn virtual_time() -> Monitor {
    Monitor::builder().clock(MonitorClock::tokio()).build()
}
