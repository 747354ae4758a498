//! [`Stop`]: why a run stops early, and how far that has gone.

use std::future::Future;
use std::pin::Pin;
use std::task::Context;
use std::time::Duration;

use atg_core::pipeline::CancellationToken;
use tokio::time::{Sleep, sleep};

use super::{ExecutorOptions, RunEnd};

/// How long cancelled tasks are waited for. One that does not come to an await point in that time
/// blocks its thread, and cannot be stopped.
const ABANDON_AFTER: Duration = Duration::from_secs(1);

/// How far a stop has gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// No stop.
    Running,
    /// Nothing is started any more; what runs may come to its end.
    Draining,
    /// What runs is cancelled.
    Cancelling,
    /// What still runs is not waited for any more.
    Abandoning,
}

pub(super) struct Stop {
    level: Level,
    end: Option<RunEnd>,
    overall: Option<Duration>,
    cancellation_grace: Duration,
    cancelled: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    deadline: Option<Pin<Box<Sleep>>>,
    /// Leads from one level to the next.
    timer: Option<Pin<Box<Sleep>>>,
}

impl Stop {
    pub(super) fn new(options: &ExecutorOptions, token: Option<CancellationToken>) -> Self {
        Self {
            level: Level::Running,
            end: None,
            overall: options.overall_timeout,
            cancellation_grace: options.cancellation_grace,
            cancelled: token.map(|token| Box::pin(token.cancelled_owned()) as _),
            deadline: None,
            timer: None,
        }
    }

    pub(super) fn level(&self) -> Level {
        self.level
    }

    /// Why the run stopped; the first reason counts.
    pub(super) fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    /// Looks whether it is time to stop, or to go further; asks to be woken when it may be.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Level {
        // A timer can only be made within the runtime: now.
        let overall = self.overall.take();
        if let Some(overall) = overall {
            self.deadline = Some(Box::pin(sleep(overall)));
        }
        if overall == Some(Duration::ZERO) || is_over(&mut self.deadline, cx) {
            self.note(RunEnd::DeadlineExceeded);
            self.cancel();
        }
        if is_over(&mut self.cancelled, cx) {
            self.note(RunEnd::Cancelled);
            self.drain(self.cancellation_grace);
        }
        while is_over(&mut self.timer, cx) {
            if self.level == Level::Draining {
                self.cancel();
            } else {
                self.level = Level::Abandoning;
            }
        }
        self.level
    }

    /// Stops for `end`; what runs may go on for `grace`, or for what is left of an earlier one.
    pub(super) fn stop(&mut self, end: RunEnd, grace: Duration) {
        self.note(end);
        self.drain(grace);
    }

    fn note(&mut self, end: RunEnd) {
        if self.end.is_none() {
            tracing::info!(?end, "an executor's run stops");
            self.end = Some(end);
        }
    }

    fn drain(&mut self, grace: Duration) {
        if self.level > Level::Draining {
            return;
        }
        if grace.is_zero() {
            self.cancel();
            return;
        }
        self.level = Level::Draining;
        let timer = sleep(grace);
        if self.timer.as_ref().is_none_or(|earlier| timer.deadline() < earlier.deadline()) {
            self.timer = Some(Box::pin(timer));
        }
    }

    fn cancel(&mut self) {
        if self.level < Level::Cancelling {
            self.level = Level::Cancelling;
            self.timer = Some(Box::pin(sleep(ABANDON_AFTER)));
        }
    }
}

/// Whether it is over now; once it is, it is forgotten.
pub(super) fn is_over<F: Future + ?Sized>(
    future: &mut Option<Pin<Box<F>>>,
    cx: &mut Context<'_>,
) -> bool {
    let over = future.as_mut().is_some_and(|future| future.as_mut().poll(cx).is_ready());
    if over {
        *future = None;
    }
    over
}
