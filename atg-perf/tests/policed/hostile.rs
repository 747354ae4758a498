//! Services that say what is not so: slower than need be, perhaps, but never without end, and
//! never without mercy.

use std::time::Duration;

use atg_perf::simulated::{BucketPolicer, Latency, Load, Policer, Verdict, WindowPolicer};

use crate::{ms, queries, reads};

/// What is said to be left, by the request's number and the truth.
type SaidToBeLeft = fn(u64, &Verdict) -> Option<u64>;
type SaidToWait = fn(&Verdict) -> Option<Duration>;

/// A bucket of 250 and 25 a second whose headers say something else.
struct Liar<P = BucketPolicer> {
    truth: P,
    asked: u64,
    remaining: SaidToBeLeft,
    retry_after: SaidToWait,
}

impl<P> Liar<P> {
    fn about(truth: P, remaining: SaidToBeLeft) -> Self {
        let retry_after = |verdict: &Verdict| verdict.retry_after;
        Self { truth, asked: 0, remaining, retry_after }
    }
}

impl Liar {
    fn about_remaining(remaining: SaidToBeLeft) -> Self {
        Self::about(BucketPolicer::azure(), remaining)
    }

    fn about_waits(retry_after: SaidToWait) -> Self {
        let truth = BucketPolicer::azure().with_level(100.0);
        Self { truth, asked: 0, remaining: |_, _| None, retry_after }
    }
}

impl<P: Policer> Policer for Liar<P> {
    fn ask(&mut self, now: Duration) -> Verdict {
        let truth = self.truth.ask(now);
        self.asked += 1;
        Verdict {
            remaining: (self.remaining)(self.asked, &truth),
            retry_after: if truth.admitted { None } else { (self.retry_after)(&truth) },
            ..truth
        }
    }
}

/// 1,000 requests take 30 s where the truth is told.
const LOAD: Load = Load { workers: 16, requests: 1_000, latency: Latency::JITTERY };

#[tokio::test(start_paused = true)]
async fn headers_that_promise_too_much_are_found_out() {
    let lies: [(&str, SaidToBeLeft); 5] = [
        ("more than the bucket", |_, _| Some(10_000)),
        ("all there is", |_, _| Some(u64::MAX)),
        ("always the same", |_, _| Some(100)),
        ("rising", |asked, _| Some(asked)),
        ("anything", |asked, _| Some(asked.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (asked % 64))),
    ];
    for (lie, remaining) in lies {
        let run = reads(Liar::about_remaining(remaining), LOAD).await;
        println!("{lie}: {} refused, {:?}", run.refused(), run.elapsed);
        assert!(run.elapsed < ms(45_000), "{lie}: {:?}", run.elapsed);
        assert!(run.refused() <= 150, "{lie}: {} refused", run.refused());
    }
}

#[tokio::test(start_paused = true)]
async fn windows_that_promise_too_much_are_no_more_than_refused() {
    for limit in [10_000, u64::from(u32::MAX) - 1, u64::from(u32::MAX), u64::MAX] {
        let remaining: SaidToBeLeft = match limit {
            10_000 => |_, _| Some(10_000),
            0xffff_fffe => |_, _| Some(0xffff_fffe),
            0xffff_ffff => |_, _| Some(0xffff_ffff),
            _ => |_, _| Some(u64::MAX),
        };
        let load = Load { workers: 8, requests: 105, latency: Latency::JITTERY };
        let run = queries(Liar::about(WindowPolicer::azure(), remaining), load).await;
        println!("{limit}: {} refused, {:?}", run.refused(), run.elapsed);
        assert!(run.elapsed < ms(36_000), "{limit}: {:?}", run.elapsed);
        assert!(run.refused() <= 60, "{limit}: {} refused", run.refused());
    }
}

#[tokio::test(start_paused = true)]
async fn headers_that_promise_nothing_slow_down_and_stop_nothing() {
    let lies: [(&str, SaidToBeLeft); 6] = [
        ("nothing is ever left", |_, _| Some(0)),
        ("always one left", |_, _| Some(1)),
        ("always three left", |_, _| Some(3)),
        ("always six left", |_, _| Some(6)),
        ("always twelve left", |_, _| Some(12)),
        ("mostly nothing", |asked, _| Some(if asked % 10 == 0 { u64::MAX } else { 0 })),
    ];
    for (lie, remaining) in lies {
        let run = reads(Liar::about_remaining(remaining), LOAD).await;
        println!("{lie}: {} refused, {:?}", run.refused(), run.elapsed);
        assert!(run.elapsed < ms(120_000), "{lie}: {:?}", run.elapsed);
        assert!(run.refused() <= 150, "{lie}: {} refused", run.refused());
    }
}

#[tokio::test(start_paused = true)]
async fn waits_that_make_no_sense_are_bounded() {
    let lies: [(&str, u64, SaidToWait); 4] = [
        ("none", 60, |_| None),
        ("zero", 60, |_| Some(Duration::ZERO)),
        ("a moment", 60, |_| Some(Duration::from_nanos(1))),
        // An hour is the longest that is believed; it is tried twice.
        ("a week", 7_300, |_| Some(Duration::from_secs(7 * 86_400))),
    ];
    for (lie, seconds, retry_after) in lies {
        let run = reads(Liar::about_waits(retry_after), LOAD).await;
        println!("{lie}: {} refused, {:?}", run.refused(), run.elapsed);
        assert!(run.elapsed < ms(seconds * 1_000), "{lie}: {:?}", run.elapsed);
        assert!(run.refused() <= 60, "{lie}: {} refused", run.refused());
    }
}
