//! The paces that are compared.

mod aimd;
mod aws;
mod concurrency;
mod gate;

use std::sync::Arc;

use atg_core::Unpaced;
use atg_perf::QuotaPace;

use crate::trial::Shared;

/// A pace, and how it is made.
pub(crate) struct Policy {
    pub(crate) name: &'static str,
    pub(crate) make: fn() -> Shared,
    /// Whether one is enough for several subscriptions.
    pub(crate) knows_keys: bool,
}

/// Ours.
pub(crate) fn ours() -> Policy {
    Policy { name: "QuotaPace", make: || Arc::new(QuotaPace::new()), knows_keys: true }
}

/// All of them. Under each a worker that is refused waits as long as it was asked to.
pub(crate) fn all() -> Vec<Policy> {
    let rival = |name, make| Policy { name, make, knows_keys: false };
    vec![
        rival("every worker sleeps", || Arc::new(Unpaced)),
        rival("shared gate", || Arc::new(gate::SharedGate::default())),
        rival("in-flight AIMD", || Arc::new(concurrency::AdaptiveConcurrency::default())),
        rival("AWS adaptive", || Arc::new(aws::AdaptiveRetry::default())),
        rival("rate AIMD + gate", || Arc::new(aimd::RateAimd::default())),
        ours(),
    ]
}
