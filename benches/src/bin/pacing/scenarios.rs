//! What the paces meet.

use std::time::Duration;

use atg_perf::simulated::{BucketPolicer, Latency};

/// The reads of a scan.
pub(crate) const REQUESTS: u64 = 3_264;

/// A bucket gives so many at once, and so many a second.
const BURST: f64 = 250.0;
const RATE: f64 = 25.0;
const CHANGE: Duration = Duration::from_secs(60);

/// A service, and what ours may need against it.
#[derive(Clone, Copy)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) policer: fn() -> BucketPolicer,
    /// Subscriptions at once, each with such a policer.
    pub(crate) subscriptions: usize,
    /// The latency of the table; limits are checked with both.
    pub(crate) latency: Latency,
    /// Seconds that nobody can beat.
    pub(crate) ideal: f64,
    pub(crate) change: Option<Change>,
    /// The most that ours may need: times the ideal time, and refusals.
    pub(crate) most: (f64, u32),
}

/// Another rate from some moment on.
#[derive(Clone, Copy)]
pub(crate) struct Change {
    pub(crate) at: Duration,
    pub(crate) rate: f64,
}

impl Change {
    pub(crate) fn rises(self) -> bool {
        self.rate > RATE
    }
}

/// A full bucket that gives so many a second to us.
fn steady(rate: f64) -> f64 {
    (REQUESTS as f64 - BURST) / rate
}

fn changed(rate: f64) -> f64 {
    let at = CHANGE.as_secs_f64();
    at + (REQUESTS as f64 - BURST - at * RATE) / rate
}

/// All of them.
pub(crate) fn all() -> Vec<Scenario> {
    let accurate = Scenario {
        name: "accurate",
        policer: BucketPolicer::azure,
        subscriptions: 1,
        latency: Latency::STEADY,
        ideal: steady(RATE),
        change: None,
        most: (1.01, 8),
    };
    let shared = Scenario {
        name: "another client takes 40%",
        policer: || BucketPolicer::azure().with_others(10.0),
        ideal: steady(15.0),
        most: (1.02, 12),
        ..accurate
    };
    let doubles = Scenario {
        name: "doubles after 60 s",
        policer: || BucketPolicer::azure().changing(CHANGE, 2.0),
        ideal: changed(50.0),
        change: Some(Change { at: CHANGE, rate: 50.0 }),
        most: (1.02, 12),
        ..accurate
    };
    let halves = Scenario {
        name: "halves after 60 s",
        policer: || BucketPolicer::azure().changing(CHANGE, 0.5),
        ideal: changed(12.5),
        change: Some(Change { at: CHANGE, rate: 12.5 }),
        most: (1.02, 12),
        ..accurate
    };
    let charged = Scenario {
        name: "refusals cost a token",
        policer: || BucketPolicer::azure().charging_refusals(),
        most: (1.02, 12),
        ..accurate
    };
    let silent = Scenario {
        name: "no headers",
        policer: || BucketPolicer::azure().silent(),
        most: (1.05, 60),
        ..accurate
    };
    vec![
        accurate,
        Scenario { name: "accurate, jitter", latency: Latency::JITTERY, ..accurate },
        charged,
        shared,
        Scenario { name: "another takes 40%, jitter", latency: Latency::JITTERY, ..shared },
        silent,
        Scenario { name: "ten subscriptions", subscriptions: 10, ..accurate },
        doubles,
        Scenario {
            name: "doubles, no headers",
            policer: || BucketPolicer::azure().changing(CHANGE, 2.0).silent(),
            most: silent.most,
            ..doubles
        },
        halves,
        Scenario {
            name: "halves, no headers",
            policer: || BucketPolicer::azure().changing(CHANGE, 0.5).silent(),
            most: silent.most,
            ..halves
        },
    ]
}
