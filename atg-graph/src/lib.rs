//! Property-graph sinks, readers and scale-up for the atg crates.

pub mod scale;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
