//! Medians of runs, and how sure one can be of their ratio.

use super::{Interval, MINIMUM_VALUES};

/// How many times all is drawn anew.
const DRAWS: usize = 4_000;
/// The most values of a side that are drawn from, as long as each run keeps [`LEAST_OF_RUN`].
const MOST_VALUES: usize = 500;
const LEAST_OF_RUN: usize = 5;
/// The most runs of a side that are drawn from: the last ones.
const MOST_RUNS: usize = 200;
/// Any fixed number: the same values give the same interval.
const SEED: u64 = 0x0A76_5EED;

/// The values of one side, by run; finite ones only, and no run without any.
#[derive(Debug, Default)]
pub(super) struct Side {
    runs: Vec<Vec<f64>>,
    values: usize,
}

impl Side {
    pub(super) fn new(runs: Vec<Vec<f64>>) -> Self {
        let finite = |run: Vec<f64>| -> Vec<f64> {
            run.into_iter().filter(|value| value.is_finite()).collect()
        };
        let mut runs: Vec<_> = runs.into_iter().map(finite).filter(|run| !run.is_empty()).collect();
        runs.drain(..runs.len().saturating_sub(MOST_RUNS));
        let values = runs.iter().map(Vec::len).sum();
        let most = (MOST_VALUES / runs.len().max(1)).max(LEAST_OF_RUN);
        for run in &mut runs {
            thin(run, most);
        }
        Self { runs, values }
    }

    /// How many values there are.
    pub(super) fn len(&self) -> usize {
        self.values
    }

    /// Whether any value is zero.
    pub(super) fn has_zero(&self) -> bool {
        self.runs.iter().flatten().any(|value| *value == 0.0)
    }

    /// The median of the runs' medians.
    pub(super) fn median(&self) -> Option<f64> {
        let mut scratch = Vec::new();
        let mut medians: Vec<f64> = Vec::with_capacity(self.runs.len());
        for run in &self.runs {
            scratch.clear();
            scratch.extend_from_slice(run);
            medians.extend(median(&mut scratch));
        }
        median(&mut medians)
    }

    /// The same of runs drawn anew, and of values drawn anew within each.
    fn drawn(&self, random: &mut fastrand::Rng, scratch: &mut Scratch) -> Option<f64> {
        scratch.medians.clear();
        for _ in 0..self.runs.len() {
            let run = random.choice(&self.runs)?;
            scratch.values.clear();
            for _ in 0..run.len() {
                scratch.values.push(*random.choice(run)?);
            }
            scratch.medians.extend(median(&mut scratch.values));
        }
        median(&mut scratch.medians)
    }

    /// Noise drawn in the place of what too few runs cannot show, as a logarithm.
    #[allow(clippy::cast_precision_loss, reason = "a few runs")]
    fn assumed(&self, random: &mut fastrand::Rng, run_noise: f64) -> f64 {
        if self.runs.len() >= MINIMUM_VALUES {
            return 0.0;
        }
        run_noise / (self.runs.len().max(1) as f64).sqrt() * normal(random)
    }
}

/// A number of the standard normal distribution (Box and Muller).
fn normal(random: &mut fastrand::Rng) -> f64 {
    let radius = (-2.0 * (1.0 - random.f64()).ln()).sqrt();
    radius * (std::f64::consts::TAU * random.f64()).cos()
}

#[derive(Default)]
struct Scratch {
    values: Vec<f64>,
    medians: Vec<f64>,
}

/// Keeps at most so many values (two or more), at evenly spread ranks.
fn thin(run: &mut Vec<f64>, most: usize) {
    if run.len() > most {
        run.sort_unstable_by(f64::total_cmp);
        let length = run.len();
        let ranks = (0..most).map(|index| index * (length - 1) / (most - 1));
        *run = ranks.filter_map(|rank| run.get(rank).copied()).collect();
    }
}

/// The middle value, or the mean of both in the middle; reorders the values.
fn median(values: &mut [f64]) -> Option<f64> {
    let middle = values.len() / 2;
    if values.is_empty() {
        return None;
    }
    let even = values.len().is_multiple_of(2);
    let (below, upper, _) = values.select_nth_unstable_by(middle, f64::total_cmp);
    let upper = *upper;
    let lower = below.iter().copied().max_by(f64::total_cmp).filter(|_| even);
    Some(lower.map_or(upper, |lower| lower / 2.0 + upper / 2.0))
}

/// Where the ratio of the medians lies but for a chance of `error`; none if any draw has no ratio.
/// `offset` is added to each median; `run_noise` is taken for the noise between runs where a side
/// has too few to show it.
pub(super) fn interval(
    before: &Side,
    after: &Side,
    offset: f64,
    error: f64,
    run_noise: f64,
) -> Option<Interval> {
    let mut random = fastrand::Rng::with_seed(SEED);
    let mut scratch = Scratch::default();
    let mut ratios = Vec::with_capacity(DRAWS);
    for _ in 0..DRAWS {
        let first = before.drawn(&mut random, &mut scratch);
        let second = after.drawn(&mut random, &mut scratch);
        let noise = before.assumed(&mut random, run_noise) - after.assumed(&mut random, run_noise);
        ratios.extend(super::ratio(first, second, offset).map(|ratio| ratio * noise.exp()));
    }
    // Draws without a ratio could lie anywhere: they must not make it look surer.
    if ratios.len() < DRAWS {
        return None;
    }
    ratios.sort_unstable_by(f64::total_cmp);
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let beyond = (DRAWS as f64 * error / 2.0) as usize;
    let low = ratios.get(beyond).copied()?;
    let high = ratios.iter().rev().nth(beyond).copied()?;
    Some(Interval { low, high })
}
