//! Pacing, batch sizing and measurement for the atg crates.
