//! [`Settings`]: how the simulated Azure behaves, apart from its limits and faults.

use super::latency::Latency;

/// The most items a page, of Resource Graph and of Resource Manager.
pub(crate) const MOST_ITEMS: u32 = 1_000;

/// How the simulated Azure behaves.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) latency: Latency,
    /// Items a page, where the client asks for no fewer; `1..=1000`.
    pub(crate) page_size: u32,
    /// Bytes of a Resource Graph answer.
    pub(crate) most_bytes: usize,
    /// The share of pages of Resource Manager that are preceded by empty ones; `0.0..=1.0`.
    pub(crate) empty_pages: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 0,
            latency: Latency::default(),
            page_size: MOST_ITEMS,
            most_bytes: 16 * 1024 * 1024,
            empty_pages: 0.1,
        }
    }
}
