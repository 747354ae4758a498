//! What the tests of the executor share.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atg_perf::{ExecutorOptions, Progress, TaskOutcome, TaskReport};

pub(crate) type Report = TaskReport<u64, String>;

pub(crate) const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// So many workers, neither more nor fewer.
pub(crate) fn fixed(workers: usize) -> ExecutorOptions {
    ExecutorOptions {
        minimum_workers: workers,
        maximum_workers: workers,
        ..ExecutorOptions::default()
    }
}

/// How many tasks are within it at once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Gauge(Arc<(AtomicUsize, AtomicUsize)>);

pub(crate) struct Within(Gauge);

impl Gauge {
    /// One more until it is dropped, and how many there are with it.
    pub(crate) fn enter(&self) -> (Within, usize) {
        let count = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(count, Ordering::SeqCst);
        (Within(self.clone()), count)
    }

    pub(crate) fn now(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub(crate) fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Drop for Within {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Everything an observer was told.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<Mutex<Vec<Progress>>>);

impl Seen {
    pub(crate) fn observer(&self) -> impl Fn(&Progress) + Send + Sync + use<> {
        let seen = Arc::clone(&self.0);
        move |progress| seen.lock().unwrap().push(*progress)
    }

    pub(crate) fn all(&self) -> Vec<Progress> {
        self.0.lock().unwrap().clone()
    }

    /// The mean number of workers over the second half, while all were busy.
    pub(crate) fn settled_workers(&self) -> f64 {
        let all = self.all();
        let busy: Vec<_> = all[all.len() / 2..]
            .iter()
            .filter(|progress| progress.not_started() != Some(0))
            .map(|progress| u32::try_from(progress.workers).unwrap())
            .collect();
        f64::from(busy.iter().sum::<u32>()) / f64::from(u32::try_from(busy.len()).unwrap())
    }
}

/// The word for how a task ended.
pub(crate) fn word<T, E>(outcome: &TaskOutcome<T, E>) -> &'static str {
    match outcome {
        TaskOutcome::Succeeded(_) => "succeeded",
        TaskOutcome::Failed(_) => "failed",
        TaskOutcome::TimedOut { .. } => "timed out",
        TaskOutcome::Panicked { .. } => "panicked",
        TaskOutcome::Cancelled => "cancelled",
    }
}

/// How the tasks ended, by index.
pub(crate) fn words<T, E>(reports: &[TaskReport<T, E>]) -> Vec<(u64, &'static str)> {
    let mut words: Vec<_> = reports.iter().map(|r| (r.index, word(&r.outcome))).collect();
    words.sort_unstable();
    words
}
