//! Many quotas side by side.

use std::sync::Arc;

use atg_core::OperationClass;
use atg_perf::QuotaPace;
use atg_perf::simulated::{BucketPolicer, key, send_all};
use futures::future::join_all;

use crate::{expect, scans};

#[tokio::test(start_paused = true)]
async fn ten_subscriptions_take_no_longer_than_one() {
    for load in scans() {
        let pace = Arc::new(QuotaPace::new());
        let runs = (0..10).map(|number| {
            let key = key(OperationClass::Read, &format!("subscription-{number}"));
            send_all(Arc::clone(&pace), key, BucketPolicer::azure(), load)
        });
        for run in join_all(runs).await {
            expect(&format!("one of ten, {load:?}"), &run, (3_264.0 - 250.0) / 25.0, 1.01, 1);
        }
    }
}
