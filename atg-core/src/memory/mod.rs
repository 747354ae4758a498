//! In-memory implementations of the contracts: for tests, examples, and small graphs.
//!
//! [`MemorySource`], [`MemoryGraph`] and [`MemoryCache`] keep every promise of their contracts
//! and pass the conformance suites; [`NullSink`] is for measuring only, and does not.

mod cache;
mod graph;
mod null;
mod pages;
mod relationships;
mod source;

pub use cache::MemoryCache;
pub use graph::MemoryGraph;
pub use null::NullSink;
pub use source::MemorySource;
