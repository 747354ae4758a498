//! The simulated service.
