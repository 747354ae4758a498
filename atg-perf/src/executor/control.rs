//! [`Control`]: what a run learns from its tasks.

use std::time::Duration;

use tokio::time::Instant;

use super::rate::Rate;
use super::task::guarded;
use super::timeouts::TaskTimeout;
use super::workers::WorkerCount;
use super::{AdaptiveExecutor, Classification, Progress, TaskOutcome, TaskReport};

/// A task that runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) index: u64,
    pub(super) started: Instant,
    pub(super) limit: Duration,
    /// Overloads that were heeded before it started.
    overloads: u64,
}

/// Counts, and the two values that follow them: how many tasks run at once, and for how long.
pub(super) struct Control<E> {
    executor: AdaptiveExecutor<E>,
    /// The first poll.
    began: Option<Instant>,
    workers: WorkerCount,
    timeout: TaskTimeout,
    goodput: Rate,
    counts: Progress,
}

impl<E> Control<E> {
    pub(super) fn new(executor: AdaptiveExecutor<E>) -> Self {
        let o = &executor.options;
        Self {
            began: None,
            workers: WorkerCount::new(o.first_workers, o.minimum_workers, o.maximum_workers),
            timeout: TaskTimeout::new(o.shortest_timeout, o.longest_timeout, o.timeout_factor),
            goodput: Rate::default(),
            counts: Progress::default(),
            executor,
        }
    }

    pub(super) fn begin(&mut self) {
        self.began.get_or_insert_with(Instant::now);
    }

    /// Tasks that may run at once now.
    pub(super) fn workers(&self) -> usize {
        self.workers.now()
    }

    /// Tasks started; the next one's index.
    pub(super) fn started(&self) -> u64 {
        self.counts.started
    }

    pub(super) fn is_any_cancelled(&self) -> bool {
        self.counts.cancelled > 0
    }

    /// How long tasks may go on after a fatal error.
    pub(super) fn fatal_grace(&self) -> Duration {
        self.executor.options.fatal_grace
    }

    /// Counts a task that starts now.
    pub(super) fn start(&mut self) -> Running {
        let index = self.counts.started;
        self.counts.started += 1;
        let overloads = self.workers.overloads();
        Running { index, started: Instant::now(), limit: self.timeout.now(), overloads }
    }

    /// Learns from a task that ended, itself among those in flight; whether its error is fatal.
    pub(super) fn end<T>(
        &mut self,
        task: &Running,
        report: &TaskReport<T, E>,
        in_flight: usize,
    ) -> bool {
        let now = self.elapsed();
        self.counts.count(&report.outcome);
        let mut class = Classification::Failure;
        match &report.outcome {
            TaskOutcome::Cancelled => return false,
            TaskOutcome::Succeeded(_) => {
                self.goodput.add(now);
                self.timeout.succeeded(report.elapsed);
            }
            TaskOutcome::TimedOut { limit } => self.timeout.timed_out(*limit),
            TaskOutcome::Failed(error) => class = self.classify(error),
            TaskOutcome::Panicked { .. } => {}
        }
        self.workers.ended(now, in_flight, matches!(report.outcome, TaskOutcome::Succeeded(_)));
        if class == Classification::Overload {
            self.workers.overloaded(task.overloads, in_flight);
        }
        class == Classification::Fatal
    }

    fn classify(&self, error: &E) -> Classification {
        let Some(classify) = &self.executor.classify else { return Classification::Failure };
        guarded(|| classify(error)).unwrap_or_else(|message| {
            tracing::warn!(
                message,
                "an executor's classifier panicked: the error counts as a failure"
            );
            Classification::Failure
        })
    }

    /// The counts, with so many inputs in all.
    pub(super) fn progress(&self, total: Option<u64>) -> Progress {
        let elapsed = self.elapsed();
        Progress {
            total,
            workers: self.workers.now(),
            timeout: self.timeout.now(),
            goodput: self.goodput.per_second(elapsed),
            elapsed,
            ..self.counts
        }
    }

    pub(super) fn is_observed(&self) -> bool {
        self.executor.observer.is_some()
    }

    /// Tells the observer; one that panics is not told again.
    pub(super) fn tell(&mut self, progress: &Progress) {
        let Some(observer) = &self.executor.observer else { return };
        if let Err(message) = guarded(|| observer(progress)) {
            tracing::warn!(message, "an executor's observer panicked: it is not called again");
            self.executor.observer = None;
        }
    }

    fn elapsed(&self) -> Duration {
        self.began.map_or(Duration::ZERO, |began| began.elapsed())
    }
}
