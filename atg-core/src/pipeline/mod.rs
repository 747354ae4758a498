//! The streaming pipeline from a source to a sink.
