//! Queries against fixed windows.

use atg_perf::simulated::{Latency, Load, WindowPolicer};

use crate::{LATENCIES, expect, ms, queries};

const fn load(requests: u64, latency: Latency) -> Load {
    Load { workers: 8, requests, latency }
}

#[tokio::test(start_paused = true)]
async fn queries_use_every_window_and_waste_none() {
    for whole in [false, true] {
        let azure = || {
            let policer = WindowPolicer::azure();
            if whole { policer.rounding_resets() } else { policer }
        };
        let own_clock = azure().with_an_end_at(ms(5_000));
        expect("own clock", &queries(own_clock, load(105, Latency::STEADY)).await, 30.0, 1.02, 0);
        expect("first query", &queries(azure(), load(105, Latency::STEADY)).await, 30.0, 1.02, 0);
        expect("jitter", &queries(azure(), load(105, Latency::JITTERY)).await, 30.0, 1.02, 0);
    }
    // In the middle of a window, and with whole seconds: the reset comes a second late at most.
    let own_phase = WindowPolicer::azure().rounding_resets().with_an_end_at(ms(3_700));
    expect("own phase", &queries(own_phase, load(105, Latency::JITTERY)).await, 28.7, 1.06, 0);
}

#[tokio::test(start_paused = true)]
async fn a_window_that_others_have_used_costs_little() {
    let policer = WindowPolicer::azure().with_an_end_at(ms(2_000)).with_used(10);
    // Five pass before 2 s, then fifteen at 2, 7, ... 32 s.
    let run = queries(policer, load(110, Latency::STEADY)).await;
    expect("partly used window", &run, 32.0, 1.02, 3);
}

#[tokio::test(start_paused = true)]
async fn another_limit_is_found_within_two_windows() {
    for latency in LATENCIES {
        // Fifteen at 0, 5 and 10 s, then thirty or seven every five.
        let doubled = WindowPolicer::azure().changing(ms(14_000), 30);
        let run = queries(doubled, load(45 + 30 * 6, latency)).await;
        expect(&format!("doubled, {latency:?}"), &run, 40.0, 1.03, 0);
        let halved = WindowPolicer::azure().changing(ms(14_000), 7);
        let run = queries(halved, load(45 + 7 * 6, latency)).await;
        expect(&format!("halved, {latency:?}"), &run, 40.0, 1.03, 2);
        let refused_late = run.arrivals.iter().filter(|one| one.at > ms(24_000) && !one.admitted);
        assert_eq!(refused_late.count(), 0);
    }
}
