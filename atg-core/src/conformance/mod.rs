//! Conformance suites: what every implementation of a contract must pass.
//!
//! Each suite takes a function that makes a fresh, empty subject and runs a list of named checks
//! on it, each check on a subject of its own. It returns all that failed, by name:
//!
//! ```
//! use atg_core::conformance;
//! use atg_core::memory::MemoryGraph;
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! conformance::sink(|| async { MemoryGraph::new() }).await.unwrap();
//! conformance::reader(|| async { MemoryGraph::new() }).await.unwrap();
//! # }
//! ```
//!
//! Run [`sink`] on a runtime with several threads, so that its tasks truly run at once, and
//! [`cache`] under paused time. What the contracts leave open, no check asks for: the order of
//! custom columns, the spelling of a relationship's ends, one owner twice in a batch, an owner
//! that is no end of what it names, a custom column with the name of a common one.

pub mod graph;

mod cache;
mod random;
mod reader;
mod sample;
mod sink;
mod source;
mod suite;

pub use cache::cache;
pub use reader::reader;
pub use sink::sink;
pub use source::source;
pub use suite::{ConformanceFailure, FailedCheck};
