//! A service that refuses everything for a while, and then works again.

use std::time::Duration;

use atg_perf::simulated::{BucketPolicer, Latency, Load, Policer, Run, Verdict};

use crate::{ms, reads};

/// A bucket of 250 and 25 a second, but for a while in which nothing is let through.
struct Outage {
    truth: BucketPolicer,
    from: Duration,
    until: Duration,
    retry_after: Duration,
    refusals_tell: Option<u64>,
}

impl Policer for Outage {
    fn ask(&mut self, now: Duration) -> Verdict {
        if now < self.from || now >= self.until {
            return self.truth.ask(now);
        }
        let (remaining, retry_after) = (self.refusals_tell, Some(self.retry_after));
        Verdict { admitted: false, remaining, resets_after: None, retry_after }
    }
}

const SECOND: Duration = ms(1_000);

async fn run(silent: bool, refusals_tell: Option<u64>, begin: u32, last: u32, wait: u32) -> Run {
    let truth = BucketPolicer::azure();
    let truth = if silent { truth.silent() } else { truth };
    let (from, until) = (SECOND * begin, SECOND * (begin + last));
    let outage = Outage { truth, from, until, retry_after: SECOND * wait, refusals_tell };
    let requests = if begin == 0 { 1_000 } else { 3_264 };
    reads(outage, Load { workers: 16, requests, latency: Latency::STEADY }).await
}

/// Seconds, and how long each refusal asks to wait.
const OUTAGES: [(u32, u32); 7] =
    [(10, 1), (30, 1), (30, 5), (60, 5), (120, 5), (600, 5), (600, 30)];

/// What every gate that opens in vain may cost, and the two bursts at the ends.
fn most_refused(last: u32, wait: u32) -> u64 {
    u64::from(last / wait) + 60
}

#[tokio::test(start_paused = true)]
async fn an_outage_at_the_start_costs_little_more_than_itself() {
    for silent in [true, false] {
        for (last, wait) in OUTAGES {
            let run = run(silent, None, 0, last, wait).await;
            let (refused, seconds) = (run.refused(), run.elapsed.as_secs_f64());
            let name = format!("{last} s, retry after {wait}, silent {silent}");
            println!("{name}: {refused} refused, {seconds:.1} s");
            assert!(seconds <= f64::from(last + wait) + 30.0 * 1.1, "{name}: {seconds} s");
            assert!(refused <= most_refused(last, wait), "{name}: {refused} refused");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_outage_in_mid_run_costs_little_more_than_itself() {
    for (silent, refusals_tell) in
        [(true, None), (false, None), (false, Some(100)), (false, Some(0))]
    {
        for (last, wait) in OUTAGES {
            let run = run(silent, refusals_tell, 20, last, wait).await;
            let (refused, seconds) = (run.refused(), run.elapsed.as_secs_f64());
            let name = format!("{last} s, retry after {wait}, silent {silent}, {refusals_tell:?}");
            println!("{name}: {refused} refused, {seconds:.1} s");
            let ideal = f64::from(last + wait) + (3_264.0 - 250.0) / 25.0;
            assert!(seconds <= ideal * 1.06, "{name}: {seconds} s");
            assert!(refused <= most_refused(last, wait), "{name}: {refused} refused");
        }
    }
}
