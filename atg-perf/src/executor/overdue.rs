//! [`Overdue`]: tasks that do not heed their time.

use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Context;
use std::time::Duration;

use tokio::task::AbortHandle;
use tokio::time::{Instant, Sleep, sleep_until};

use super::stop::is_over;

/// How long after its time a task is waited for, and as long again once it was found overdue: the
/// run itself may have been kept from looking. A task that does not come to an await point until
/// then blocks its thread.
const GRACE: Duration = Duration::from_secs(1);

/// When a task began to run, which may be long after it was spawned.
pub(super) type Began = Arc<OnceLock<Instant>>;

/// A task, as it is watched.
#[derive(Debug)]
pub(super) struct Watched {
    limit: Duration,
    began: Began,
    handle: AbortHandle,
    /// Until when it is waited for since it was found overdue.
    last_chance: Option<Instant>,
}

impl Watched {
    pub(super) fn new(limit: Duration, began: Began, handle: AbortHandle) -> Self {
        Self { limit, began, handle, last_chance: None }
    }

    /// When it should long have ended; `None` where its time has no end. One that did not begin
    /// has all its time.
    fn due(&self, now: Instant) -> Option<Instant> {
        self.began.get().unwrap_or(&now).checked_add(self.limit.saturating_add(GRACE))
    }
}

/// Wakes when a task may be overdue.
#[derive(Default)]
pub(super) struct Overdue {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Overdue {
    /// Takes note of a task that was spawned now.
    pub(super) fn watch(&mut self, task: &Watched) {
        self.wake_at(task.due(Instant::now()));
    }

    /// Whether it is time to look at each task; else asks to be woken when it is.
    pub(super) fn is_time(&mut self, cx: &mut Context<'_>) -> bool {
        is_over(&mut self.timer, cx)
    }

    /// Looks at a task; true where it is given up. Should it come to an await point, it ends there.
    pub(super) fn gives_up(&mut self, task: &mut Watched) -> bool {
        let now = Instant::now();
        let next = match (task.due(now), task.last_chance) {
            (_, Some(last)) if last <= now => {
                task.handle.abort();
                return true;
            }
            (Some(due), None) if due <= now => {
                task.last_chance = now.checked_add(GRACE);
                task.last_chance
            }
            (due, last) => last.or(due),
        };
        self.wake_at(next);
        false
    }

    fn wake_at(&mut self, time: Option<Instant>) {
        let Some(time) = time else { return };
        match &mut self.timer {
            Some(timer) if timer.deadline() <= time => {}
            Some(timer) => timer.as_mut().reset(time),
            None => self.timer = Some(Box::pin(sleep_until(time))),
        }
    }
}
