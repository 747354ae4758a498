//! Quotas that change in mid-run.

use std::time::Duration;

use atg_perf::simulated::{BucketPolicer, Run};

use crate::{expect, ms, reads, scans};

const CHANGE: Duration = ms(60_000);
const TO_DOUBLED: f64 = 60.0 + (3_264.0 - 250.0 - 1_500.0) / 50.0;
const TO_HALVED: f64 = 60.0 + (3_264.0 - 250.0 - 1_500.0) / 12.5;

/// Requests a second for a while at a time, from so many seconds after the change to a time
/// at which everything still runs.
fn rates(run: &Run, after: u64, period: Duration) -> impl Iterator<Item = f64> {
    (after * 10..200).map(move |tenths| run.rate(CHANGE + ms(100 * tenths), period))
}

#[tokio::test(start_paused = true)]
async fn headers_tell_a_doubled_quota() {
    for load in scans() {
        let run = reads(BucketPolicer::azure().changing(CHANGE, 2.0), load).await;
        expect(&format!("doubled, {load:?}"), &run, TO_DOUBLED, 1.02, 0);
        for rate in rates(&run, 5, ms(5_000)) {
            assert!((45.0..55.0).contains(&rate), "{load:?}: {rate} a second");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn headers_tell_a_halved_quota() {
    for load in scans() {
        let run = reads(BucketPolicer::azure().changing(CHANGE, 0.5), load).await;
        expect(&format!("halved, {load:?}"), &run, TO_HALVED, 1.01, 4);
        for rate in rates(&run, 2, ms(5_000)) {
            assert!((11.2..13.8).contains(&rate), "{load:?}: {rate} a second");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn going_faster_finds_a_doubled_quota() {
    // The later the last refusal was, the sooner it is found.
    for at in (54_000..60_000).step_by(1_000) {
        for load in scans() {
            let at = ms(at);
            let run = reads(BucketPolicer::azure().silent().changing(at, 2.0), load).await;
            let ideal = at.as_secs_f64() + (3_264.0 - 250.0 - 25.0 * at.as_secs_f64()) / 50.0;
            expect(&format!("doubled at {at:?}, silent, {load:?}"), &run, ideal, 1.06, 30);
            // Within 10 s it goes as fast as now allowed; that it stays so, the whole time says.
            let fastest = (0..80).map(|tenths| run.rate(at + ms(100 * tenths), ms(2_000)));
            assert!(fastest.fold(0.0, f64::max) >= 45.0, "{load:?} at {at:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_find_a_halved_quota() {
    for load in scans() {
        let run = reads(BucketPolicer::azure().silent().changing(CHANGE, 0.5), load).await;
        expect(&format!("halved, silent, {load:?}"), &run, TO_HALVED, 1.02, 60);
        for rate in rates(&run, 5, ms(10_000)) {
            assert!((10.0..15.0).contains(&rate), "{load:?}: {rate} a second");
        }
    }
}
