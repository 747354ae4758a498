//! [`AdaptiveRetry`]: the rate that the adaptive retry mode of AWS's clients keeps to.
//!
//! From the description of that mode: a bucket of tokens that fills at a rate; the rate falls to
//! 70% of what was sent when a request is throttled, and rises by a cubic curve after it, as far
//! as to twice what is sent. Nothing is limited before the first throttling.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority};
use tokio::time::{Instant, sleep};

const SMOOTHING: f64 = 0.8;
const FALL: f64 = 0.7;
const SCALE: f64 = 0.4;
const LEAST_RATE: f64 = 0.5;
const LEAST_CAPACITY: f64 = 1.0;
/// Requests are counted in halves of a second.
const HALVES: f64 = 2.0;

#[derive(Debug)]
pub(super) struct AdaptiveRetry {
    start: Instant,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    is_limited: bool,
    fill_rate: f64,
    capacity: f64,
    level: f64,
    filled_at: f64,
    measured_rate: f64,
    measured_until: f64,
    counted: f64,
    last_most: f64,
    throttled_at: f64,
}

impl Default for AdaptiveRetry {
    fn default() -> Self {
        Self { start: Instant::now(), state: Mutex::default() }
    }
}

impl State {
    fn fill(&mut self, now: f64) {
        self.level = (self.level + (now - self.filled_at) * self.fill_rate).min(self.capacity);
        self.filled_at = now;
    }

    /// Takes a token, or says how many seconds to wait for it.
    fn take(&mut self, now: f64) -> Option<f64> {
        if !self.is_limited {
            return None;
        }
        self.fill(now);
        if self.level >= 1.0 {
            self.level -= 1.0;
            return None;
        }
        Some((1.0 - self.level) / self.fill_rate)
    }

    fn measure(&mut self, now: f64) {
        self.counted += 1.0;
        let until = (now * HALVES).floor() / HALVES;
        if until > self.measured_until {
            let current = self.counted / (until - self.measured_until);
            self.measured_rate = current * SMOOTHING + self.measured_rate * (1.0 - SMOOTHING);
            self.counted = 0.0;
            self.measured_until = until;
        }
    }

    fn set_rate(&mut self, now: f64, rate: f64) {
        self.fill(now);
        self.fill_rate = rate.max(LEAST_RATE);
        self.capacity = rate.max(LEAST_CAPACITY);
        self.level = self.level.min(self.capacity);
    }

    fn throttled(&mut self, now: f64) {
        let sent = self.measured_rate;
        let used = if self.is_limited { sent.min(self.fill_rate) } else { sent };
        self.last_most = used;
        self.throttled_at = now;
        self.is_limited = true;
        self.set_rate(now, (used * FALL).min(2.0 * sent));
    }

    fn answered(&mut self, now: f64) {
        let back_at_most = (self.last_most * (1.0 - FALL) / SCALE).cbrt();
        let since = now - self.throttled_at - back_at_most;
        let rate = SCALE * since.powi(3) + self.last_most;
        self.set_rate(now, rate.min(2.0 * self.measured_rate));
    }
}

impl AdaptiveRetry {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> f64 {
        self.start.elapsed().as_secs_f64()
    }

    fn take(&self) -> Option<f64> {
        self.state().take(self.now())
    }
}

#[async_trait]
impl Pace for AdaptiveRetry {
    async fn acquire(&self, _key: &PaceKey, _priority: Priority) -> Permit {
        while let Some(seconds) = self.take() {
            sleep(Duration::from_secs_f64(seconds)).await;
        }
        Permit::free()
    }

    fn observe(&self, _key: &PaceKey, observation: &PaceObservation) {
        let now = self.now();
        let mut state = self.state();
        state.measure(now);
        if matches!(observation.result, PaceResult::Throttled(_)) {
            state.throttled(now);
        } else if state.is_limited {
            state.answered(now);
        }
    }
}
