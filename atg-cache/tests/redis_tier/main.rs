//! The Redis tier, against real servers and against some that misbehave.

#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod broadcast;
mod conformance;
mod entries;
mod faults;
mod kills;
mod model;
mod support;
mod tags;
