//! A resource source over Azure Resource Manager and Azure Resource Graph, with a simulator of
//! their limits.

pub mod rules;
pub mod scan;
#[cfg(feature = "simulator")]
pub mod simulator;
mod transport;

pub use transport::Transport;
