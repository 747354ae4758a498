//! A simulated Azure: a tenant of any size behind Azure's true limits, quirks and faults.

pub mod service;
pub mod tenant;
