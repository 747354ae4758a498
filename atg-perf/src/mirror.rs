//! [`BucketMirror`]: a token bucket whose rules may be other than thought.

use std::time::Duration;

use crate::TokenBucket;
use crate::aimd::{AimdRate, FURTHEST};
use crate::quota::Answer;
use crate::refill::RefillEstimate;
use crate::surplus::Surplus;

/// How long after the last word of what is left the headers are taken to be silent.
const SILENCE: Duration = Duration::from_secs(10);
/// How long headers are not believed after they have been wrong.
const DISTRUST: Duration = Duration::from_secs(60);
/// A smaller bucket is too often full to measure what comes back.
const LEAST_CAPACITY: u32 = 16;
/// What is held back for requests that meet on their way, where the quota is not known.
const RESERVE: u32 = 3;
/// So little left is nearly nothing, and for how long that is remembered.
const DRAINED: u32 = 1;
const MEMORY: Duration = Duration::from_secs(2);
/// So many answers on end that say so, though something should be left, are wrong.
const STUCK: u32 = 64;
/// By what the rate rises while something is always left.
const FASTER: f64 = 1.1;
/// The rate may be lower than the limit by no more than this factor where no refusal has shown for
/// a while that it is so: headers that always say 0 would else slow it down for ever.
const UNREFUSED: f64 = 4.0;
const REFUSAL_MEMORY: Duration = Duration::from_secs(60);
/// A smaller change of the rate is noise.
const NOISE: f64 = 0.01;

/// A mirror of a bucket that measures how fast it fills: by what headers say is left, and where
/// they say nothing, or are wrong, by refusals.
#[derive(Debug, Clone, Copy)]
pub(crate) struct BucketMirror {
    bucket: TokenBucket,
    capacity: u32,
    nominal: f64,
    rate: f64,
    refill: RefillEstimate,
    surplus: Surplus,
    aimd: AimdRate,
    drained_at: Option<Duration>,
    /// Answers on end by which nothing was left in spite of the reserve.
    stuck: u32,
    told_at: Option<Duration>,
    refused_at: Option<Duration>,
    contradicted_at: Option<Duration>,
    distrusted_until: Duration,
}

impl BucketMirror {
    pub(crate) fn full(capacity: u32, refill_per_second: u32) -> Self {
        let nominal = f64::from(refill_per_second.max(1));
        Self {
            bucket: TokenBucket::full(capacity, refill_per_second),
            capacity: capacity.max(1),
            nominal,
            rate: nominal,
            refill: RefillEstimate::default(),
            surplus: Surplus::default(),
            aimd: AimdRate::new(nominal, nominal),
            drained_at: None,
            stuck: 0,
            told_at: None,
            refused_at: None,
            contradicted_at: None,
            distrusted_until: Duration::ZERO,
        }
    }

    pub(crate) fn ready_at(&self) -> Duration {
        self.bucket.ready_at()
    }

    pub(crate) fn take(&mut self, now: Duration) {
        if !self.is_told(now) {
            let remaining = self.bucket.remaining(now);
            self.aimd.push(self.is_near_empty(remaining));
            if remaining >= i64::from(self.capacity) {
                self.aimd.idle();
            }
            self.set_rate(now, self.aimd.per_second());
        }
        self.bucket.take(now);
    }

    pub(crate) fn observe(&mut self, answer: &Answer) {
        let now = answer.now;
        if answer.taken {
            self.refill.take();
            self.aimd.admit(now);
        }
        if answer.is_refused_for_another_reason() && answer.is_new_refusal() {
            self.contradict(now);
        }
        let trusted = now >= self.distrusted_until;
        if let Some(remaining) = answer.hint.remaining {
            self.told_at = Some(now);
            if trusted {
                self.learn(now, u32::try_from(remaining).unwrap_or(u32::MAX), answer.others);
            }
        }
        if answer.is_refused_for_want() || (answer.refused.is_some() && !trusted) {
            self.refuse(answer);
        }
    }

    fn refuse(&mut self, answer: &Answer) {
        let now = answer.now;
        if answer.is_new_refusal() && !self.is_told(now) {
            let until = answer.refused.map_or(now, |refusal| refusal.until);
            self.aimd.refuse(now, until.saturating_sub(now));
            self.set_rate(now, self.aimd.per_second());
        }
        // Where headers speak, they will tell what has come back meanwhile.
        let empty_at = match answer.refused {
            Some(refusal) if self.is_told(now) => refusal.until.max(now),
            _ => now,
        };
        self.refused_at = Some(now);
        self.stuck = 0;
        self.surplus.forget();
        self.bucket.observe(empty_at, 0, answer.others);
    }

    /// Corrects level and rate by what is left.
    fn learn(&mut self, now: Duration, remaining: u32, others: u32) {
        let said = remaining.min(self.capacity);
        let thought = self.bucket.remaining(now);
        if said.saturating_add(others) >= self.capacity - self.capacity / 4 {
            self.refill.forget();
        } else if self.is_near_empty(thought) && self.capacity >= LEAST_CAPACITY {
            self.refill.observe(now, said);
            if said <= DRAINED {
                self.drained_at = Some(now);
            }
            if let Some(measured) = self.refill.per_second() {
                self.believe(now, measured);
            }
        }
        self.doubt_what_never_moves(now, said);
        let held = others.saturating_add(self.reserve());
        let surplus = i64::from(said) - i64::from(held) - thought;
        self.bucket.observe(now, u64::from(said), held);
        if let Some(least) = self.surplus.observe(now, surplus) {
            self.bucket.add(least);
            // As fast as it went, something was left: a little faster will do no harm.
            if !self.is_drained(now) {
                self.believe(now, self.rate * FASTER);
            }
        }
    }

    /// Takes over a rate; a lower one only where the bucket was seen nearly empty, for a small
    /// bucket that is full between requests seems to fill no faster than these come.
    fn believe(&mut self, now: Duration, rate: f64) {
        let is_refused = self.refused_at.is_some_and(|at| now.saturating_sub(at) < REFUSAL_MEMORY);
        let slowest = self.nominal / if is_refused { FURTHEST } else { UNREFUSED };
        let rate = rate.clamp(slowest, self.nominal * FURTHEST);
        if rate >= self.rate || self.is_drained(now) {
            self.aimd = AimdRate::new(rate, self.nominal);
            self.set_rate(now, rate);
        }
    }

    fn is_drained(&self, now: Duration) -> bool {
        self.drained_at.is_some_and(|at| now.saturating_sub(at) < MEMORY)
    }

    /// With a reserve something is left now and then; headers that never say so are wrong.
    fn doubt_what_never_moves(&mut self, now: Duration, said: u32) {
        self.stuck = if said > DRAINED || self.reserve() == 0 { 0 } else { self.stuck + 1 };
        if self.stuck >= STUCK {
            self.stuck = 0;
            self.distrusted_until = now.saturating_add(DISTRUST);
            self.aimd = AimdRate::new(self.nominal, self.nominal);
            self.set_rate(now, self.nominal);
        }
    }

    fn reserve(&self) -> u32 {
        if self.rate < self.nominal * 0.95 { RESERVE.min(self.capacity / 8) } else { 0 }
    }

    fn set_rate(&mut self, now: Duration, rate: f64) {
        if (rate - self.rate).abs() > self.rate * NOISE {
            self.rate = rate;
            self.bucket.set_refill(now, rate);
        }
    }

    /// Whether requests wait for the bucket to fill; never while it is full.
    fn is_near_empty(&self, remaining: i64) -> bool {
        #[allow(clippy::cast_possible_truncation, reason = "saturates")]
        let slack = (self.rate * 0.2) as i64;
        remaining <= slack.max(4).min(i64::from(self.capacity) - 1)
    }

    /// Whether headers tell what is left, and are believed.
    fn is_told(&self, now: Duration) -> bool {
        now >= self.distrusted_until
            && self.told_at.is_some_and(|at| now.saturating_sub(at) < SILENCE)
    }

    /// Takes note of a refusal although something was left: the second within a minute is about
    /// a limit of which the headers say nothing.
    fn contradict(&mut self, now: Duration) {
        let again = self.contradicted_at.is_some_and(|at| now.saturating_sub(at) < DISTRUST);
        if again {
            self.distrusted_until = now.saturating_add(DISTRUST);
        }
        self.contradicted_at = Some(now);
    }
}
