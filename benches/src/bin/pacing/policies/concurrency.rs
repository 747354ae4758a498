//! [`AdaptiveConcurrency`]: as many at once as go well.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a refusal leaves of the limit, once a second at the most.
const FALL: f64 = 0.5;
const LEAST: f64 = 1.0;

/// A limit on requests in flight: one more after a limit's worth of answers, half after a refusal.
#[derive(Debug, Default)]
pub(super) struct AdaptiveConcurrency {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    limit: f64,
    in_flight: u32,
    fallen: Option<Instant>,
}

impl Default for State {
    fn default() -> Self {
        Self { limit: LEAST, in_flight: 0, fallen: None }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enter(&self) -> bool {
        let mut state = self.state();
        let is_free = f64::from(state.in_flight) + 1.0 <= state.limit;
        state.in_flight += u32::from(is_free);
        is_free
    }
}

/// A place, given back on drop.
struct Place(Arc<Shared>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.state().in_flight -= 1;
        self.0.freed.notify_waiters();
    }
}

#[async_trait]
impl Pace for AdaptiveConcurrency {
    async fn acquire(&self, _key: &PaceKey, _priority: Priority) -> Permit {
        loop {
            let freed = self.shared.freed.notified();
            if self.shared.enter() {
                return Permit::holding(Place(Arc::clone(&self.shared)));
            }
            freed.await;
        }
    }

    fn observe(&self, _key: &PaceKey, observation: &PaceObservation) {
        let now = Instant::now();
        let mut state = self.shared.state();
        if !matches!(observation.result, PaceResult::Throttled(_)) {
            state.limit += 1.0 / state.limit;
        } else if state.fallen.is_none_or(|at| now - at >= Duration::from_secs(1)) {
            state.limit = (state.limit * FALL).max(LEAST);
            state.fallen = Some(now);
        }
    }
}
