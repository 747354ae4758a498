//! [`RateAimd`]: a rate that rises by a little and falls by a part, behind a gate.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority};
use tokio::time::{Instant, sleep_until};

use super::gate::SharedGate;

/// Requests a second to begin with.
const FIRST: f64 = 100.0;
/// What a second without a refusal adds.
const RISE: f64 = 0.5;
/// What a refusal leaves of it, once a second at the most.
const FALL: f64 = 0.7;
const LEAST: f64 = 0.5;

#[derive(Debug)]
pub(super) struct RateAimd {
    gate: SharedGate,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    rate: f64,
    next: Instant,
    changed: Instant,
    fallen: Option<Instant>,
}

impl Default for RateAimd {
    fn default() -> Self {
        let now = Instant::now();
        let state = State { rate: FIRST, next: now, changed: now, fallen: None };
        Self { gate: SharedGate::default(), state: Mutex::new(state) }
    }
}

impl RateAimd {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next request may go.
    fn reserve(&self) -> Instant {
        let mut state = self.state();
        let turn = state.next.max(Instant::now());
        state.next = turn + Duration::from_secs_f64(1.0 / state.rate);
        turn
    }
}

#[async_trait]
impl Pace for RateAimd {
    async fn acquire(&self, _key: &PaceKey, _priority: Priority) -> Permit {
        self.gate.pass().await;
        let turn = self.reserve();
        sleep_until(turn).await;
        self.gate.pass().await;
        Permit::free()
    }

    fn observe(&self, _key: &PaceKey, observation: &PaceObservation) {
        self.gate.observe(observation);
        let now = Instant::now();
        let mut state = self.state();
        if matches!(observation.result, PaceResult::Throttled(_)) {
            if state.fallen.is_none_or(|at| now - at >= Duration::from_secs(1)) {
                state.rate = (state.rate * FALL).max(LEAST);
                state.fallen = Some(now);
            }
        } else {
            state.rate += RISE * (now - state.changed).as_secs_f64();
        }
        state.changed = now;
    }
}
