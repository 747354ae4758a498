//! How an executor runs.

use std::time::Duration;

/// How an [`AdaptiveExecutor`](crate::AdaptiveExecutor) runs; start from the default.
///
/// No value is refused: what makes no sense is brought into range, as each field says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ExecutorOptions {
    /// Tasks that may run at once at the least; default 1, and 0 counts as 1.
    pub minimum_workers: usize,
    /// Tasks that may run at once at the most; default 32. Where it is below the minimum, the
    /// minimum comes down to it; 0 counts as 1. The same as the minimum: a fixed number.
    pub maximum_workers: usize,
    /// Tasks that run at once at first; default 4, brought between minimum and maximum.
    pub first_workers: usize,
    /// The shortest time a task is given; default 1 s, at least 1 ms. Where it is above the
    /// longest, it comes down to that.
    pub shortest_timeout: Duration,
    /// The longest time a task is given, and the one each has until 20 have succeeded; default
    /// 5 min, at least 1 ms. The same as the shortest: a fixed time; both `Duration::MAX`: none.
    pub longest_timeout: Duration,
    /// How many times the 99th percentile of what successful tasks took a task is given; default
    /// 3, brought between 1 and 1,000, and NaN counts as 3.
    pub timeout_factor: f64,
    /// The time the whole run is given, from its first poll; default `None`, no bound. What runs
    /// when it is over is cancelled at once, without any grace; zero starts nothing.
    pub overall_timeout: Option<Duration>,
    /// How long tasks may go on after another's fatal error before they are cancelled; default
    /// 10 s. Zero cancels them at once, `Duration::MAX` lets each come to its own end.
    pub fatal_grace: Duration,
    /// How long tasks may go on after the run was cancelled; default zero.
    pub cancellation_grace: Duration,
    /// Whether results come in the order of the inputs; default `false`: as they finish.
    pub ordered: bool,
    /// Where `ordered`: how many tasks, the first unfinished one among them, may have been
    /// started beyond the last result that was handed out; this bounds the results that wait for
    /// an earlier one. Default 256; 0 counts as 1. It bounds the workers too.
    pub run_ahead: usize,
}

impl Default for ExecutorOptions {
    fn default() -> Self {
        Self {
            minimum_workers: 1,
            maximum_workers: 32,
            first_workers: 4,
            shortest_timeout: Duration::from_secs(1),
            longest_timeout: Duration::from_secs(300),
            timeout_factor: 3.0,
            overall_timeout: None,
            fatal_grace: Duration::from_secs(10),
            cancellation_grace: Duration::ZERO,
            ordered: false,
            run_ahead: 256,
        }
    }
}
