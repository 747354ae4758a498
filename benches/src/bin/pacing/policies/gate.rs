//! [`SharedGate`]: one refusal makes everyone wait.

use std::sync::Mutex;

use async_trait::async_trait;
use atg_core::{Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority};
use tokio::time::{Instant, sleep_until};

/// Holds all requests until the latest time that a refusal asked for.
#[derive(Debug, Default)]
pub(super) struct SharedGate {
    until: Mutex<Option<Instant>>,
}

impl SharedGate {
    /// Waits until it is open.
    pub(super) async fn pass(&self) {
        loop {
            let until = self.until.lock().ok().and_then(|until| *until);
            match until.filter(|until| *until > Instant::now()) {
                Some(until) => sleep_until(until).await,
                None => return,
            }
        }
    }

    /// Shuts after a refusal.
    pub(super) fn observe(&self, observation: &PaceObservation) {
        if let (PaceResult::Throttled(Some(wait)), Ok(mut until)) =
            (observation.result, self.until.lock())
        {
            *until = (*until).max(Some(Instant::now() + wait));
        }
    }
}

#[async_trait]
impl Pace for SharedGate {
    async fn acquire(&self, _key: &PaceKey, _priority: Priority) -> Permit {
        self.pass().await;
        Permit::free()
    }

    fn observe(&self, _key: &PaceKey, observation: &PaceObservation) {
        Self::observe(self, observation);
    }
}
