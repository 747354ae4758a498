//! In-memory implementations of the contracts: for tests, examples, and small graphs.
