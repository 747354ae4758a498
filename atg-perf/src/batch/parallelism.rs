//! How many batches of one kind may be in flight: fewer where writers stand in each other's way.

use atg_core::{BatchObservation, BatchResult};

/// How much the last batch counts in the mean of retries a batch.
const MEMORY: f64 = 0.1;

/// Retries a batch above which fewer writers are faster: each retry is a batch's work again, so that
/// at one each of four writers bring what two bring alone.
const TOO_MANY: f64 = 1.0;

/// Batches without too many retries after which one writer more is tried.
const PATIENCE: u32 = 200;

/// Batches that a trial is judged by.
const TRIAL: u32 = 50;

/// By how much a trial must be faster to be kept.
const GAIN: f64 = 1.07;

/// Additive increase, multiplicative decrease: halved where batches had to be retried too often,
/// one more after many that went well, and that only where it is faster. Reads no clock: rows a
/// second are those of one batch times the batches in flight (Little's law).
#[derive(Debug, Clone)]
pub(super) struct Parallelism {
    /// `None` until something was lowered: as many as are wanted.
    allowed: Option<usize>,
    wanted: usize,
    retries: f64,
    /// Rows a second of one writer, in the mean since the number changed.
    rows: f64,
    seconds: f64,
    /// Batches since the number changed.
    batches: u32,
    patience: u32,
    /// Rows a second before the trial that is under way.
    trial: Option<f64>,
}

impl Default for Parallelism {
    fn default() -> Self {
        Self {
            allowed: None,
            wanted: 1,
            retries: 0.0,
            rows: 0.0,
            seconds: 0.0,
            batches: 0,
            patience: PATIENCE,
            trial: None,
        }
    }
}

impl Parallelism {
    /// How many may be in flight of as many as are wanted.
    pub(super) fn allow(&mut self, wanted: usize) -> usize {
        self.wanted = wanted.max(1);
        self.allowed.map_or(self.wanted, |allowed| allowed.min(self.wanted))
    }

    #[allow(clippy::cast_precision_loss, reason = "rows are far below 2^52")]
    pub(super) fn observe(&mut self, observation: &BatchObservation) {
        if observation.rows == 0 {
            return;
        }
        let retries = match observation.result {
            BatchResult::Committed => 0,
            BatchResult::Contended { retries } => retries,
            _ => return,
        };
        self.batches = self.batches.saturating_add(1);
        self.retries += MEMORY * (f64::from(retries) - self.retries);
        self.rows += observation.rows as f64;
        self.seconds += observation.elapsed.as_secs_f64();
        let now = self.allow(self.wanted);
        if self.retries > TOO_MANY {
            self.give_up_trial();
            self.set((now / 2).max(1));
        } else if let Some(before) = self.trial {
            self.judge(now, before);
        } else if now < self.wanted && self.batches >= self.patience {
            let before = self.goodput(now);
            self.set(now + 1);
            self.trial = Some(before);
        }
    }

    fn judge(&mut self, now: usize, before: f64) {
        if self.batches < TRIAL {
            return;
        }
        if self.goodput(now) > before * GAIN {
            self.patience = PATIENCE;
            self.trial = None;
        } else {
            self.give_up_trial();
            self.set((now - 1).max(1));
        }
    }

    /// The next trial waits twice as long.
    fn give_up_trial(&mut self) {
        if self.trial.take().is_some() {
            self.patience = self.patience.saturating_mul(2);
        }
    }

    fn set(&mut self, allowed: usize) {
        self.allowed = Some(allowed);
        (self.retries, self.rows, self.seconds, self.batches) = (0.0, 0.0, 0.0, 0);
    }

    #[allow(clippy::cast_precision_loss, reason = "a few writers")]
    fn goodput(&self, writers: usize) -> f64 {
        if self.seconds > 0.0 { writers as f64 * self.rows / self.seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use atg_core::{BatchKind, BatchObservation, BatchResult};

    use super::{PATIENCE, Parallelism, TRIAL};

    fn batch(retries: u32, milliseconds: u64) -> BatchObservation {
        let result = match retries {
            0 => BatchResult::Committed,
            retries => BatchResult::Contended { retries },
        };
        let elapsed = Duration::from_millis(milliseconds);
        BatchObservation { kind: BatchKind::Nodes, rows: 1_000, bytes: 0, elapsed, result }
    }

    /// Batches of writers that all take as long as there are of them beyond `free`.
    fn run(parallelism: &mut Parallelism, batches: u32, free: usize) -> usize {
        for _ in 0..batches {
            let writers = parallelism.allow(4);
            let slower = writers.saturating_sub(free) as u64;
            parallelism.observe(&batch(0, 100 + 100 * slower));
        }
        parallelism.allow(4)
    }

    #[test]
    fn a_rare_retry_changes_nothing_and_many_halve() {
        let mut parallelism = Parallelism::default();
        assert_eq!(parallelism.allow(4), 4);
        for number in 0..300 {
            // One batch in two, and once a batch four times.
            let retries = if number == 150 { 4 } else { u32::from(number % 2 == 0) };
            parallelism.observe(&batch(retries, 100));
            assert_eq!(parallelism.allow(4), 4, "{number}");
        }
        let mut steps = Vec::new();
        for _ in 0..30 {
            parallelism.observe(&batch(2, 100));
            steps.push(parallelism.allow(4));
        }
        assert!(steps.is_sorted_by(|a, b| a >= b), "{steps:?}");
        assert!(steps.contains(&2) && steps.ends_with(&[1]), "{steps:?}");
        assert_eq!(parallelism.allow(0), 1);
    }

    #[test]
    fn one_more_is_kept_only_where_it_is_faster() {
        let mut parallelism = Parallelism { allowed: Some(1), ..Parallelism::default() };
        let round = PATIENCE + TRIAL;
        assert_eq!(run(&mut parallelism, round, 2), 2, "two writers do not hinder each other");
        assert_eq!(run(&mut parallelism, PATIENCE - TRIAL, 2), 3, "a trial of three");
        assert_eq!(run(&mut parallelism, TRIAL, 2), 2, "which was not faster");
        assert_eq!(run(&mut parallelism, PATIENCE + TRIAL, 2), 2, "and is not soon repeated");
        assert_eq!(run(&mut parallelism, PATIENCE, 4), 3);
    }
}
