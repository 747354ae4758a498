//! `QuotaPace` against policers, in paused time: how long it takes, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use atg_core::{OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Priority, QuotaHint};
use atg_perf::QuotaPace;
use futures::future::join_all;
use tokio::time::{Instant, sleep};

fn key(operation: OperationClass) -> PaceKey {
    let (principal, scope, region) = ("app".into(), "tenant".into(), "".into());
    PaceKey { principal, scope, region, operation }
}

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

/// What a policer answers.
struct Verdict {
    admitted: bool,
    remaining: u64,
    resets_after: Option<Duration>,
    retry_after: Duration,
}

trait Policer: Send {
    fn ask(&mut self, now: Duration) -> Verdict;
}

/// So many requests a window; windows follow a clock, or open with a request.
struct WindowPolicer {
    limit: u64,
    period: Duration,
    phase: Option<Duration>,
    ends_at: Duration,
    used: u64,
    /// Whether `resets_after` comes in whole seconds, rounded up, as Azure's header has it.
    whole_seconds: bool,
}

impl WindowPolicer {
    fn azure(phase: Option<Duration>, whole_seconds: bool) -> Self {
        let (limit, period) = (15, ms(5_000));
        Self { limit, period, phase, ends_at: Duration::ZERO, used: 0, whole_seconds }
    }
}

fn whole_seconds(time: Duration) -> Duration {
    Duration::from_secs(time.as_secs() + u64::from(time.subsec_nanos() > 0))
}

impl Policer for WindowPolicer {
    fn ask(&mut self, now: Duration) -> Verdict {
        if now >= self.ends_at {
            self.used = 0;
            self.ends_at = now + self.period;
            if let Some(mut end) = self.phase {
                while end <= now {
                    end += self.period;
                }
                self.ends_at = end;
            }
        }
        let admitted = self.used < self.limit;
        self.used += u64::from(admitted);
        let exact = self.ends_at.saturating_sub(now);
        let rounded = whole_seconds(exact);
        Verdict {
            admitted,
            remaining: self.limit - self.used,
            resets_after: Some(if self.whole_seconds { rounded } else { exact }),
            retry_after: rounded,
        }
    }
}

/// A bucket that fills steadily.
struct BucketPolicer {
    capacity: f64,
    rate: f64,
    level: f64,
    at: Duration,
    others_rate: f64,
}

impl BucketPolicer {
    fn azure(level: f64, others_rate: f64) -> Self {
        Self { capacity: 250.0, rate: 25.0, level, at: Duration::ZERO, others_rate }
    }
}

impl Policer for BucketPolicer {
    fn ask(&mut self, now: Duration) -> Verdict {
        let gained = now.saturating_sub(self.at).as_secs_f64() * (self.rate - self.others_rate);
        self.level = (self.level + gained).min(self.capacity);
        self.at = now;
        // A millionth of a token of grace for the sum of many floats.
        let admitted = self.level >= 1.0 - 1e-6;
        self.level -= f64::from(u8::from(admitted));
        let missing = Duration::from_secs_f64((1.0 - self.level).max(0.0) / self.rate);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let remaining = self.level as u64;
        let retry_after = whole_seconds(missing);
        Verdict { admitted, remaining, resets_after: None, retry_after }
    }
}

struct Outcome {
    throttled: u64,
    seconds: f64,
}

/// How long one way takes, by the request's number.
type Latency = fn(u64) -> Duration;

/// A constant 80 ms there and back.
fn steady(_request: u64) -> Duration {
    ms(40)
}

/// 20 to 60 ms, so that answers overtake each other.
fn jittery(request: u64) -> Duration {
    ms(20 + (request.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) % 41)
}

/// Sends `total` requests with some workers; each is repeated until it is admitted.
async fn drive(
    operation: OperationClass,
    policer: impl Policer + 'static,
    (workers, total): (usize, usize),
    latency: Latency,
) -> Outcome {
    let pace = QuotaPace::new();
    let policer = Mutex::new(policer);
    let (done, throttled) = (AtomicUsize::new(0), AtomicU64::new(0));
    let sent = AtomicU64::new(0);
    let key = key(operation);
    let start = Instant::now();
    let worker = async || {
        while done.fetch_add(1, Ordering::Relaxed) < total {
            loop {
                let permit = pace.acquire(&key, Priority::Bulk).await;
                let began = Instant::now();
                let number = sent.fetch_add(1, Ordering::Relaxed);
                sleep(latency(2 * number)).await;
                let verdict = policer.lock().unwrap().ask(start.elapsed());
                sleep(latency(2 * number + 1)).await;
                let quota = QuotaHint {
                    remaining: Some(verdict.remaining),
                    resets_after: verdict.resets_after,
                };
                let result = if verdict.admitted {
                    PaceResult::Answered
                } else {
                    throttled.fetch_add(1, Ordering::Relaxed);
                    PaceResult::Throttled(Some(verdict.retry_after))
                };
                pace.observe(&key, &PaceObservation { result, quota, elapsed: began.elapsed() });
                drop(permit);
                if verdict.admitted {
                    break;
                }
            }
        }
    };
    join_all((0..workers).map(|_| worker())).await;
    let seconds = start.elapsed().as_secs_f64();
    Outcome { throttled: throttled.into_inner(), seconds }
}

/// Runs the scenario and checks it against its ideal time and a bound on refusals.
async fn expect(
    name: &str,
    run: impl Future<Output = Outcome>,
    ideal: f64,
    factor: f64,
    refusals: u64,
) {
    let outcome = run.await;
    println!(
        "{name}: {} refused, {:.2} s = {:.4} x",
        outcome.throttled,
        outcome.seconds,
        outcome.seconds / ideal
    );
    assert!(outcome.throttled <= refusals, "{name}: {} refused", outcome.throttled);
    assert!(outcome.seconds <= ideal * factor, "{name}: {} s", outcome.seconds);
    assert!(outcome.seconds >= ideal * 0.9, "{name}: faster than the quota allows");
}

#[tokio::test(start_paused = true)]
async fn queries_use_every_window_and_waste_none() {
    use OperationClass::Query;
    for whole in [false, true] {
        let own_clock = WindowPolicer::azure(Some(ms(5_000)), whole);
        expect("own clock", drive(Query, own_clock, (8, 105), steady), 30.0, 1.02, 0).await;
        let first_query = WindowPolicer::azure(None, whole);
        expect("first query", drive(Query, first_query, (8, 105), steady), 30.0, 1.02, 0).await;
        let jitter = WindowPolicer::azure(None, whole);
        expect("jitter", drive(Query, jitter, (8, 105), jittery), 30.0, 1.02, 0).await;
    }
    // In the middle of a window, and with whole seconds: the reset comes a second late at most.
    let own_phase = WindowPolicer::azure(Some(ms(3_700)), true);
    expect("own phase", drive(Query, own_phase, (8, 105), jittery), 28.7, 1.06, 0).await;
}

#[tokio::test(start_paused = true)]
async fn a_window_that_others_have_used_costs_little() {
    let mut policer = WindowPolicer::azure(Some(ms(2_000)), false);
    policer.used = 10;
    policer.ends_at = ms(2_000);
    // Five pass before 2 s, then fifteen at 2, 7, ... 32 s.
    let run = drive(OperationClass::Query, policer, (8, 110), steady);
    expect("partly used window", run, 32.0, 1.02, 3).await;
}

#[tokio::test(start_paused = true)]
async fn reads_run_at_the_buckets_rate() {
    use OperationClass::Read;
    let ideal = (3_264.0 - 250.0) / 25.0;
    for workers in [4, 16, 64] {
        let run = drive(Read, BucketPolicer::azure(250.0, 0.0), (workers, 3_264), steady);
        expect("bucket", run, ideal, 1.01, 8).await;
        let run = drive(Read, BucketPolicer::azure(250.0, 0.0), (workers, 3_264), jittery);
        expect("bucket, jitter", run, ideal, 1.01, 8).await;
    }
    let run = drive(Read, BucketPolicer::azure(40.0, 0.0), (16, 1_000), steady);
    expect("partly used bucket", run, 960.0 / 25.0, 1.02, 8).await;
    let shared = (3_264.0 - 250.0) / 15.0;
    let run = drive(Read, BucketPolicer::azure(250.0, 10.0), (16, 3_264), steady);
    expect("shared bucket", run, shared, 1.02, 12).await;
    let run = drive(Read, BucketPolicer::azure(250.0, 10.0), (16, 3_264), jittery);
    expect("shared bucket, jitter", run, shared, 1.02, 64).await;
}
