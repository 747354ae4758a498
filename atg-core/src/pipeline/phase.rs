//! A phase of a run under way: measured for the report and by the monitor.

use tokio::time::Instant;

use super::report::Phase;
use crate::{PerfMonitor, PerfPhase};

/// A phase under way. Dropped before its end, the monitor takes it as broken off.
pub(super) struct OpenPhase {
    name: &'static str,
    begun: Instant,
    measured: Box<dyn PerfPhase>,
}

impl OpenPhase {
    pub(super) fn begin(monitor: &dyn PerfMonitor, name: &'static str) -> Self {
        Self { name, begun: Instant::now(), measured: monitor.phase(name) }
    }

    pub(super) fn end(self, items: u64) -> Phase {
        self.measured.finish(items);
        Phase::new(self.name, self.begun.elapsed(), items)
    }
}
