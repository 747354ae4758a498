//! [`Overdue`]: tasks that do not heed their time.

use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

use super::control::Running;
use super::stop::is_over;

/// How long after its time a task is waited for. One that does not come to an await point in that
/// time blocks its thread, or never got one.
const GRACE: Duration = Duration::from_secs(1);

/// Wakes when a task may be overdue.
#[derive(Default)]
pub(super) struct Overdue {
    timer: Option<Pin<Box<Sleep>>>,
}

impl Overdue {
    /// Takes note of a task that runs.
    pub(super) fn watch(&mut self, task: &Running) {
        let Some(due) = due(task) else { return };
        match &mut self.timer {
            Some(timer) if timer.deadline() <= due => {}
            Some(timer) => timer.as_mut().reset(due),
            None => self.timer = Some(Box::pin(sleep_until(due))),
        }
    }

    /// Whether one of those that were watched may be overdue; those that are not have to be watched
    /// anew then. Else asks to be woken when it may be.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> bool {
        is_over(&mut self.timer, cx)
    }
}

/// Whether a task should have ended long ago.
pub(super) fn is_overdue(task: &Running) -> bool {
    due(task).is_some_and(|due| due <= Instant::now())
}

/// `None` where its time has no end.
fn due(task: &Running) -> Option<Instant> {
    task.started.checked_add(task.limit.saturating_add(GRACE))
}
