//! `AdaptiveExecutor`: no result lost, workers and timeouts that follow, in paused time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod adapting;
mod completeness;
mod edges;
mod inputs;
#[path = "../log_support/mod.rs"]
mod log_support;
mod order;
mod panics;
mod stopping;
mod support;
mod timeouts;
