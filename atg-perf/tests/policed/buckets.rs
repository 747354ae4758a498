//! Reads against buckets that fill steadily.

use atg_perf::simulated::{BucketPolicer, Latency, Load};

use crate::{expect, reads, scans};

const IDEAL: f64 = (3_264.0 - 250.0) / 25.0;
const SHARED: f64 = (3_264.0 - 250.0) / 15.0;

#[tokio::test(start_paused = true)]
async fn reads_run_at_the_buckets_rate() {
    for load in scans() {
        let name = format!("bucket, {load:?}");
        expect(&name, &reads(BucketPolicer::azure(), load).await, IDEAL, 1.01, 8);
    }
    let load = Load { workers: 16, requests: 1_000, latency: Latency::STEADY };
    let run = reads(BucketPolicer::azure().with_level(40.0), load).await;
    expect("partly used bucket", &run, 960.0 / 25.0, 1.02, 8);
}

#[tokio::test(start_paused = true)]
async fn refusals_that_cost_a_token_are_few() {
    for load in scans() {
        let run = reads(BucketPolicer::azure().charging_refusals(), load).await;
        expect(&format!("charged, {load:?}"), &run, IDEAL, 1.02, 12);
    }
}

#[tokio::test(start_paused = true)]
async fn another_clients_share_is_left_to_it() {
    for load in scans() {
        let run = reads(BucketPolicer::azure().with_others(10.0), load).await;
        expect(&format!("shared, {load:?}"), &run, SHARED, 1.02, 12);
    }
}

#[tokio::test(start_paused = true)]
async fn refusals_alone_show_the_rate() {
    for load in scans() {
        let run = reads(BucketPolicer::azure().silent(), load).await;
        expect(&format!("silent, {load:?}"), &run, IDEAL, 1.05, 60);
        let run = reads(BucketPolicer::azure().silent().with_others(10.0), load).await;
        expect(&format!("silent, shared, {load:?}"), &run, SHARED, 1.02, 60);
        let run = reads(BucketPolicer::azure().silent().charging_refusals(), load).await;
        expect(&format!("silent, charged, {load:?}"), &run, IDEAL, 1.05, 60);
    }
}
