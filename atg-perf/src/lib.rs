//! Pacing, batch sizing and measurement for the atg crates.
//!
//! [`QuotaPace`] sends requests as fast as the other side's quotas let anyone send them, and
//! hardly one that is refused: it mirrors each quota, by plain arithmetic ([`TokenBucket`],
//! [`FixedWindow`]) that the answers' headers correct. [`FixedPace`] goes at a steady rate, and
//! [`RetryBudget`] keeps repetitions from making an outage worse. [`ResponseSurface`] finds the batch size at
//! which rows are written fastest, while it writes; [`StaticTable`] looks it up.
//! [`AdaptiveExecutor`] runs many tasks with as many workers as pay, and keeps every result.
//! [`Monitor`] measures what goes on, for some nanoseconds a record; [`report`] keeps what runs took,
//! compares it and shows it.

mod aimd;
mod batch;
mod bucket;
mod executor;
mod fixed_pace;
mod gate;
#[cfg(feature = "keyed-limiter")]
mod keyed;
mod lane;
mod lanes;
mod long_wait;
mod mirror;
mod monitor;
mod quota;
mod quota_pace;
mod refill;
pub mod report;
mod retry_budget;
#[cfg(feature = "simulated")]
pub mod simulated;
mod surplus;
mod timeline;
mod window;

pub use batch::{Bounds, Explanation, ResponseSurface, StaticTable};
pub use bucket::TokenBucket;
pub use executor::{
    AdaptiveExecutor, Classification, ExecutorOptions, Progress, Results, RunEnd, RunOutcome,
    TaskOutcome, TaskReport,
};
pub use fixed_pace::FixedPace;
#[cfg(feature = "keyed-limiter")]
pub use keyed::{KeyedLimiter, RateLimit, RetryAfter};
#[cfg(feature = "metrics")]
pub use monitor::MetricsExporter;
pub use monitor::{
    Counter, Monitor, MonitorBuilder, MonitorClock, MonitorSnapshot, OperationFigures,
    PeriodicTask, PhaseFigures, PhaseGuard, Rate, RateLine, SlowOperation, Stopwatch, Tick,
    WorkerRecorder,
};
pub use quota::QuotaLimit;
pub use quota_pace::QuotaPace;
pub use retry_budget::RetryBudget;
pub use timeline::{Point, Timeline, TimelineKind};
pub use window::{FixedWindow, WindowHint};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
