//! [`Results`]: a run, as a stream of what ends.

mod leaving;

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use foldhash::fast::RandomState;
use futures::{Stream, StreamExt};
use tokio::task::{Id, JoinError, JoinSet};
use tracing::Instrument;

use super::control::{Control, Running};
use super::order::Order;
use super::overdue::{Began, Overdue, Watched};
use super::stop::{Level, Stop};
use super::task::{Ended, guarded, lost, perform};
use super::{AdaptiveExecutor, Progress, RunEnd, RunOutcome, TaskOutcome, TaskReport};

/// A run of an [`AdaptiveExecutor`]: a stream with one report for each task that was started.
///
/// - **Driven by polls**: an input is read, and a task started, only while this is polled; the
///   time for the whole run and a cancellation are noticed then too. Tasks go on between polls,
///   and a task's own timeout holds.
/// - **Ends** with `None`; [`end`](Self::end) then says why. Whatever stops the run, the reports
///   of all tasks that were started come first.
/// - **Dropped**, it cancels what runs; reports that were handed out are the caller's.
///   [`into_finished`](Self::into_finished) gives those that were not.
pub struct Results<S, F, T, E> {
    inputs: Pin<Box<S>>,
    function: Arc<F>,
    /// Whether the inputs came to their end.
    all_read: bool,
    tasks: JoinSet<Ended<T, E>>,
    running: HashMap<Id, (Running, Watched), RandomState>,
    overdue: Overdue,
    control: Control<E>,
    order: Order<TaskReport<T, E>>,
    stop: Stop,
    cancelled: bool,
    end: Option<RunEnd>,
}

// Nothing is pinned within but the inputs, in their box.
impl<S, F, T, E> Unpin for Results<S, F, T, E> {}

impl<S, F, Fut, T, E> Results<S, F, T, E>
where
    S: Stream,
    S::Item: Send + 'static,
    F: Fn(S::Item) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    /// Appends each report to `reports` until the run is over, and says why it is.
    ///
    /// # Cancel safety
    /// Safe: what was appended stays, and the run goes on with the next call.
    pub async fn collect_into(&mut self, reports: &mut Vec<TaskReport<T, E>>) -> RunEnd {
        while let Some(report) = self.next().await {
            reports.push(report);
        }
        self.end.clone().unwrap_or(RunEnd::Completed)
    }

    /// All reports, to the end of the run.
    ///
    /// # Cancel safety
    /// Not safe: reports are lost with the future. Where it may be dropped, use
    /// [`collect_into`](Self::collect_into), or the stream.
    pub async fn outcome(mut self) -> RunOutcome<T, E> {
        let mut reports = Vec::new();
        let end = self.collect_into(&mut reports).await;
        RunOutcome { reports, end, progress: self.progress() }
    }

    fn fill(&mut self, cx: &mut Context<'_>) {
        while !self.all_read
            && self.stop.level() == Level::Running
            && self.running.len() < self.control.workers()
            && self.order.has_room(self.control.started())
        {
            match guarded(|| self.inputs.as_mut().poll_next(cx)) {
                Ok(Poll::Ready(Some(input))) => self.start(input),
                Ok(Poll::Ready(None)) => self.all_read = true,
                Ok(Poll::Pending) => return,
                Err(message) => {
                    self.stop.stop(RunEnd::InputsPanicked { message }, Duration::MAX);
                }
            }
        }
    }

    fn start(&mut self, input: S::Item) {
        let running = self.control.start();
        let began = Began::default();
        let task = perform(Arc::clone(&self.function), input, running.limit, began.clone());
        let handle = self.tasks.spawn(task.in_current_span());
        let id = handle.id();
        let watched = Watched::new(running.limit, began, handle);
        self.overdue.watch(&watched);
        self.running.insert(id, (running, watched));
    }
}

impl<S: Stream, F, T: 'static, E: 'static> Results<S, F, T, E> {
    pub(super) fn new(executor: AdaptiveExecutor<E>, inputs: S, function: F) -> Self {
        let options = &executor.options;
        Self {
            inputs: Box::pin(inputs),
            function: Arc::new(function),
            all_read: false,
            tasks: JoinSet::new(),
            running: HashMap::default(),
            overdue: Overdue::default(),
            order: if options.ordered {
                Order::as_given(options.run_ahead)
            } else {
                Order::as_ended()
            },
            stop: Stop::new(options, executor.cancellation.clone()),
            cancelled: false,
            end: None,
            control: Control::new(executor),
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        self.control.progress(self.total())
    }

    /// Why the run is over; `None` until the stream has ended.
    pub fn end(&self) -> Option<&RunEnd> {
        self.end.as_ref()
    }

    /// Cancels what runs, and gives the reports that were not handed out: of tasks that ended,
    /// and where results come in order, of those that wait for an earlier one. Never waits.
    pub fn into_finished(mut self) -> Vec<TaskReport<T, E>> {
        self.absorb_ended();
        self.order.into_waiting()
    }

    fn total(&self) -> Option<u64> {
        let started = self.control.started();
        if self.all_read {
            return Some(started);
        }
        if let Some(RunEnd::InputsPanicked { .. }) = self.stop.end() {
            return None;
        }
        let (least, most) = guarded(|| self.inputs.size_hint()).ok()?;
        let rest = most.filter(|most| *most == least)?;
        started.checked_add(u64::try_from(rest).ok()?)
    }

    /// Takes what all tasks left that have ended; the index of the last whose error is fatal.
    fn absorb_ended(&mut self) -> Option<u64> {
        let mut fatal = None;
        while let Some(joined) = self.tasks.try_join_next_with_id() {
            fatal = self.absorb(joined).or(fatal);
        }
        fatal
    }

    /// Takes what a task left; the task's index if its error is fatal.
    fn absorb(&mut self, joined: Result<(Id, Ended<T, E>), JoinError>) -> Option<u64> {
        let id = joined.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let in_flight = self.running.len();
        let Some((task, _)) = self.running.remove(&id) else {
            // It was left behind; its panic may have a payload that panics in its turn.
            joined.err().map(lost::<T, E>);
            return None;
        };
        let (elapsed, outcome) = match joined {
            Ok((_, Ended { elapsed, result: Some(Ok(value)) })) => {
                (elapsed, TaskOutcome::Succeeded(value))
            }
            Ok((_, Ended { elapsed, result: Some(Err(error)) })) => {
                (elapsed, TaskOutcome::Failed(error))
            }
            Ok((_, Ended { elapsed, result: None })) => {
                (elapsed, TaskOutcome::TimedOut { limit: task.limit })
            }
            Err(error) => (task.started.elapsed(), lost(error)),
        };
        self.report(&task, elapsed, outcome, in_flight).then_some(task.index)
    }

    /// Learns from a task that ended, and puts its report in line; whether its error is fatal.
    fn report(
        &mut self,
        task: &Running,
        elapsed: Duration,
        outcome: TaskOutcome<T, E>,
        in_flight: usize,
    ) -> bool {
        let report = TaskReport { index: task.index, elapsed, outcome };
        let fatal = self.control.end(task, &report, in_flight);
        self.order.push(task.index, report);
        self.tell();
        fatal
    }

    /// Stops where a task's error is fatal.
    fn heed(&mut self, fatal: Option<u64>) {
        if let Some(index) = fatal {
            self.stop.stop(RunEnd::Fatal { index }, self.control.fatal_grace());
        }
    }

    /// Nothing runs and nothing more is started.
    fn finish(&mut self) {
        let complete = !self.control.is_any_cancelled()
            && self.total() == Some(self.control.started())
            && !matches!(
                self.stop.end(),
                Some(RunEnd::Fatal { .. } | RunEnd::InputsPanicked { .. })
            );
        let reason = self.stop.end().filter(|_| !complete);
        self.end = Some(reason.cloned().unwrap_or(RunEnd::Completed));
        self.tell();
    }

    fn tell(&mut self) {
        if self.control.is_observed() {
            let progress = self.progress();
            self.control.tell(&progress);
        }
    }
}

impl<S, F, Fut, T, E> Stream for Results<S, F, T, E>
where
    S: Stream,
    S::Item: Send + 'static,
    F: Fn(S::Item) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    type Item = TaskReport<T, E>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        this.control.begin();
        loop {
            if let Some(report) = this.order.pop() {
                return Poll::Ready(Some(report));
            }
            if this.end.is_some() {
                return Poll::Ready(None);
            }
            let level = this.stop.poll(cx);
            this.obey(level);
            this.fill(cx);
            if this.overdue.is_time(cx) {
                this.leave_overdue();
                continue;
            }
            if this.running.is_empty() {
                // Those that were left behind.
                this.tasks.detach_all();
            }
            match ready!(this.tasks.poll_join_next_with_id(cx)) {
                Some(joined) => {
                    let fatal = this.absorb(joined);
                    this.heed(fatal);
                }
                None if this.all_read || this.stop.level() > Level::Running => this.finish(),
                None => return Poll::Pending,
            }
        }
    }
}

impl<S, F, T, E> fmt::Debug for Results<S, F, T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Results")
            .field("running", &self.running.len())
            .field("end", &self.end)
            .finish_non_exhaustive()
    }
}
