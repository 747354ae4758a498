//! Whatever happens in whatever order, no more goes out than the service said was left.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use atg_core::{
    OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority, QuotaHint,
};
use atg_perf::simulated::{BucketPolicer, Policer, Verdict, key};
use atg_perf::{QuotaLimit, QuotaPace};
use futures::FutureExt;
use proptest::prelude::*;
use tokio::time::{Instant, advance};

/// What happens next; numbers choose among what is there.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Requests are sent, as long as they may go at once.
    Send(u8),
    /// A request reaches the service.
    Arrive(u8),
    /// An answer comes back.
    Answer(u8),
    /// An answer never comes.
    Lose(u8),
    /// Another client takes from the quota.
    Others(u8),
    /// Time passes.
    Wait(u16),
}

fn step(others: u32) -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (1..=40_u8).prop_map(Step::Send),
        12 => any::<u8>().prop_map(Step::Arrive),
        12 => any::<u8>().prop_map(Step::Answer),
        1 => any::<u8>().prop_map(Step::Lose),
        others => any::<u8>().prop_map(Step::Others),
        4 => (0..=400_u16).prop_map(Step::Wait),
    ]
}

struct Request {
    permit: Permit,
    sent_at: Instant,
    /// What the service said, and as the how many-th.
    verdict: Option<(Verdict, u64)>,
}

/// A pace, the service, and what is between them.
struct World {
    pace: QuotaPace,
    key: PaceKey,
    service: BucketPolicer,
    start: Instant,
    under_way: Vec<Request>,
    arrived: u64,
    refused: usize,
    most_under_way: usize,
    /// What the last answer left for others than those under way, until time passes.
    left: Option<u64>,
    sent_since: u64,
}

impl World {
    fn new(capacity: u32, refill_per_second: u32) -> Self {
        let limit = QuotaLimit::Bucket { capacity, refill_per_second };
        Self {
            pace: QuotaPace::new().with_limit(OperationClass::Read, limit),
            key: key(OperationClass::Read, "a"),
            service: BucketPolicer::full(capacity, f64::from(refill_per_second)),
            start: Instant::now(),
            under_way: Vec::new(),
            arrived: 0,
            refused: 0,
            most_under_way: 0,
            left: None,
            sent_since: 0,
        }
    }

    async fn step(&mut self, step: Step) -> Result<(), TestCaseError> {
        match step {
            Step::Send(count) => (0..count).try_for_each(|_| self.send())?,
            Step::Arrive(which) => {
                let now = self.start.elapsed();
                let here = self.under_way.iter_mut().filter(|one| one.verdict.is_none());
                let here: Vec<_> = here.collect();
                let chosen = usize::from(which) % here.len().max(1);
                if let Some(request) = here.into_iter().nth(chosen) {
                    self.arrived += 1;
                    request.verdict = Some((self.service.ask(now), self.arrived));
                }
            }
            Step::Answer(which) => {
                let is_ready = |request: &Request| request.verdict.is_some();
                let ready: Vec<_> = (0..self.under_way.len())
                    .filter(|index| is_ready(&self.under_way[*index]))
                    .collect();
                if !ready.is_empty() {
                    self.answer(ready[usize::from(which) % ready.len()]);
                }
            }
            Step::Lose(which) => {
                if !self.under_way.is_empty() {
                    let index = usize::from(which) % self.under_way.len();
                    self.under_way.remove(index);
                }
            }
            Step::Others(count) => {
                for _ in 0..count {
                    self.service.ask(self.start.elapsed());
                }
            }
            Step::Wait(milliseconds) => {
                advance(Duration::from_millis(milliseconds.into())).await;
                self.left = None;
            }
        }
        Ok(())
    }

    fn send(&mut self) -> Result<(), TestCaseError> {
        let acquired = self.pace.acquire(&self.key, Priority::Bulk).now_or_never();
        if let Some(permit) = acquired {
            self.under_way.push(Request { permit, sent_at: Instant::now(), verdict: None });
            self.most_under_way = self.most_under_way.max(self.under_way.len());
            self.sent_since += 1;
            let left = self.left.unwrap_or(u64::MAX);
            prop_assert!(self.sent_since <= left, "{} sent of {left} left", self.sent_since);
        }
        Ok(())
    }

    fn answer(&mut self, index: usize) {
        let request = self.under_way.remove(index);
        let (verdict, number) = request.verdict.unwrap();
        self.refused += usize::from(!verdict.admitted);
        let result = if verdict.admitted {
            PaceResult::Answered
        } else {
            PaceResult::Throttled(verdict.retry_after)
        };
        let quota = QuotaHint { remaining: verdict.remaining, resets_after: None };
        let elapsed = request.sent_at.elapsed();
        self.pace.observe(&self.key, &PaceObservation { result, quota, elapsed });
        drop(request.permit);
        // Those under way that came after it, or have yet to come, are to have their share.
        let is_later = |request: &&Request| request.verdict.is_none_or(|(_, at)| at > number);
        let later = self.under_way.iter().filter(is_later).count();
        let left = verdict.remaining.unwrap().saturating_sub(later.try_into().unwrap());
        // An older answer is no news where a newer one has said less.
        if self.left.is_none_or(|before| left <= before.saturating_sub(self.sent_since)) {
            (self.left, self.sent_since) = (Some(left), 0);
        }
    }
}

fn run((capacity, refill): (u32, u32), steps: Vec<Step>) -> Result<(usize, usize), TestCaseError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut world = World::new(capacity, refill);
        for step in steps {
            world.step(step).await?;
        }
        Ok((world.refused, world.most_under_way))
    })
}

proptest! {
    #[test]
    fn no_more_goes_at_once_than_was_said_to_be_left(
        quota in (1..400_u32, 1..200_u32),
        steps in prop::collection::vec(step(1), 1..400),
    ) {
        run(quota, steps)?;
    }

    /// Nobody else is there and the limit is known: what goes beyond it is not more than what was
    /// under way at once.
    #[test]
    fn a_known_quota_is_exceeded_by_no_more_than_was_under_way(
        quota in (1..400_u32, 1..200_u32),
        steps in prop::collection::vec(step(0), 1..400),
    ) {
        let (refused, under_way) = run(quota, steps)?;
        prop_assert!(refused <= under_way, "{refused} refused, {under_way} under way");
    }
}
