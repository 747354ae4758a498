//! What a request costs where nobody waits: `acquire`, `observe` and the permit's drop.

use std::time::{Duration, Instant};

use atg_benches::{Limit, Random, median};
use atg_core::{
    OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Priority, QuotaHint, Unpaced,
};
use atg_perf::simulated::key;
use atg_perf::{FixedPace, QuotaLimit, QuotaPace};

use crate::Outcome;

const ROUNDS: usize = 25;
const REQUESTS: usize = 40_000;
const MOST: f64 = 300.0;

/// Measures, and gives the limits.
pub(crate) fn run() -> Outcome<Vec<Limit>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let one = keys(1);
    let plenty = QuotaHint { remaining: Some(1 << 30), resets_after: None };
    // By what the bucket holds this is next to nothing, so that its refill is measured.
    let little = QuotaHint { remaining: Some(1_000), resets_after: None };
    let measure =
        |pace: &dyn Pace, keys: &[PaceKey], quota| runtime.block_on(nanoseconds(pace, keys, quota));
    println!("nanoseconds of acquire, observe and drop, the median of {ROUNDS} rounds:");
    let show = |what: &str, pace: &dyn Pace, keys: &[PaceKey]| {
        println!("{what}: {:.0}", measure(pace, keys, plenty).unwrap_or(f64::NAN));
    };
    show("Unpaced, one key", &Unpaced, &one);
    show("FixedPace, one key", &FixedPace::new(u32::MAX, u32::MAX), &one);
    // What the processor's caches do not hold decides here.
    show("QuotaPace, 100 keys in random order", &ours(), &keys(100));
    show("QuotaPace, 10,000 keys in random order", &ours(), &keys(10_000));
    let limit = |what, quota| Limit::most(what, measure(&ours(), &one, quota), MOST, "ns");
    Ok(vec![
        limit("one key", plenty),
        limit("one key, measuring the refill", little),
        limit("one key, no headers", QuotaHint::default()),
    ])
}

/// A quota that is never used up.
fn ours() -> QuotaPace {
    let limit = QuotaLimit::Bucket { capacity: u32::MAX, refill_per_second: 1_000_000_000 };
    QuotaPace::new().with_limit(OperationClass::Read, limit)
}

fn keys(count: usize) -> Vec<PaceKey> {
    let distinct: Vec<_> = (0..count)
        .map(|number| key(OperationClass::Read, &format!("00000000-0000-0000-0000-{number:012}")))
        .collect();
    let mut keys: Vec<_> = distinct.iter().cycle().take(REQUESTS).cloned().collect();
    Random(1).shuffle(&mut keys);
    keys
}

async fn nanoseconds(pace: &dyn Pace, keys: &[PaceKey], quota: QuotaHint) -> Option<f64> {
    let elapsed = Duration::from_millis(80);
    let observation = PaceObservation { result: PaceResult::Answered, quota, elapsed };
    let mut rounds = Vec::with_capacity(ROUNDS);
    // The first round makes the lanes.
    for round in 0..=ROUNDS {
        let begun = Instant::now();
        for key in keys {
            let permit = pace.acquire(key, Priority::Bulk).await;
            pace.observe(key, &observation);
            drop(permit);
        }
        if round > 0 {
            rounds.push(begun.elapsed().as_secs_f64() * 1e9 / keys.len() as f64);
        }
    }
    median(rounds)
}
