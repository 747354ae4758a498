//! What came of tasks, and of the run.

use std::time::Duration;

use super::Progress;

/// What a task's error says to the executor.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Classification {
    /// It is this task's own: the others go on as before.
    Failure,
    /// Too much was asked at once (throttling, a lock conflict): the others go on, fewer at once.
    Overload,
    /// No other task can succeed either: nothing new is started.
    Fatal,
}

/// How one task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TaskOutcome<T, E> {
    /// It returned a value.
    Succeeded(T),
    /// It returned an error.
    Failed(E),
    /// It took longer than it was given, and was dropped.
    TimedOut {
        /// What it was given.
        limit: Duration,
    },
    /// It panicked.
    Panicked {
        /// What it said; a panic without a text says so.
        message: String,
    },
    /// The run stopped before it came to its end, and it was dropped.
    Cancelled,
}

/// One task that was started, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskReport<T, E> {
    /// The place of its input among the inputs, from 0.
    pub index: u64,
    /// From its first poll to its end; from its start where it panicked or was cancelled.
    pub elapsed: Duration,
    /// How it ended.
    pub outcome: TaskOutcome<T, E>,
}

/// Why a run is over.
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RunEnd {
    /// Every input was run to its own end, good or bad.
    Completed,
    /// A task returned an error that is classified as fatal.
    Fatal {
        /// The place of that task's input among the inputs.
        index: u64,
    },
    /// The cancellation token was cancelled.
    Cancelled,
    /// The time for the whole run was over.
    DeadlineExceeded,
    /// The inputs panicked while they were read; tasks that were started came to their end.
    InputsPanicked {
        /// What they said.
        message: String,
    },
}

/// All that came of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct RunOutcome<T, E> {
    /// One report for each task that was started: in the order of the inputs where the options
    /// ask for it, else as they ended.
    pub reports: Vec<TaskReport<T, E>>,
    /// Why the run is over.
    pub end: RunEnd,
    /// The counts at the end; [`Progress::not_started`] among them.
    pub progress: Progress,
}

impl<T, E> RunOutcome<T, E> {
    /// Whether every input was run and every task succeeded.
    pub fn is_success(&self) -> bool {
        self.end == RunEnd::Completed && self.progress.succeeded == self.progress.started
    }

    /// The values of the tasks that succeeded, in the order of the reports.
    pub fn into_values(self) -> impl Iterator<Item = T> {
        self.reports.into_iter().filter_map(|report| match report.outcome {
            TaskOutcome::Succeeded(value) => Some(value),
            _ => None,
        })
    }
}
