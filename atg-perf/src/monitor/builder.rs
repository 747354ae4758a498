//! [`MonitorBuilder`]: what a monitor may be told.

use std::time::Duration;

use super::{Monitor, MonitorClock};

/// Builds a [`Monitor`].
#[must_use = "a builder does nothing until it builds"]
#[derive(Debug, Clone)]
pub struct MonitorBuilder {
    pub(super) clock: Option<MonitorClock>,
    pub(super) slow_threshold: Duration,
    pub(super) slow_kept: usize,
    pub(super) measures_memory: bool,
}

impl Default for MonitorBuilder {
    fn default() -> Self {
        Self {
            clock: None,
            slow_threshold: Duration::from_secs(1),
            slow_kept: 32,
            measures_memory: true,
        }
    }
}

impl MonitorBuilder {
    /// The clock of stopwatches, phases and rates [[`MonitorClock::processor`]].
    pub fn clock(mut self, clock: MonitorClock) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Work that takes so long is slow [1 s]. `Duration::ZERO` logs all work, which costs more;
    /// `Duration::MAX` hardly any.
    pub fn slow_threshold(mut self, threshold: Duration) -> Self {
        self.slow_threshold = threshold;
        self
    }

    /// Slow operations kept, the worst ones [32, at most 10,000]. Each takes up to a kilobyte.
    pub fn slow_kept(mut self, operations: usize) -> Self {
        self.slow_kept = operations;
        self
    }

    /// Whether phases measure the process's peak memory; they do unless told. Switch it off where
    /// another part of the program resets the peak for its own ends.
    pub fn measures_memory(mut self, measures: bool) -> Self {
        self.measures_memory = measures;
        self
    }

    /// The monitor.
    pub fn build(self) -> Monitor {
        Monitor::from_builder(self)
    }
}
