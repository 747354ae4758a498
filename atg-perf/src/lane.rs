//! [`Lane`]: the requests of one key, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atg_core::{PaceObservation, PaceResult, Permit, Priority};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::QuotaLimit;
use crate::gate::Gate;
use crate::quota::Quota;

/// A refusal that asks for a longer wait than this is worth a warning.
const LONG_WAIT: Duration = Duration::from_secs(30);

/// One key's quota and whoever waits for it.
///
/// Of each priority only the first in line watches the quota; the others queue, in order, at
/// its turnstile. Waiting holds nothing: a request is taken from the quota in the instant in
/// which `acquire` returns.
#[derive(Debug)]
pub(crate) struct Lane {
    origin: Instant,
    in_flight_limit: u32,
    state: Mutex<State>,
    queues: [Queue; 2],
}

/// The line of one priority.
#[derive(Debug, Default)]
struct Queue {
    turnstile: tokio::sync::Mutex<()>,
    first: Notify,
}

#[derive(Debug)]
struct State {
    quota: Quota,
    gate: Gate,
    in_flight: u32,
    waiting: [u32; 2],
}

/// What there is for the first in line.
enum Turn {
    Now,
    At(Duration),
    /// Once a permit is dropped, or nobody goes first any more.
    Later,
}

impl Lane {
    pub(crate) fn new(limit: QuotaLimit, in_flight_limit: u32, origin: Instant) -> Self {
        let quota = Quota::whole(limit);
        let state = State { quota, gate: Gate::open(), in_flight: 0, waiting: [0; 2] };
        let queues = [Queue::default(), Queue::default()];
        Self { origin, in_flight_limit, state: Mutex::new(state), queues }
    }

    /// Waits for a turn.
    pub(crate) async fn acquire(self: &Arc<Self>, priority: Priority) -> Permit {
        let waiting = {
            let mut state = self.state();
            let ahead = state.waiting[index(priority)];
            if ahead == 0 && matches!(self.turn(&mut state, priority), Turn::Now) {
                drop(state);
                return self.permit();
            }
            Waiting::count_in(self, &mut state, priority)
        };
        let queue = &self.queues[index(priority)];
        let _first = queue.turnstile.lock().await;
        loop {
            let turn = self.turn(&mut self.state(), priority);
            match turn {
                Turn::Now => break,
                Turn::At(time) => {
                    let changed = queue.first.notified();
                    // Whether the time came or the state changed: look again.
                    match self.origin.checked_add(time) {
                        Some(deadline) => drop(timeout_at(deadline, changed).await),
                        // Later than the clock can tell: only a change helps.
                        None => changed.await,
                    }
                }
                Turn::Later => queue.first.notified().await,
            }
        }
        drop(waiting);
        self.permit()
    }

    /// Takes note of what came back.
    pub(crate) fn observe(&self, observation: &PaceObservation) {
        let now = self.origin.elapsed();
        let sent_at = now.saturating_sub(observation.elapsed);
        let hint = observation.quota;
        let mut state = self.state();
        let mut used_up = false;
        match observation.result {
            PaceResult::Throttled(asked) => {
                state.gate.shut(sent_at, now, asked.or(hint.resets_after));
                warn_of_long_wait(state.gate.until().saturating_sub(now));
                // A refusal with quota left is about something else: another limit, or load.
                used_up = hint.remaining.is_none_or(|left| left == 0);
            }
            PaceResult::Answered => state.gate.answered(sent_at),
            _ => {}
        }
        if used_up {
            let until = state.gate.until();
            state.quota.exhaust(now, until);
        } else {
            // The observed request still has its permit.
            let others = state.in_flight.saturating_sub(1);
            state.quota.observe(sent_at, now, hint, others);
        }
        self.wake(&state);
    }

    /// Gives the first in line its turn where there is one, and takes it from the quota.
    fn turn(&self, state: &mut State, priority: Priority) -> Turn {
        let gives_way =
            priority == Priority::Bulk && state.waiting[index(Priority::Interactive)] > 0;
        if gives_way || state.in_flight >= self.in_flight_limit {
            return Turn::Later;
        }
        let now = self.origin.elapsed();
        let ready_at = state.gate.until().max(state.quota.ready_at());
        if ready_at > now {
            return Turn::At(ready_at);
        }
        state.quota.take(now, state.in_flight);
        state.in_flight += 1;
        Turn::Now
    }

    /// Lets the first of each line look again.
    fn wake(&self, state: &State) {
        for (queue, waiting) in self.queues.iter().zip(state.waiting) {
            if waiting > 0 {
                queue.first.notify_one();
            }
        }
    }

    fn permit(self: &Arc<Self>) -> Permit {
        Permit::holding(Sent(Arc::clone(self)))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(priority: Priority) -> usize {
    match priority {
        Priority::Bulk => 0,
        Priority::Interactive => 1,
    }
}

fn warn_of_long_wait(wait: Duration) {
    if wait > LONG_WAIT {
        tracing::warn!(seconds = wait.as_secs(), "a refusal asks for a long wait");
    }
}

/// A place in line, given up on drop.
struct Waiting<'a> {
    lane: &'a Lane,
    priority: Priority,
}

impl<'a> Waiting<'a> {
    fn count_in(lane: &'a Lane, state: &mut State, priority: Priority) -> Self {
        state.waiting[index(priority)] += 1;
        Self { lane, priority }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut state = self.lane.state();
        state.waiting[index(self.priority)] -= 1;
        self.lane.wake(&state);
    }
}

/// A request under way.
struct Sent(Arc<Lane>);

impl Drop for Sent {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight -= 1;
        self.0.wake(&state);
    }
}
