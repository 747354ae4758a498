//! [`Progress`]: how far a run is.

use std::time::Duration;

use super::outcome::TaskOutcome;

/// How far a run is.
///
/// Each task that was started and ended is in exactly one of the five counts.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Progress {
    /// Inputs in all, where they say how many they are or were all read.
    pub total: Option<u64>,
    /// Tasks started.
    pub started: u64,
    /// Tasks that returned a value.
    pub succeeded: u64,
    /// Tasks that returned an error.
    pub failed: u64,
    /// Tasks that took too long.
    pub timed_out: u64,
    /// Tasks that panicked.
    pub panicked: u64,
    /// Tasks that were cancelled.
    pub cancelled: u64,
    /// Tasks that may run at once now.
    pub workers: usize,
    /// The time a task started now is given.
    pub timeout: Duration,
    /// Successes a second, over about the last ten seconds.
    pub goodput: f64,
    /// Since the first poll.
    pub elapsed: Duration,
}

impl Progress {
    /// Tasks that ended, however they did.
    pub fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.timed_out + self.panicked + self.cancelled
    }

    /// Tasks that were started and have not ended.
    pub fn running(&self) -> u64 {
        self.started.saturating_sub(self.ended())
    }

    /// Inputs that were not started; `None` where it is not known how many inputs there are.
    pub fn not_started(&self) -> Option<u64> {
        self.total.map(|total| total.saturating_sub(self.started))
    }

    pub(super) fn count<T, E>(&mut self, outcome: &TaskOutcome<T, E>) {
        let counter = match outcome {
            TaskOutcome::Succeeded(_) => &mut self.succeeded,
            TaskOutcome::Failed(_) => &mut self.failed,
            TaskOutcome::TimedOut { .. } => &mut self.timed_out,
            TaskOutcome::Panicked { .. } => &mut self.panicked,
            TaskOutcome::Cancelled => &mut self.cancelled,
        };
        *counter += 1;
    }
}
