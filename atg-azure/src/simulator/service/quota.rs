//! [`Quotas`]: who has used how much, and what the answer's headers say about it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use foldhash::HashMap;

use super::bucket::TokenBucket;
use super::limits::Limits;
use super::window::{QuotaWindow, WindowState};

/// All principals of a subscription together have this many times one principal's reads.
const PRINCIPALS_FACTOR: u32 = 15;
/// Above this many buckets, those that are full again are forgotten.
const BUCKETS_KEPT: usize = 4_096;

/// What a request is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    /// The reads of a subscription, by its number.
    Subscription(usize),
    /// The reads of the tenant.
    Tenant,
    /// The queries of Resource Graph, and a read of the tenant.
    Query,
}

/// Whether a request may be answered, and what its answer says about quotas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// How long to wait, where the request is refused.
    pub(crate) wait: Option<Duration>,
    /// Headers about what is left.
    pub(crate) headers: Vec<(&'static str, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Subscription(usize, u64),
    AllPrincipals(usize),
    Tenant(u64),
}

/// The state of every quota; safe to ask from many tasks.
#[derive(Debug)]
pub(crate) struct Quotas {
    limits: Limits,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    buckets: HashMap<Key, TokenBucket>,
    windows: HashMap<u64, QuotaWindow>,
}

impl Quotas {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, state: Mutex::default() }
    }

    /// Charges a request of `principal` at `now`.
    pub(crate) fn charge(&self, charge: Charge, principal: u64, now: Duration) -> Verdict {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut verdict = Verdict::default();
        match charge {
            Charge::Subscription(number) => {
                let key = Key::Subscription(number, principal);
                let own = "x-ms-ratelimit-remaining-subscription-reads";
                self.read(&mut state, key, 1, own, now, &mut verdict);
                let all = "x-ms-ratelimit-remaining-subscription-global-reads";
                let key = Key::AllPrincipals(number);
                if verdict.wait.is_none() {
                    self.read(&mut state, key, PRINCIPALS_FACTOR, all, now, &mut verdict);
                }
            }
            Charge::Tenant => self.tenant(&mut state, principal, now, &mut verdict),
            Charge::Query => {
                self.query(&mut state, principal, now, &mut verdict);
                if verdict.wait.is_none() {
                    self.tenant(&mut state, principal, now, &mut verdict);
                }
            }
        }
        state.forget_idle(now);
        verdict
    }

    fn tenant(&self, state: &mut State, principal: u64, now: Duration, verdict: &mut Verdict) {
        let header = "x-ms-ratelimit-remaining-tenant-reads";
        self.read(state, Key::Tenant(principal), 1, header, now, verdict);
    }

    fn read(
        &self,
        state: &mut State,
        key: Key,
        factor: u32,
        header: &'static str,
        now: Duration,
        verdict: &mut Verdict,
    ) {
        let Some(limit) = self.limits.reads else { return };
        let full = || TokenBucket::full(limit.times(factor), now);
        let bucket = state.buckets.entry(key).or_insert_with(full);
        let taken = bucket.take(now);
        if taken.is_err() && self.limits.refusals_cost {
            bucket.punish();
        }
        verdict.headers.push((header, taken.unwrap_or(0).to_string()));
        verdict.wait = taken.err();
    }

    fn query(&self, state: &mut State, principal: u64, now: Duration, verdict: &mut Verdict) {
        let Some(limit) = self.limits.queries else { return };
        let window = state.windows.entry(principal).or_insert_with(|| QuotaWindow::new(limit));
        let WindowState { admitted, remaining, resets_after } = window.take(now);
        verdict.headers.push(("x-ms-user-quota-remaining", remaining.to_string()));
        verdict.headers.push(("x-ms-user-quota-resets-after", hours_minutes_seconds(resets_after)));
        verdict.wait = (!admitted).then_some(resets_after);
    }
}

impl State {
    fn forget_idle(&mut self, now: Duration) {
        if self.buckets.len() > BUCKETS_KEPT {
            self.buckets.retain(|_, bucket| !bucket.is_full(now));
        }
        if self.windows.len() > BUCKETS_KEPT {
            self.windows.retain(|_, window| !window.is_over(now));
        }
    }
}

/// Whole seconds, rounded up, so that who waits that long has waited enough; at least 1.
pub(crate) fn whole_seconds(wait: Duration) -> u64 {
    (wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(1)
}

fn hours_minutes_seconds(wait: Duration) -> String {
    let seconds = whole_seconds(wait);
    format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::super::bucket::BucketLimit;
    use super::*;

    fn quotas(capacity: u32, refusals_cost: bool) -> Quotas {
        let reads = Some(BucketLimit::new(capacity, 1));
        Quotas::new(Limits { reads, refusals_cost, ..Limits::azure() })
    }

    #[test]
    fn principals_and_subscriptions_do_not_share_a_bucket_but_all_share_the_fifteenfold() {
        let quotas = quotas(1, false);
        for principal in 0..15 {
            let verdict = quotas.charge(Charge::Subscription(0), principal, Duration::ZERO);
            assert_eq!(verdict.wait, None, "principal {principal}");
        }
        let sixteenth = quotas.charge(Charge::Subscription(0), 15, Duration::ZERO);
        assert!(sixteenth.wait.is_some());
        assert_eq!(quotas.charge(Charge::Subscription(1), 0, Duration::ZERO).wait, None);
        let again = quotas.charge(Charge::Subscription(1), 0, Duration::ZERO);
        assert_eq!(again.wait, Some(Duration::from_secs(1)));
        assert_eq!(again.headers[0].1, "0");
    }

    #[test]
    fn a_query_tells_of_its_window_and_of_the_tenant() {
        let quotas = Quotas::new(Limits::azure());
        let verdict = quotas.charge(Charge::Query, 1, Duration::ZERO);
        assert_eq!(
            verdict.headers,
            [
                ("x-ms-user-quota-remaining", "14".to_owned()),
                ("x-ms-user-quota-resets-after", "00:00:05".to_owned()),
                ("x-ms-ratelimit-remaining-tenant-reads", "249".to_owned()),
            ]
        );
        for _ in 1..15 {
            assert_eq!(quotas.charge(Charge::Query, 1, Duration::from_secs(1)).wait, None);
        }
        let refused = quotas.charge(Charge::Query, 1, Duration::from_secs(2));
        assert_eq!(refused.wait, Some(Duration::from_secs(3)));
        assert_eq!(quotas.charge(Charge::Query, 2, Duration::from_secs(2)).wait, None);
    }

    #[test]
    fn where_refusals_cost_an_eager_client_never_gets_through() {
        let take = |quotas: &Quotas| {
            let at = |half: u64| Duration::from_millis(500 * half);
            (0..20)
                .filter(|half| quotas.charge(Charge::Tenant, 1, at(*half)).wait.is_none())
                .count()
        };
        assert_eq!(take(&quotas(1, false)), 10);
        assert_eq!(take(&quotas(1, true)), 1);
    }

    #[test]
    fn no_limits_no_headers() {
        let quotas = Quotas::new(Limits::none());
        for charge in [Charge::Query, Charge::Tenant, Charge::Subscription(3)] {
            assert_eq!(quotas.charge(charge, 1, Duration::ZERO), Verdict::default());
        }
    }

    #[test]
    fn waits_are_told_in_whole_seconds_upwards() {
        assert_eq!(whole_seconds(Duration::ZERO), 1);
        assert_eq!(whole_seconds(Duration::from_millis(1_001)), 2);
        assert_eq!(hours_minutes_seconds(Duration::from_secs(3_725)), "01:02:05");
    }

    #[test]
    fn idle_buckets_are_forgotten() {
        let quotas = Quotas::new(Limits::azure());
        for principal in 0..10_000 {
            quotas.charge(Charge::Query, principal, Duration::from_secs(principal * 10));
        }
        let state = quotas.state.lock().unwrap();
        assert!(state.buckets.len() <= BUCKETS_KEPT + 1 && state.windows.len() <= BUCKETS_KEPT + 1);
    }
}
