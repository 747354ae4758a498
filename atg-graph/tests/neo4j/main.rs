//! The Neo4j graph against a real server, whose address is in `ATG_TEST_NEO4J_URI`. Everything
//! in its database is deleted.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod additions;
mod bad_rows;
mod conformance;
mod large_sets;
mod numbers;
mod same_graph;
mod server;
mod together;
