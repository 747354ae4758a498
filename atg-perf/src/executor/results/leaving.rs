//! Tasks that are not waited for: cancelled ones, and those that block their threads.

use std::mem;

use futures::Stream;

use super::Results;
use crate::TaskOutcome;
use crate::executor::stop::Level;

impl<S: Stream, F, T: 'static, E: 'static> Results<S, F, T, E> {
    /// Does what the stop asks for.
    pub(super) fn obey(&mut self, level: Level) {
        if level >= Level::Cancelling && !self.cancelled {
            self.cancelled = true;
            self.tasks.abort_all();
        }
        if level == Level::Abandoning && !self.running.is_empty() {
            self.absorb_ended();
            let tasks = mem::take(&mut self.running);
            if !tasks.is_empty() {
                tracing::warn!(tasks = tasks.len(), "tasks block their threads: left behind");
            }
            for (task, _) in tasks.into_values() {
                self.report(&task, task.started.elapsed(), TaskOutcome::Cancelled, 0);
            }
        }
    }

    /// Leaves tasks behind that do not heed their time.
    pub(super) fn leave_overdue(&mut self) {
        let fatal = self.absorb_ended();
        self.heed(fatal);
        let in_flight = self.running.len();
        let overdue = &mut self.overdue;
        let given_up = self.running.extract_if(|_, (_, watched)| overdue.gives_up(watched));
        for (task, _) in given_up.map(|(_, task)| task).collect::<Vec<_>>() {
            let (index, elapsed) = (task.index, task.started.elapsed());
            tracing::warn!(index, ?elapsed, "a task blocks its thread: left behind");
            let outcome = TaskOutcome::TimedOut { limit: task.limit };
            self.report(&task, elapsed, outcome, in_flight);
        }
    }
}
