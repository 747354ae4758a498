//! [`AdaptiveExecutor`]: many tasks, as many at once as pay.

mod control;
mod options;
mod order;
mod outcome;
mod overdue;
mod progress;
mod rate;
mod results;
mod stop;
mod task;
mod timeouts;
mod workers;

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use atg_core::pipeline::CancellationToken;
use futures::{Stream, stream};

pub use options::ExecutorOptions;
pub use outcome::{Classification, RunEnd, RunOutcome, TaskOutcome, TaskReport};
pub use progress::Progress;
pub use results::Results;

/// Runs a function on many inputs, as many at once as pay, and keeps every result.
///
/// - **Workers**: how many tasks run at once follows goodput, successes a second. Twice as many
///   are tried at first, later half or a quarter more or less. More are kept if goodput grows by
///   at least half of what they should bring, fewer if it falls by less than a quarter of that.
///   The window a number is judged by is 16 tasks over the square of the step (256 for a quarter
///   more), 4 a worker at the least; between tries that fail it rests, up to 64 tasks a worker. An
///   error classified as [`Classification::Overload`] cuts the number to 0.7, once for all tasks
///   that ran then, and nothing more is tried for 16 tasks a worker. While there is too little
///   input, the number stays.
/// - **Timeouts**: each task is given 3 times the 99th percentile of what the last 1,000 to 2,000
///   successes took, within bounds; the longest bound until 20 have succeeded. Four time-outs
///   among 300 tasks double that, so that a service that became slow is not cut off for ever; if
///   even the longest saves nobody while most others succeed, those tasks hang, and it goes back
///   for 12,000 tasks and more, or until most others time out.
/// - **Results**: one [`TaskReport`] for each task that was started, whatever happens: an error,
///   a panic (of this task alone), a timeout, a fatal error of another, a cancellation, the end of
///   the time for the whole run. Only [`run`](Self::run)'s future, dropped, takes reports with it;
///   a caller that may drop it reads [`results`](Self::results). Each comes when its task ended,
///   or in the order of the inputs ([`ExecutorOptions::ordered`]).
/// - **Inputs** are read when a worker is free, never ahead: a million of them take no memory, and
///   those that were not started are still in an iterator that was lent (`inputs.by_ref()`).
/// - **Threads**: tasks are spawned on tokio's runtime, so that they use all its threads, and
///   have to be `'static`. One that blocks its thread cannot be stopped; 2 s after its time is up,
///   or 1 s after it was cancelled, it is left behind with a warning in the log and reported as
///   timed out or cancelled. What it comes to later is lost. Where all threads are blocked, so is
///   tokio's clock, and the run waits.
/// - **Retries** are the function's own: what is not known here is whether a task may run twice.
/// - **Clock**: tokio's, so that paused time works. **Cost**: 32 KiB a run, and a spawned task
///   an input.
///
/// ```
/// use atg_perf::{AdaptiveExecutor, Classification, ExecutorOptions, RunEnd};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let options = ExecutorOptions { ordered: true, ..ExecutorOptions::default() };
/// let executor = AdaptiveExecutor::new(options).with_classifier(|error: &String| {
///     if error.contains("429") { Classification::Overload } else { Classification::Failure }
/// });
/// let outcome = executor
///     .run(1..=10_u64, |number| async move {
///         if number == 7 { Err(format!("{number} is not to be had")) } else { Ok(number * number) }
///     })
///     .await;
/// assert_eq!(outcome.end, RunEnd::Completed);
/// assert_eq!((outcome.progress.succeeded, outcome.progress.failed), (9, 1));
/// assert!(outcome.into_values().eq([1, 4, 9, 16, 25, 36, 64, 81, 100]));
/// # }
/// ```
pub struct AdaptiveExecutor<E> {
    options: ExecutorOptions,
    classify: Option<Arc<Classify<E>>>,
    observer: Option<Arc<Observer>>,
    cancellation: Option<CancellationToken>,
}

type Classify<E> = dyn Fn(&E) -> Classification + Send + Sync;
type Observer = dyn Fn(&Progress) + Send + Sync;

impl<E> AdaptiveExecutor<E> {
    /// An executor for which every error is the task's own.
    pub fn new(options: ExecutorOptions) -> Self {
        Self { options, classify: None, observer: None, cancellation: None }
    }

    /// The same executor with a word on what errors mean. Should `classify` panic, that error
    /// counts as [`Classification::Failure`].
    #[must_use]
    pub fn with_classifier(
        mut self,
        classify: impl Fn(&E) -> Classification + Send + Sync + 'static,
    ) -> Self {
        self.classify = Some(Arc::new(classify));
        self
    }

    /// The same executor, calling `observer` after each task that ended and at the end of a run.
    /// It is called where the run is polled: it should be quick. One that panics is not called
    /// again in that run.
    #[must_use]
    pub fn with_observer(mut self, observer: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// The same executor, stopping its runs when `token` is cancelled.
    #[must_use]
    pub fn with_cancellation(mut self, token: CancellationToken) -> Self {
        self.cancellation = Some(token);
        self
    }

    /// Runs `function` on each of `inputs`, to the end.
    ///
    /// # Panics
    /// If polled outside of a tokio runtime with time.
    ///
    /// # Cancel safety
    /// Not safe: reports are lost with the future, and what runs is cancelled. A cancellation
    /// token loses nothing, nor does [`results`](Self::results).
    pub async fn run<I, F, Fut, T>(&self, inputs: I, function: F) -> RunOutcome<T, E>
    where
        I: IntoIterator,
        I::Item: Send + 'static,
        F: Fn(I::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        self.results(stream::iter(inputs), function).outcome().await
    }

    /// Runs `function` on each of `inputs` while the result, a stream of reports, is read. Does
    /// nothing before that.
    ///
    /// ```
    /// # use atg_perf::{AdaptiveExecutor, TaskReport};
    /// # use futures::stream;
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let executor = AdaptiveExecutor::default();
    /// let mut results = executor.results(stream::iter(1..=8_u64), |second| async move {
    ///     tokio::time::sleep(Duration::from_secs(second)).await;
    ///     Ok::<_, std::io::Error>(second)
    /// });
    /// // Whoever loses patience keeps what there is.
    /// let mut reports: Vec<TaskReport<_, _>> = Vec::new();
    /// let patience = Duration::from_millis(3_500);
    /// assert!(tokio::time::timeout(patience, results.collect_into(&mut reports)).await.is_err());
    /// assert_eq!(reports.len(), 3);
    /// # }
    /// ```
    pub fn results<S, F, Fut, T>(&self, inputs: S, function: F) -> Results<S, F, T, E>
    where
        S: Stream,
        S::Item: Send + 'static,
        F: Fn(S::Item) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<T, E>> + Send + 'static,
        T: Send + 'static,
        E: Send + 'static,
    {
        Results::new(self.clone(), inputs, function)
    }
}

impl<E> Default for AdaptiveExecutor<E> {
    fn default() -> Self {
        Self::new(ExecutorOptions::default())
    }
}

impl<E> Clone for AdaptiveExecutor<E> {
    fn clone(&self) -> Self {
        Self {
            options: self.options,
            classify: self.classify.clone(),
            observer: self.observer.clone(),
            cancellation: self.cancellation.clone(),
        }
    }
}

impl<E> fmt::Debug for AdaptiveExecutor<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveExecutor").field("options", &self.options).finish_non_exhaustive()
    }
}
