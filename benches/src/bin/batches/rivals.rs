//! Other ways to choose a batch size.

use std::collections::VecDeque;

use atg_core::{BatchContext, BatchObservation, BatchSizer};

const LEAST: f64 = 1.0;
const MOST: f64 = 10_000.0;
const FIRST: f64 = 1_000.0;

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounded")]
fn rows(size: f64) -> usize {
    size.clamp(LEAST, MOST).round() as usize
}

#[allow(clippy::cast_precision_loss, reason = "10,000 at the most")]
fn seen(observation: &BatchObservation) -> (f64, f64) {
    (observation.rows as f64, observation.elapsed.as_secs_f64())
}

/// Aims at batches of one second, by at most twice or half a step.
pub(crate) struct TargetLatency(f64);

impl Default for TargetLatency {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl BatchSizer for TargetLatency {
    fn next_size(&mut self, _context: &BatchContext) -> usize {
        rows(self.0)
    }

    fn observe(&mut self, observation: &BatchObservation) {
        let (rows, seconds) = seen(observation);
        self.0 = (rows * (1.0 / seconds).clamp(0.5, 2.0)).clamp(LEAST, MOST);
    }
}

/// Goes on by a third in the same direction as long as rows a second rise, and turns where not.
pub(crate) struct HillClimb {
    size: f64,
    factor: f64,
    before: f64,
}

impl Default for HillClimb {
    fn default() -> Self {
        Self { size: FIRST, factor: 1.33, before: 0.0 }
    }
}

impl BatchSizer for HillClimb {
    fn next_size(&mut self, _context: &BatchContext) -> usize {
        rows(self.size)
    }

    fn observe(&mut self, observation: &BatchObservation) {
        let (rows, seconds) = seen(observation);
        let goodput = rows / seconds;
        if goodput < self.before {
            self.factor = self.factor.recip();
        }
        self.before = goodput;
        self.size = (self.size * self.factor).clamp(LEAST, MOST);
    }
}

/// A straight line through what was seen last; as large as makes the fixed cost a twentieth of
/// the whole, by at most twice a step. In the manner of Apache Beam's batches.
#[derive(Default)]
pub(crate) struct Regression(VecDeque<(f64, f64)>);

/// Batches that are remembered.
const REMEMBERED: usize = 100;
/// The share of a batch that its fixed cost may have.
const OVERHEAD: f64 = 0.05;

impl Regression {
    /// The fixed cost and that of a row.
    #[allow(clippy::cast_precision_loss, reason = "a hundred points")]
    fn line(&self) -> Option<(f64, f64)> {
        let count = self.0.len() as f64;
        let mean = |of: fn(&(f64, f64)) -> f64| self.0.iter().map(of).sum::<f64>() / count;
        let (x, y) = (mean(|one| one.0), mean(|one| one.1));
        let spread: f64 = self.0.iter().map(|one| (one.0 - x).powi(2)).sum();
        let both: f64 = self.0.iter().map(|one| (one.0 - x) * (one.1 - y)).sum();
        (spread > 0.0).then(|| (y - both / spread * x, both / spread))
    }
}

impl BatchSizer for Regression {
    fn next_size(&mut self, _context: &BatchContext) -> usize {
        let Some((last, _)) = self.0.back() else { return rows(100.0) };
        let aim = match self.line() {
            Some((fixed, a_row)) if a_row > 0.0 => {
                (fixed.max(0.0) / a_row * (1.0 / OVERHEAD - 1.0)).max(100.0)
            }
            _ => last * 2.0,
        };
        // Another size each time, or there is no line.
        let sway = if self.0.len().is_multiple_of(2) { 1.1 } else { 0.9 };
        rows(aim.min(last * 2.0) * sway)
    }

    fn observe(&mut self, observation: &BatchObservation) {
        self.0.push_back(seen(observation));
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
    }
}
