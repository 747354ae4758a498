//! [`compare()`]: which of two sets of runs was faster, as far as the noise lets one say.

mod bootstrap;
mod metrics;
mod notes;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use bootstrap::Side;
use metrics::Measured;

use super::{Quantity, RunReport};

/// The least values of each side that are compared. Of seven and seven values of the same
/// distribution all of one side lie above all of the other once in 3,432 times, of five and five
/// once in 252, which in a table of thirty metrics is one table in four (simulated).
pub const MINIMUM_VALUES: usize = 7;

/// How sure and how large a change must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CompareOptions {
    /// How often a table of runs without any difference shows none, 0.5 to 0.999; default 0.95. It
    /// holds for all metrics together, so each is asked for more.
    pub confidence: f64,
    /// The least relative change that counts, 0 to 10; default 0.05.
    pub threshold: f64,
    /// The noise between runs, as a relative standard deviation, 0 to 10, that is assumed of a side
    /// of fewer than [`MINIMUM_VALUES`] runs: those cannot show it. Default 0.1: on the machines
    /// that were measured, medians of one program varied by 7 to 16%. 0 for values without any,
    /// such as virtual seconds.
    pub run_noise: f64,
}

impl Default for CompareOptions {
    fn default() -> Self {
        Self { confidence: 0.95, threshold: 0.05, run_noise: 0.1 }
    }
}

impl CompareOptions {
    /// Within the bounds; what is no number is the default.
    fn sane(self) -> Self {
        let within = |value: f64, least, most, default| {
            if value.is_nan() { default } else { value.clamp(least, most) }
        };
        let default = Self::default();
        Self {
            confidence: within(self.confidence, 0.5, 0.999, default.confidence),
            threshold: within(self.threshold, 0.0, 10.0, default.threshold),
            run_noise: within(self.run_noise, 0.0, 10.0, default.run_noise),
        }
    }
}

/// What a comparison of one metric says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// The second side is better: faster, or less of something costly.
    Better,
    /// The second side is worse.
    Worse,
    /// No change that is both sure and large enough: an answer, not a lack of one.
    NoDifference,
    /// Nothing can be said, and why.
    NotComparable(Incomparable),
}

/// Why nothing can be said about a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Incomparable {
    /// Only one side has it.
    OneSideOnly,
    /// One side has fewer than [`MINIMUM_VALUES`] values: no telling what is noise.
    TooFewValues,
    /// It measures different things on the two sides, such as seconds and bytes.
    DifferentQuantities,
    /// A change from nothing, or to nothing, has no ratio, but of counts; or values are below
    /// zero.
    NoRatio,
}

/// An interval of ratios, second side to first: 1.1 is 10% more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// Its lower end.
    pub low: f64,
    /// Its upper end.
    pub high: f64,
}

/// What was found about one metric.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct MetricComparison {
    /// Its name: `phase scan`, `operation read page p50`, `samples parse`.
    pub name: String,
    /// What it measures.
    pub quantity: Quantity,
    /// The first side's median; none where it has no values.
    pub before: Option<f64>,
    /// The second side's.
    pub after: Option<f64>,
    /// How many values each side has.
    pub values: (usize, usize),
    /// Second median to first, of counts as [`compare()`] takes them; none where there is no ratio.
    pub ratio: Option<f64>,
    /// Where the ratio lies, with the confidence asked for.
    pub interval: Option<Interval>,
    /// What that says.
    pub verdict: Verdict,
}

/// What was found about two sets of runs.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// Each metric that a side has, by name.
    pub metrics: Vec<MetricComparison>,
    /// What else differs between the sides: machines, parameters. Differences in time may come
    /// from that.
    pub notes: Vec<String>,
}

impl Comparison {
    /// How many metrics are worse: what a gate asks.
    pub fn regressions(&self) -> usize {
        self.metrics.iter().filter(|metric| metric.verdict == Verdict::Worse).count()
    }

    /// How many metrics could be compared; a gate that compared none proves nothing.
    pub fn compared(&self) -> usize {
        let not = |metric: &&MetricComparison| !matches!(metric.verdict, Verdict::NotComparable(_));
        self.metrics.iter().filter(not).count()
    }

    /// A table for people: each metric a line, then the notes.
    pub fn to_text(&self) -> String {
        table::text(self)
    }
}

/// Compares two sets of runs metric by metric: the runs of each set are taken as repetitions.
///
/// Compared are each phase's rate (its seconds where it moved nothing), each operation's p50 and
/// p99, peak memory, requests, refusals, and the named samples. For each, the ratio of the medians
/// comes with a bootstrap interval: runs are drawn anew with replacement, and values within
/// each run, so that noise between runs counts too. Random numbers have a fixed seed: the same
/// reports give the same answer.
///
/// - **Better, worse**: the interval leaves out 1, and the change is at least the threshold.
/// - **Counts that are 0 somewhere** ([`Quantity::Count`], such as throttled requests) are taken as
///   one more than they are, on both sides, since a change from 0 has no ratio: 0 to 4 is five
///   times as many, and none to some in every run is worse.
/// - **Too few values**: with fewer than [`MINIMUM_VALUES`] a side nothing is said. One run a side
///   is so compared by its samples alone.
/// - **Too few runs**: where a side has values enough, but of fewer than [`MINIMUM_VALUES`] runs,
///   the noise between runs is assumed ([`CompareOptions::run_noise`]), and the interval is wide:
///   of two single runs, with the default, only changes beyond some 30% are seen.
///
/// Cost: milliseconds a metric, some 0.1 s at most. Of more than 200 runs a side the last 200 are
/// used, and of more than 500 values about 500 to 1,000, thinned by rank within each run.
pub fn compare(before: &[&RunReport], after: &[&RunReport], options: CompareOptions) -> Comparison {
    let options = options.sane();
    let (before_metrics, after_metrics) = (metrics::collect(before), metrics::collect(after));
    let names: BTreeSet<&String> = before_metrics.keys().chain(after_metrics.keys()).collect();
    let both = names
        .iter()
        .filter(|name| before_metrics.contains_key(**name) && after_metrics.contains_key(**name));
    let judge = Judge::new(options, both.count());
    let found = |side: &BTreeMap<String, Measured>, name: &String| side.get(name).cloned();
    let metrics = names
        .into_iter()
        .map(|name| judge.metric(name, found(&before_metrics, name), found(&after_metrics, name)));
    Comparison { metrics: metrics.collect(), notes: notes::differences(before, after) }
}

struct Judge {
    options: CompareOptions,
    /// The chance that one metric may be judged wrongly.
    error: f64,
}

impl Judge {
    #[allow(clippy::cast_precision_loss, reason = "a number of metrics")]
    fn new(options: CompareOptions, metrics: usize) -> Self {
        let error = (1.0 - options.confidence) / metrics.max(1) as f64;
        Self { options, error }
    }

    fn metric(
        &self,
        name: &str,
        before: Option<Measured>,
        after: Option<Measured>,
    ) -> MetricComparison {
        let known = before.as_ref().or(after.as_ref());
        let quantity = known.map_or_else(Quantity::default, |side| side.quantity);
        let same =
            before.as_ref().map(|side| side.quantity) == after.as_ref().map(|side| side.quantity);
        let both = before.is_some() && after.is_some();
        let (before, after) = (side(before), side(after));
        let offset = offset(quantity, &before, &after);
        let ratio = ratio(before.median(), after.median(), offset);
        let mut compared = MetricComparison {
            name: name.to_owned(),
            quantity,
            before: before.median(),
            after: after.median(),
            values: (before.len(), after.len()),
            ratio: ratio.filter(|_| same),
            interval: None,
            verdict: Verdict::NoDifference,
        };
        let enough = before.len().min(after.len()) >= MINIMUM_VALUES;
        compared.verdict = match ratio {
            _ if !both || before.len().min(after.len()) == 0 => not(Incomparable::OneSideOnly),
            _ if !same => not(Incomparable::DifferentQuantities),
            _ if !enough => not(Incomparable::TooFewValues),
            None => not(Incomparable::NoRatio),
            Some(ratio) => {
                let run_noise = self.options.run_noise;
                let interval = bootstrap::interval(&before, &after, offset, self.error, run_noise);
                compared.interval = interval;
                self.verdict(quantity, ratio, interval)
            }
        };
        compared
    }

    fn verdict(&self, quantity: Quantity, ratio: f64, interval: Option<Interval>) -> Verdict {
        let Some(interval) = interval else { return not(Incomparable::NoRatio) };
        // As much slower as faster: +5% and ÷1.05.
        let large = ratio.ln().abs() >= self.options.threshold.ln_1p();
        if !large || (interval.low <= 1.0 && interval.high >= 1.0) {
            Verdict::NoDifference
        } else if (ratio > 1.0) == quantity.more_is_better() {
            Verdict::Better
        } else {
            Verdict::Worse
        }
    }
}

fn not(why: Incomparable) -> Verdict {
    Verdict::NotComparable(why)
}

fn side(measured: Option<Measured>) -> Side {
    measured.map_or_else(Side::default, |measured| Side::new(measured.runs))
}

/// What is added to each value of both sides so that there are ratios: one to counts with a zero
/// among them, so that a change from none to some is one.
fn offset(quantity: Quantity, before: &Side, after: &Side) -> f64 {
    let counts = quantity == Quantity::Count;
    if counts && (before.has_zero() || after.has_zero()) { 1.0 } else { 0.0 }
}

/// Second to first, each with the offset. Nothing and nothing are the same.
fn ratio(before: Option<f64>, after: Option<f64>, offset: f64) -> Option<f64> {
    match (before?, after?) {
        (0.0, 0.0) => Some(1.0),
        (before, after) if before >= 0.0 && after >= 0.0 => {
            Some((after + offset) / (before + offset)).filter(|ratio| ratio.is_normal())
        }
        _ => None,
    }
}
