//! Loading: one load a key, freshness, and invalidation that is never too early.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod freshness;
mod invalidation;
mod many;
mod single_flight;
mod support;
