//! [`RetryBudget`]: how many requests may be repeated.

use std::time::Duration;

/// Thousandths of a token, so that a fraction is a whole number.
const TOKEN: u64 = 1_000;
const NANOSECONDS_A_MILLISECOND: u32 = 1_000_000;

/// Bounds repetitions to a part of all requests.
///
/// Where a service fails as a whole, repeating every request several times multiplies its load
/// when it can bear it least. So each request pays a fraction of a token in, each repetition
/// takes a whole one out, and where none is left a failure is final. A few a second are paid in
/// by time alone, so that a client with few requests may repeat them too.
///
/// A value without a clock: times are durations since any fixed moment, and one that runs
/// backwards pays nothing in. Exact to a thousandth of a token; never more than its capacity.
///
/// ```
/// use std::time::Duration;
/// use atg_perf::RetryBudget;
///
/// let mut budget = RetryBudget::new(2, 0, 0.25);
/// let now = Duration::ZERO;
/// assert!(budget.withdraw(now) && budget.withdraw(now));
/// assert!(!budget.withdraw(now));
/// for _ in 0..4 {
///     budget.deposit();
/// }
/// assert!(budget.withdraw(now));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryBudget {
    capacity: u64,
    balance: u64,
    per_request: u64,
    per_second: u64,
    paid_at: Duration,
}

impl RetryBudget {
    /// A full budget of `capacity` repetitions, to which each second adds `per_second` and each
    /// request a fraction, 0 to 1; what is no such number counts as the nearer of the two, NaN
    /// as 0.
    pub fn new(capacity: u32, per_second: u32, fraction: f64) -> Self {
        let capacity = u64::from(capacity) * TOKEN;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 1,000, and NaN becomes 0"
        )]
        let per_request = (fraction.clamp(0.0, 1.0) * 1_000.0).round() as u64;
        let per_second = u64::from(per_second);
        Self { capacity, balance: capacity, per_request, per_second, paid_at: Duration::ZERO }
    }

    /// Takes note of a request that is no repetition.
    pub fn deposit(&mut self) {
        self.balance = self.balance.saturating_add(self.per_request).min(self.capacity);
    }

    /// Takes out a repetition; whether there was one.
    pub fn withdraw(&mut self, now: Duration) -> bool {
        self.pay_in(now);
        let rest = self.balance.checked_sub(TOKEN);
        self.balance = rest.unwrap_or(self.balance);
        rest.is_some()
    }

    /// Repetitions left.
    pub fn left(&self) -> u32 {
        u32::try_from(self.balance / TOKEN).unwrap_or(u32::MAX)
    }

    /// What time alone adds.
    fn pay_in(&mut self, now: Duration) {
        let Some(passed) = now.checked_sub(self.paid_at) else { return };
        // A millisecond pays thousandths as a second pays tokens; a part of one is paid later.
        let paid = u64::try_from(passed.as_millis()).unwrap_or(u64::MAX);
        let earned = paid.saturating_mul(self.per_second);
        self.balance = self.balance.saturating_add(earned).min(self.capacity);
        self.paid_at = now.saturating_sub(Duration::from_nanos(u64::from(
            passed.subsec_nanos() % NANOSECONDS_A_MILLISECOND,
        )));
    }
}

impl Default for RetryBudget {
    /// 100 repetitions at once, 10 a second, and a fifth of all requests: as Finagle has the two
    /// latter.
    fn default() -> Self {
        Self::new(100, 10, 0.2)
    }
}

#[cfg(test)]
mod tests {
    use super::RetryBudget;
    use std::time::Duration;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn spend(budget: &mut RetryBudget, now: Duration) -> u32 {
        let mut spent = 0;
        while budget.withdraw(now) {
            spent += 1;
        }
        spent
    }

    #[test]
    fn a_total_outage_is_repeated_by_a_fraction_only() {
        let mut budget = RetryBudget::new(10, 0, 0.2);
        let mut repeated = 0;
        for _ in 0..1_000 {
            budget.deposit();
            repeated += u32::from(budget.withdraw(secs(1)));
        }
        // The first request finds the budget full.
        assert_eq!(repeated, 10 + 200 - 1);
    }

    #[test]
    fn time_pays_in_up_to_the_capacity_and_never_backwards() {
        let mut budget = RetryBudget::new(50, 10, 0.0);
        assert_eq!(spend(&mut budget, secs(0)), 50);
        assert_eq!(spend(&mut budget, secs(2)), 20);
        assert_eq!(spend(&mut budget, secs(1)), 0);
        assert_eq!(spend(&mut budget, secs(3)), 10);
        assert_eq!(spend(&mut budget, Duration::MAX), 50);
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn many_short_moments_pay_as_much_as_a_long_one() {
        let mut budget = RetryBudget::new(10, 10, 0.0);
        spend(&mut budget, secs(0));
        let spent: u32 =
            (1..=1_000).map(|step| spend(&mut budget, Duration::from_millis(step))).sum();
        assert_eq!(spent, 10);
    }

    #[test]
    fn odd_numbers_are_bounded() {
        for (fraction, deposits) in [(f64::NAN, 0), (-1.0, 0), (7.0, 1), (f64::INFINITY, 1)] {
            let mut budget = RetryBudget::new(u32::MAX, u32::MAX, fraction);
            budget.balance = 0;
            budget.deposit();
            assert_eq!(budget.left(), deposits, "{fraction}");
            let _ = budget.withdraw(Duration::MAX);
            budget.deposit();
        }
        assert_eq!(spend(&mut RetryBudget::new(0, u32::MAX, 1.0), secs(9)), 0);
    }
}
