//! [`Breaker`]: leaves a server alone that does not answer.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::clock::milliseconds;

/// After so many failures in a row no call is let through until a pause is over; then one call
/// in each pause is, until one succeeds.
///
/// It reads no clock: each method is told the time in milliseconds.
#[derive(Debug)]
pub(crate) struct Breaker {
    failures: u32,
    pause: u64,
    state: Mutex<State>,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Closed { failed: u32 },
    Open { until: u64 },
}

impl Breaker {
    pub(crate) fn new(failures: u32, pause: Duration) -> Self {
        let state = Mutex::new(State::Closed { failed: 0 });
        Self { failures: failures.max(1), pause: milliseconds(pause), state }
    }

    /// Whether a call may go to the server now.
    pub(crate) fn admits(&self, now: u64) -> bool {
        let mut state = self.state();
        match *state {
            State::Closed { .. } => true,
            State::Open { until } if now < until => false,
            State::Open { .. } => {
                // A probe that is never heard of again holds up the next one for a pause only.
                *state = State::Open { until: now.saturating_add(self.pause) };
                true
            }
        }
    }

    /// Notes that a call was answered; whether that closed the breaker.
    pub(crate) fn succeeded(&self) -> bool {
        let before = std::mem::replace(&mut *self.state(), State::Closed { failed: 0 });
        matches!(before, State::Open { .. })
    }

    /// Notes that a call was not answered; whether that opened the breaker.
    pub(crate) fn failed(&self, now: u64) -> bool {
        let mut state = self.state();
        let open = State::Open { until: now.saturating_add(self.pause) };
        match *state {
            State::Closed { failed } if failed.saturating_add(1) < self.failures => {
                *state = State::Closed { failed: failed.saturating_add(1) };
                false
            }
            State::Closed { .. } => {
                *state = open;
                true
            }
            // Calls that began before it opened do not prolong the pause.
            State::Open { .. } => false,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Breaker;
    use crate::Clock;

    #[test]
    fn it_opens_after_failures_in_a_row_only() {
        let breaker = Breaker::new(3, Duration::from_secs(5));
        assert!(!breaker.failed(0) && !breaker.failed(0));
        assert!(!breaker.succeeded());
        assert!(!breaker.failed(0) && !breaker.failed(0));
        assert!(breaker.admits(0));
        assert!(breaker.failed(0));
        assert!(!breaker.admits(0));
        assert!(!breaker.failed(4_000), "it is open already");
    }

    #[test]
    fn one_probe_goes_after_each_pause_until_one_succeeds() {
        let (clock, time) = Clock::manual();
        let breaker = Breaker::new(1, Duration::from_secs(5));
        assert!(breaker.failed(clock.now()));
        time.advance(Duration::from_millis(4_999));
        assert!(!breaker.admits(clock.now()));
        time.advance(Duration::from_millis(1));
        assert!(breaker.admits(clock.now()));
        assert!(!breaker.admits(clock.now()), "one probe is enough");
        time.advance(Duration::from_secs(5));
        assert!(breaker.admits(clock.now()), "the probe before was never heard of again");
        assert!(breaker.succeeded());
        assert!(breaker.admits(clock.now()));
    }
}
