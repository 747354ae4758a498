//! [`PeriodicTask`]: something done again and again, until its handle is dropped.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::{Instant, MissedTickBehavior, interval_at};

/// The shortest period.
const SHORTEST: Duration = Duration::from_millis(100);

/// A task that does something each period, until this is dropped. Where it panics (in a recorder or
/// subscriber of the user's), that is logged as a warning, and it is done again a period later.
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
                // What it shares is kept whole by its own locks.
                if catch_unwind(AssertUnwindSafe(&mut work)).is_err() {
                    tracing::warn!(operation, "a periodic task panicked; it goes on");
                }
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::PeriodicTask;

    #[tokio::test(start_paused = true)]
    async fn a_panic_ends_nothing() {
        let done = Arc::new(AtomicU32::new(0));
        let work = {
            let done = Arc::clone(&done);
            move || assert_ne!(done.fetch_add(1, Ordering::Relaxed), 0, "the first fails")
        };
        let _task = PeriodicTask::start("test", Duration::from_secs(1), work).unwrap();
        tokio::time::sleep(Duration::from_millis(3_500)).await;
        assert_eq!(done.load(Ordering::Relaxed), 3);
    }
}
