//! [`BucketPolicer`]: a bucket that fills steadily.

use std::time::Duration;

use super::{Policer, Verdict, whole_seconds};

/// A token bucket: `capacity` requests at once, `rate` a second come back.
#[derive(Debug, Clone)]
pub struct BucketPolicer {
    capacity: f64,
    rate: f64,
    level: f64,
    at: Duration,
    others_rate: f64,
    charges_refusals: bool,
    tells_remaining: bool,
    change: Option<Change>,
}

/// Another quota from some moment on.
#[derive(Debug, Clone, Copy)]
struct Change {
    at: Duration,
    factor: f64,
}

impl BucketPolicer {
    /// A full bucket of 250 requests that gets 25 a second back.
    pub fn azure() -> Self {
        Self::full(250, 25.0)
    }

    /// A full bucket; `rate` is in requests a second, above 0.
    pub fn full(capacity: u32, rate: f64) -> Self {
        let capacity = f64::from(capacity);
        Self {
            capacity,
            rate,
            level: capacity,
            at: Duration::ZERO,
            others_rate: 0.0,
            charges_refusals: false,
            tells_remaining: true,
            change: None,
        }
    }

    /// With this much left at the start.
    #[must_use]
    pub fn with_level(mut self, level: f64) -> Self {
        self.level = level;
        self
    }

    /// With another client that takes so many a second, as long as there are any.
    #[must_use]
    pub fn with_others(mut self, rate: f64) -> Self {
        self.others_rate = rate;
        self
    }

    /// A refusal takes from the bucket as well, which then owes as much as it holds at the most.
    #[must_use]
    pub fn charging_refusals(mut self) -> Self {
        self.charges_refusals = true;
        self
    }

    /// No header says what is left.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.tells_remaining = false;
        self
    }

    /// Capacity, rate and level are so many times as large from that moment on.
    #[must_use]
    pub fn changing(mut self, at: Duration, factor: f64) -> Self {
        self.change = Some(Change { at, factor });
        self
    }

    fn advance(&mut self, now: Duration) {
        if let Some(change) = self.change
            && now >= change.at
        {
            self.change = None;
            self.fill(change.at);
            self.capacity *= change.factor;
            self.rate *= change.factor;
            self.level *= change.factor;
        }
        self.fill(now);
    }

    fn fill(&mut self, now: Duration) {
        let gained = now.saturating_sub(self.at).as_secs_f64() * (self.rate - self.others_rate);
        // Another client takes what there is, and no more.
        let least = self.level.min(0.0);
        self.level = (self.level + gained).clamp(least, self.capacity);
        self.at = self.at.max(now);
    }
}

impl Policer for BucketPolicer {
    fn ask(&mut self, now: Duration) -> Verdict {
        self.advance(now);
        // A millionth of a token of grace for the sum of many floats.
        let admitted = self.level >= 1.0 - 1e-6;
        if admitted || self.charges_refusals {
            self.level = (self.level - 1.0).max(-self.capacity);
        }
        let missing = Duration::from_secs_f64((1.0 - self.level).max(0.0) / self.rate);
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a debt becomes 0"
        )]
        let remaining = self.level as u64;
        Verdict {
            admitted,
            remaining: self.tells_remaining.then_some(remaining),
            resets_after: None,
            retry_after: (!admitted).then(|| whole_seconds(missing)),
        }
    }
}
