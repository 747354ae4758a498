//! Cache keys and cache implementations for cloud APIs, part of the atg crates.
