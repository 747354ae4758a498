//! A simulated service that counts requests, and workers that send to it: for tests and
//! comparisons of paces in tokio's paused time.
//!
//! Nothing here reads a clock but tokio's and nothing is random, so a run gives the same counts
//! and the same virtual seconds each time.
//!
//! ```
//! use atg_core::OperationClass;
//! use atg_perf::QuotaPace;
//! use atg_perf::simulated::{BucketPolicer, Latency, Load, send_all};
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! let load = Load { workers: 16, requests: 500, latency: Latency::STEADY };
//! let key = atg_perf::simulated::key(OperationClass::Read, "subscription");
//! let run = send_all(QuotaPace::new(), key, BucketPolicer::azure(), load).await;
//! assert_eq!(run.refused(), 0);
//! // 250 at once, and 25 a second for the others.
//! assert!((10.0..10.3).contains(&run.elapsed.as_secs_f64()));
//! # }
//! ```

mod bucket;
mod send;
mod window;

use std::time::Duration;

pub use bucket::BucketPolicer;
pub use send::{Arrival, Latency, Load, Run, key, send_all};
pub use window::WindowPolicer;

/// What a policer answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether the request was let through.
    pub admitted: bool,
    /// What the headers say is left.
    pub remaining: Option<u64>,
    /// What the headers say of the time until the quota is whole.
    pub resets_after: Option<Duration>,
    /// `Retry-After` of a refusal.
    pub retry_after: Option<Duration>,
}

/// Lets requests through, or not.
pub trait Policer: Send {
    /// Decides about a request that arrives now; times are from the start of the run, and never
    /// run backwards.
    fn ask(&mut self, now: Duration) -> Verdict;
}

/// As `Retry-After` and Azure's headers have it: whole seconds, rounded up.
fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}
