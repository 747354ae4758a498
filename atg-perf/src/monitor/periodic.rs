//! [`PeriodicTask`]: something done again and again, until its handle is dropped.

use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// The shortest period.
const SHORTEST: Duration = Duration::from_millis(100);

/// A task that does something each period, until this is dropped.
#[must_use = "the task stops when this is dropped"]
#[derive(Debug)]
pub struct PeriodicTask {
    task: JoinHandle<()>,
}

impl PeriodicTask {
    /// Starts a task, first due a period from now.
    pub(super) fn start(
        operation: &'static str,
        period: Duration,
        mut work: impl FnMut() + Send + 'static,
    ) -> Result<Self> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::new(ErrorKind::InvalidInput, operation, "needs a tokio runtime")
                .with_source(error)
        })?;
        let period = period.max(SHORTEST);
        let task = runtime.spawn(async move {
            let first = Instant::now().checked_add(period);
            // Never due, where the first time is beyond the clock.
            let Some(first) = first else { return };
            let mut due = interval_at(first, period);
            due.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                due.tick().await;
                work();
            }
        });
        Ok(Self { task })
    }
}

impl Drop for PeriodicTask {
    fn drop(&mut self) {
        self.task.abort();
    }
}
