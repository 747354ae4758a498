//! Scaling a graph up.
