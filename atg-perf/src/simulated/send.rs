//! [`send_all`]: workers that send until everything has been let through.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use atg_core::{OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Priority, QuotaHint};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use super::{Policer, Verdict};

/// The longest `Retry-After` that a worker keeps to.
const LONGEST_SLEEP: Duration = Duration::from_secs(3_600);

/// How long one way takes: each time as long, or anything between two bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Latency {
    least: Duration,
    most: Duration,
}

impl Latency {
    /// Always 40 ms.
    pub const STEADY: Self =
        Self { least: Duration::from_millis(40), most: Duration::from_millis(40) };

    /// 20 to 60 ms, so that answers overtake each other.
    pub const JITTERY: Self =
        Self { least: Duration::from_millis(20), most: Duration::from_millis(60) };

    /// Anything between, each millisecond alike often.
    pub const fn between(least: Duration, most: Duration) -> Self {
        Self { least, most }
    }

    /// How long way number so and so takes, there ways are even and back odd.
    fn of(self, way: u64) -> Duration {
        let range = u64::try_from(self.most.saturating_sub(self.least).as_millis());
        let choices = range.unwrap_or(u64::MAX).saturating_add(1);
        let scattered = way.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
        self.least + Duration::from_millis(scattered % choices)
    }
}

/// What is to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    /// Workers; each sends one request at a time.
    pub workers: usize,
    /// Requests that are to be let through.
    pub requests: u64,
    /// How long a request takes on its way.
    pub latency: Latency,
}

/// A request at the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// When it came, from the start of the run.
    pub at: Duration,
    /// Whether it was let through.
    pub admitted: bool,
}

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// Every request, in the order in which they reached the service.
    pub arrivals: Vec<Arrival>,
}

impl Run {
    /// How many requests were refused.
    pub fn refused(&self) -> u64 {
        self.arrivals.iter().map(|arrival| u64::from(!arrival.admitted)).sum()
    }

    /// Requests a second that arrived from then on, for so long; refused ones count.
    pub fn rate(&self, from: Duration, period: Duration) -> f64 {
        let range = from..from.saturating_add(period);
        let arrived = self.arrivals.iter().filter(|arrival| range.contains(&arrival.at)).count();
        #[allow(clippy::cast_precision_loss, reason = "a count of requests")]
        let arrived = arrived as f64;
        arrived / period.as_secs_f64()
    }
}

/// A key of its own for each name.
pub fn key(operation: OperationClass, scope: &str) -> PaceKey {
    PaceKey { principal: "app".into(), scope: scope.into(), region: "".into(), operation }
}

/// Sends until all requests have been let through. A worker whose request is refused waits for
/// as long as it was asked to, an hour at the most, and sends it again.
pub async fn send_all(
    pace: impl Pace + 'static,
    key: PaceKey,
    policer: impl Policer + 'static,
    load: Load,
) -> Run {
    let service = Arc::new(Service {
        pace,
        key,
        start: Instant::now(),
        state: Mutex::new(State { policer, arrivals: Vec::new() }),
        latency: load.latency,
        begun: AtomicU64::new(0),
        sent: AtomicU64::new(0),
    });
    let mut workers = JoinSet::new();
    for _ in 0..load.workers {
        let service = Arc::clone(&service);
        workers.spawn(async move {
            while service.begun.fetch_add(1, Ordering::Relaxed) < load.requests {
                service.send().await;
            }
        });
    }
    workers.join_all().await;
    let arrivals = std::mem::take(&mut service.state().arrivals);
    Run { elapsed: service.start.elapsed(), arrivals }
}

struct Service<P, Q> {
    pace: P,
    key: PaceKey,
    start: Instant,
    state: Mutex<State<Q>>,
    latency: Latency,
    begun: AtomicU64,
    sent: AtomicU64,
}

struct State<Q> {
    policer: Q,
    arrivals: Vec<Arrival>,
}

impl<P: Pace, Q: Policer> Service<P, Q> {
    /// Sends one request until it is let through.
    async fn send(&self) {
        loop {
            let verdict = self.try_once().await;
            if verdict.admitted {
                return;
            }
            sleep(verdict.retry_after.unwrap_or_default().min(LONGEST_SLEEP)).await;
        }
    }

    async fn try_once(&self) -> Verdict {
        let permit = self.pace.acquire(&self.key, Priority::Bulk).await;
        let sent_at = Instant::now();
        let number = self.sent.fetch_add(1, Ordering::Relaxed);
        sleep(self.latency.of(2 * number)).await;
        let verdict = self.arrive();
        sleep(self.latency.of(2 * number + 1)).await;
        let result = if verdict.admitted {
            PaceResult::Answered
        } else {
            PaceResult::Throttled(verdict.retry_after)
        };
        let quota = QuotaHint { remaining: verdict.remaining, resets_after: verdict.resets_after };
        let elapsed = sent_at.elapsed();
        self.pace.observe(&self.key, &PaceObservation { result, quota, elapsed });
        drop(permit);
        verdict
    }

    fn arrive(&self) -> Verdict {
        let at = self.start.elapsed();
        let mut state = self.state();
        let verdict = state.policer.ask(at);
        state.arrivals.push(Arrival { at, admitted: verdict.admitted });
        verdict
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State<Q>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
