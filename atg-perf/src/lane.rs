//! [`Lane`]: the requests of one key, in order.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atg_core::{PaceKey, PaceObservation, PaceResult, Permit, Priority};
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::gate::Gate;
use crate::long_wait::{LONG_WAIT, LongWait, Told, warn_of_long_refusal};
use crate::quota::{Answer, Quota, Refusal};

/// Requests on their way before the first answer: so many may be refused where nothing is left.
const FIRST_IN_FLIGHT: u32 = 8;

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
    told: Told,
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
    answered: bool,
    /// When the last request went.
    last_taken: Option<Duration>,
}

/// What there is for the first in line.
enum Turn {
    Now,
    At(Duration),
    /// Once a permit is dropped, or nobody goes first any more.
    Later,
}

impl Lane {
    pub(crate) fn new(quota: &Quota, in_flight_limit: u32, origin: Instant) -> Self {
        let gate = Gate::open();
        let quota = *quota;
        let state =
            State { quota, gate, in_flight: 0, waiting: [0; 2], answered: false, last_taken: None };
        let queues = [Queue::default(), Queue::default()];
        let told = Told::new(origin);
        Self { origin, in_flight_limit, state: Mutex::new(state), queues, told }
    }

    /// A permit, where nobody waits and one is there at once.
    pub(crate) fn try_acquire(self: &Arc<Self>, priority: Priority) -> Option<Permit> {
        let mut state = self.state();
        let is_free = state.waiting[index(priority)] == 0
            && matches!(self.turn(&mut state, priority), Turn::Now);
        drop(state);
        is_free.then(|| Permit::holding(Sent(Arc::clone(self))))
    }

    /// Waits for a turn. Long waits are logged, one a minute.
    pub(crate) async fn wait(self: Arc<Self>, key: &PaceKey, priority: Priority) -> Permit {
        let waiting = Waiting::count_in(&self, priority);
        let queue = &self.queues[index(priority)];
        let mut word = LongWait::begin(key, &self.told);
        let in_line = queue.turnstile.lock();
        let first = word.tell_while(in_line, "waiting in line", || self.is_moving()).await;
        word.at_the_head();
        loop {
            let turn = self.turn(&mut self.state(), priority);
            match turn {
                Turn::Now => break,
                Turn::At(time) => {
                    word.warn_until(self.origin.checked_add(time));
                    let changed = queue.first.notified();
                    // Whether the time came or the state changed: look again.
                    match self.origin.checked_add(time) {
                        Some(deadline) => drop(timeout_at(deadline, changed).await),
                        // Later than the clock can tell: only a change helps.
                        None => changed.await,
                    }
                }
                Turn::Later => word.warn_while(queue.first.notified()).await,
            }
        }
        drop(waiting);
        drop(first);
        Permit::holding(Sent(self))
    }

    /// Takes note of what came back.
    pub(crate) fn observe(&self, key: &PaceKey, observation: &PaceObservation) {
        // The log may be slow: the lane is not locked meanwhile.
        if let Some(wait) = self.note(observation) {
            warn_of_long_refusal(key, wait);
        }
    }

    /// Corrects gate and quota; gives the wait that a refusal means, where it is the first of its burst.
    fn note(&self, observation: &PaceObservation) -> Option<Duration> {
        let now = self.origin.elapsed();
        let sent_at = now.saturating_sub(observation.elapsed);
        let hint = observation.quota;
        let mut state = self.state();
        state.answered |= observation.result != PaceResult::Lost;
        let mut refused = None;
        match observation.result {
            PaceResult::Throttled(asked) => {
                let asked = asked.filter(|wait| !wait.is_zero()).or(hint.resets_after);
                let is_new = state.gate.shut(sent_at, now, asked);
                refused = Some(Refusal { until: state.gate.until(), is_new });
            }
            PaceResult::Answered => state.gate.answered(sent_at),
            PaceResult::ServerFailed => state.gate.passed(sent_at),
            PaceResult::Lost => {}
        }
        // The observed request still has its permit.
        let others = state.in_flight.saturating_sub(1);
        let taken = refused.is_none();
        state.quota.observe(&Answer { sent_at, now, hint, others, taken, refused });
        self.wake(&state);
        refused.filter(|refusal| refusal.is_new).map(|refusal| refusal.until.saturating_sub(now))
    }

    /// Gives the first in line its turn where there is one, and takes it from the quota.
    fn turn(&self, state: &mut State, priority: Priority) -> Turn {
        let gives_way =
            priority == Priority::Bulk && state.waiting[index(Priority::Interactive)] > 0;
        if gives_way || state.in_flight >= self.most_in_flight(state) {
            return Turn::Later;
        }
        let now = self.origin.elapsed();
        let ready_at = state.gate.until().max(state.quota.ready_at());
        if ready_at > now {
            return Turn::At(ready_at);
        }
        state.quota.take(now, state.in_flight);
        state.last_taken = Some(now);
        state.in_flight += 1;
        Turn::Now
    }

    /// Whether a request went not long ago.
    fn is_moving(&self) -> bool {
        let last = self.state().last_taken;
        last.is_some_and(|last| self.origin.elapsed().saturating_sub(last) < LONG_WAIT)
    }

    fn most_in_flight(&self, state: &State) -> u32 {
        let most = match state.answered || !state.quota.learns() {
            _ if state.gate.is_on_trial() => 1,
            false => FIRST_IN_FLIGHT,
            true => u32::MAX,
        };
        self.in_flight_limit.min(most)
    }

    /// Lets the first of each line look again.
    fn wake(&self, state: &State) {
        for (queue, waiting) in self.queues.iter().zip(state.waiting) {
            if waiting > 0 {
                queue.first.notify_one();
            }
        }
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

/// A place in line, given up on drop.
struct Waiting<'a> {
    lane: &'a Lane,
    priority: Priority,
}

impl<'a> Waiting<'a> {
    fn count_in(lane: &'a Lane, priority: Priority) -> Self {
        lane.state().waiting[index(priority)] += 1;
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
