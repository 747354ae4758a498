//! [`RefillEstimate`]: how fast a quota really comes back.

use std::time::Duration;

/// How long what was seen counts: after so many seconds a third of its weight is left.
const MEMORY: f64 = 2.0;
/// A longer silence may hide a bucket that was full: what was seen before it is forgotten.
const LONGEST_GAP: Duration = Duration::from_secs(2);
/// The answers before the first word.
const FEWEST_ANSWERS: u32 = 10;
/// The spread of their times, as a variance in seconds squared, before the first word.
const LEAST_SPREAD: f64 = 0.2;

/// An estimate of a bucket's refill from what answers say is left of it.
///
/// What is left, and all that was taken before, together rise by the refill alone, whatever is
/// sent meanwhile: a line through these sums, in which the older count less and less, rises by
/// what comes back each second. What other clients take is missing from it, as it should. Valid
/// only while the bucket is not full. Five additions and multiplications an answer.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct RefillEstimate {
    taken: u32,
    answers: u32,
    last: Duration,
    weight: f64,
    mean_time: f64,
    mean_sum: f64,
    spread: f64,
    slope_times_spread: f64,
}

impl RefillEstimate {
    /// Takes note that a request was let through.
    pub(crate) fn take(&mut self) {
        if self.taken == u32::MAX {
            self.forget();
        }
        self.taken += 1;
    }

    /// Takes note of what an answer said.
    pub(crate) fn observe(&mut self, now: Duration, remaining: u32) {
        if now.saturating_sub(self.last) > LONGEST_GAP {
            self.forget();
        }
        let passed = now.saturating_sub(self.last).as_secs_f64();
        let kept = if self.answers == 0 { 0.0 } else { MEMORY / (MEMORY + passed) };
        self.last = self.last.max(now);
        self.answers = self.answers.saturating_add(1);
        self.weight = self.weight * kept + 1.0;
        let from_mean = now.as_secs_f64() - self.mean_time;
        self.mean_time += from_mean / self.weight;
        let sum = f64::from(remaining) + f64::from(self.taken);
        self.mean_sum += (sum - self.mean_sum) / self.weight;
        self.spread = self.spread * kept + from_mean * (now.as_secs_f64() - self.mean_time);
        self.slope_times_spread =
            self.slope_times_spread * kept + from_mean * (sum - self.mean_sum);
    }

    /// Forgets all that was seen.
    pub(crate) fn forget(&mut self) {
        if self.answers > 0 || self.taken > 0 {
            *self = Self { last: self.last, ..Self::default() };
        }
    }

    /// Requests a second that come back; `None` while too little was seen.
    pub(crate) fn per_second(&self) -> Option<f64> {
        let enough = self.answers >= FEWEST_ANSWERS && self.spread >= LEAST_SPREAD * self.weight;
        enough.then(|| self.slope_times_spread / self.spread).filter(|rate| rate.is_finite())
    }
}

#[cfg(test)]
mod tests {
    use super::RefillEstimate;
    use std::time::Duration;

    /// What a bucket of that rate says while requests go at another, every 40 ms.
    fn run(estimate: &mut RefillEstimate, refill: f64, sent: f64, from: u32, answers: u32) {
        let mut taken = 0;
        for answer in 1..=answers {
            let seconds = f64::from(answer) * 0.04;
            while f64::from(taken) < sent * seconds {
                taken += 1;
                estimate.take();
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let remaining = (100.0 + (refill * seconds) - f64::from(taken)).max(0.0) as u32;
            estimate.observe(Duration::from_millis(40) * (from + answer), remaining);
        }
    }

    #[test]
    fn it_finds_the_refill_however_much_is_sent() {
        for refill in [12.5, 15.0, 25.0, 50.0] {
            for sent in [10.0, 25.0, 40.0] {
                let mut estimate = RefillEstimate::default();
                run(&mut estimate, refill, sent, 0, 75);
                let found = estimate.per_second().unwrap();
                assert!((found / refill - 1.0).abs() < 0.05, "{refill}, {sent}: {found}");
            }
        }
    }

    #[test]
    fn it_says_nothing_on_the_word_of_a_few() {
        let mut estimate = RefillEstimate::default();
        for _ in 0..1_000 {
            estimate.observe(Duration::from_secs(1), 100);
        }
        assert_eq!(estimate.per_second(), None, "all at once");
        run(&mut estimate, 25.0, 25.0, 100, 9);
        assert_eq!(estimate.per_second(), None, "nine after a gap");
    }

    #[test]
    fn odd_times_and_numbers_give_a_number_or_nothing() {
        let mut estimate = RefillEstimate::default();
        for step in 0..1_000 {
            estimate.take();
            let now = if step % 3 == 0 { Duration::MAX } else { Duration::from_secs(step) };
            estimate.observe(now, if step % 2 == 0 { u32::MAX } else { 0 });
            assert!(estimate.per_second().is_none_or(f64::is_finite));
        }
    }
}
