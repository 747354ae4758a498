//! [`Latency`]: how long an answer takes.

use std::f64::consts::TAU;
use std::time::Duration;

use super::random::{fraction, mix};

/// How long an answer takes from sending to receiving; drawn anew for each request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Latency {
    /// Always the same time.
    Constant(Duration),
    /// Any time between the two, each as likely.
    Uniform {
        /// The shortest time.
        low: Duration,
        /// The longest time.
        high: Duration,
    },
    /// Most answers near the median, a few much later: what services really do.
    LogNormal {
        /// Half of the answers come earlier.
        median: Duration,
        /// The spread: the standard deviation of the time's natural logarithm; 0.3 is calm, 1 wild.
        sigma: f64,
    },
}

impl Default for Latency {
    /// No latency at all.
    fn default() -> Self {
        Self::Constant(Duration::ZERO)
    }
}

impl Latency {
    /// The latency that a random number stands for; the same number gives the same latency.
    pub(crate) fn sample(self, number: u64) -> Duration {
        match self {
            Self::Constant(latency) => latency,
            Self::Uniform { low, high } => low + high.saturating_sub(low).mul_f64(fraction(number)),
            Self::LogNormal { median, sigma } => {
                let factor = (sigma * standard_normal(number)).exp();
                Duration::try_from_secs_f64(median.as_secs_f64() * factor).unwrap_or(median)
            }
        }
    }
}

/// A number of the standard normal distribution, by the method of Box and Muller.
fn standard_normal(number: u64) -> f64 {
    let radius = (-2.0 * (1.0 - fraction(number)).ln()).sqrt();
    radius * (TAU * fraction(mix(number))).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(latency: Latency) -> Vec<Duration> {
        let mut samples: Vec<_> = (0..4_000).map(|n| latency.sample(mix(n))).collect();
        samples.sort_unstable();
        samples
    }

    #[test]
    fn log_normal_has_its_median_and_its_spread() {
        let median = Duration::from_millis(80);
        let samples = sorted(Latency::LogNormal { median, sigma: 0.5 });
        let at = |share: usize| samples[share].as_secs_f64() / 0.080;
        assert!((at(2_000) - 1.0).abs() < 0.06, "median {}", at(2_000));
        // One standard deviation above the median lies at the 84th percentile.
        assert!((at(3_365) / 0.5_f64.exp() - 1.0).abs() < 0.1, "p84 {}", at(3_365));
    }

    #[test]
    fn uniform_stays_within_its_bounds_even_when_they_are_swapped() {
        let (low, high) = (Duration::from_millis(10), Duration::from_millis(20));
        let samples = sorted(Latency::Uniform { low, high });
        assert!(samples[0] >= low && samples[3_999] <= high && samples[0] < samples[3_999]);
        assert_eq!(sorted(Latency::Uniform { low: high, high: low })[3_999], high);
    }

    #[test]
    fn a_mad_spread_does_not_panic() {
        let latency = Latency::LogNormal { median: Duration::from_secs(1), sigma: 1e300 };
        for number in 0..100 {
            latency.sample(mix(number));
        }
    }
}
