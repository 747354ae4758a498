//! Property-graph sinks, readers and scale-up for the atg crates.

#[cfg(feature = "neo4j")]
pub mod neo4j;
pub mod scale;
#[cfg(feature = "sqlite")]
pub mod sqlite;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
