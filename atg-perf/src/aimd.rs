//! [`AimdRate`]: a rate found by refusals alone.

use std::time::Duration;

/// Seconds for which the rate stays as it is after a refusal.
const HOLD: f64 = 3.0;
/// Seconds of growth until the rate has doubled.
const DOUBLING: f64 = 4.5;
/// Requests a second; lower rates grow as much more slowly, for there is less to learn from.
const UNHURRIED: f64 = 8.0;
/// A shorter time between two refusals measures nothing.
const SHORTEST_EPOCH: Duration = Duration::from_millis(900);
/// Longer without an answer, and nobody was trying the rate.
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// The most that one refusal may cut: to this part of the rate.
const DEEPEST_CUT: f64 = 0.3;
/// A little less than was measured is right for longer.
const CAUTION: f64 = 0.98;
/// What a refusal that measures nothing cuts it to.
const PLAIN_CUT: f64 = 0.9;
/// How far the rate may get from what it was given to begin with: to a part or a multiple of it.
pub(crate) const FURTHEST: f64 = 32.0;
/// What may be given.
const SLOWEST: f64 = 1e-3;
const FASTEST: f64 = 1e9;

/// A rate that rises while requests go at it and none is refused, and falls with a refusal.
///
/// - **Rise**: flat for 3 s after a refusal, or for as long as that made everyone wait; then ever
///   faster, and doubled 4.5 s later. Only time counts in which requests wait for the rate and are
///   let through. Below 8 a second it takes longer.
/// - **Fall**: between two refusals exactly what came back was let through, for at both the
///   quota was used up; so the rate falls to what was let through a second, if not below 30% of
///   what it was. Where two come within 0.9 s, by a tenth. Where nothing at all was let through,
///   the other side is out of order: that measures nothing, and the rate stays.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AimdRate {
    base: f64,
    slowest: f64,
    fastest: f64,
    /// Seconds until it rises.
    hold: f64,
    /// Seconds of sending at the rate since the last refusal.
    pushed: f64,
    is_pushed: bool,
    admitted_at: Duration,
    refused_at: Option<Duration>,
    admitted: u32,
}

impl AimdRate {
    /// A rate to begin with, in requests a second; it never gets further than 32 times from
    /// `nominal`, up or down.
    pub(crate) fn new(per_second: f64, nominal: f64) -> Self {
        let nominal = nominal.clamp(SLOWEST, FASTEST);
        let (slowest, fastest) = (nominal / FURTHEST, nominal * FURTHEST);
        Self {
            base: per_second.clamp(slowest, fastest),
            slowest,
            fastest,
            hold: HOLD,
            pushed: 0.0,
            is_pushed: false,
            admitted_at: Duration::ZERO,
            refused_at: None,
            admitted: 0,
        }
    }

    /// Requests a second.
    pub(crate) fn per_second(&self) -> f64 {
        let pushed = self.pushed * (self.base / UNHURRIED).min(1.0);
        let growth = ((pushed - self.hold) / DOUBLING).max(0.0);
        (self.base * (1.0 + growth * growth)).min(self.fastest)
    }

    /// Takes note whether requests wait for the rate.
    pub(crate) fn push(&mut self, is_pushed: bool) {
        self.is_pushed = is_pushed;
    }

    /// Takes note that the quota was unused for a while: what was counted measures nothing.
    pub(crate) fn idle(&mut self) {
        self.refused_at = None;
    }

    /// Takes note that a request was let through.
    pub(crate) fn admit(&mut self, now: Duration) {
        self.admitted = self.admitted.saturating_add(1);
        if self.is_pushed {
            let passed = now.saturating_sub(self.admitted_at).min(LONGEST_PAUSE);
            self.pushed += passed.as_secs_f64();
        }
        self.admitted_at = self.admitted_at.max(now);
    }

    /// Takes note of a refusal for want of quota, the first of its burst, that holds everyone
    /// back for so long.
    pub(crate) fn refuse(&mut self, now: Duration, wait: Duration) {
        let rate = self.per_second();
        self.hold = wait.as_secs_f64().max(HOLD);
        self.admitted_at = now.saturating_add(wait);
        let epoch = self.refused_at.map(|before| now.saturating_sub(before));
        self.pushed = 0.0;
        self.is_pushed = false;
        match epoch {
            Some(epoch) if epoch < SHORTEST_EPOCH => {
                self.base = (rate * PLAIN_CUT).max(self.slowest);
                return;
            }
            // An outage: how fast it comes back afterwards is not known.
            Some(_) if self.admitted == 0 => self.base = rate,
            Some(epoch) => {
                let measured = CAUTION * f64::from(self.admitted) / epoch.as_secs_f64();
                self.base = measured.clamp(rate * DEEPEST_CUT, rate).max(self.slowest);
            }
            // The first refusal: how full the quota was before is not known.
            None => {}
        }
        self.refused_at = Some(now);
        self.admitted = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::AimdRate;
    use std::time::Duration;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    /// Lets requests through at some rate, from and to these milliseconds.
    fn admit(rate: &mut AimdRate, from: u64, to: u64, per_second: u64) {
        for at in (from..to).step_by(usize::try_from(1_000 / per_second).unwrap()) {
            rate.push(true);
            rate.admit(ms(at));
        }
    }

    #[test]
    fn it_stays_for_three_seconds_and_then_rises_ever_faster() {
        let mut rate = AimdRate::new(25.0, 25.0);
        admit(&mut rate, 0, 3_000, 25);
        assert!((rate.per_second() - 25.0).abs() < 1e-9);
        admit(&mut rate, 3_000, 7_541, 25);
        assert!((rate.per_second() - 50.0).abs() < 0.5, "{}", rate.per_second());
    }

    #[test]
    fn what_is_not_tried_does_not_rise() {
        let mut rate = AimdRate::new(25.0, 25.0);
        for second in 0..1_000 {
            rate.push(false);
            rate.admit(ms(second * 1_000));
        }
        assert!((rate.per_second() - 25.0).abs() < 1e-9);
    }

    #[test]
    fn it_falls_to_what_was_let_through_between_two_refusals() {
        let mut rate = AimdRate::new(25.0, 25.0);
        rate.refuse(ms(0), ms(1_000));
        assert!((rate.per_second() - 25.0).abs() < 1e-9, "the first one measures nothing");
        admit(&mut rate, 0, 2_000, 10);
        rate.refuse(ms(2_000), ms(1_000));
        assert!((rate.per_second() - 9.8).abs() < 1e-9, "{}", rate.per_second());
        admit(&mut rate, 8_000, 9_000, 1);
        rate.refuse(ms(9_000), ms(1_000));
        assert!((rate.per_second() - 2.94).abs() < 1e-9, "at one go by 70% at the most");
        rate.refuse(ms(9_100), ms(1_000));
        assert!((rate.per_second() - 2.646).abs() < 1e-9, "too soon after to measure");
    }

    #[test]
    fn an_outage_measures_nothing() {
        let mut rate = AimdRate::new(25.0, 25.0);
        for second in 0..1_000 {
            rate.refuse(ms(second * 5_000), ms(5_000));
        }
        assert!((rate.per_second() - 25.0).abs() < 1e-9);
    }

    #[test]
    fn it_stays_within_32_times_of_what_was_given() {
        let mut rate = AimdRate::new(25.0, 25.0);
        for second in 0..1_000 {
            admit(&mut rate, second * 5_000, second * 5_000 + 1, 1);
            rate.refuse(ms(second * 5_000), ms(1_000));
        }
        assert!((rate.per_second() - 25.0 / 32.0).abs() < 1e-9, "{}", rate.per_second());
        admit(&mut rate, 5_000_000, 7_000_000, 25);
        assert!((rate.per_second() - 25.0 * 32.0).abs() < 1e-9, "{}", rate.per_second());
    }

    #[test]
    fn after_a_pause_it_measures_anew() {
        let mut rate = AimdRate::new(25.0, 25.0);
        rate.refuse(ms(0), ms(1_000));
        rate.idle();
        rate.refuse(ms(600_000), ms(1_000));
        assert!((rate.per_second() - 25.0).abs() < 1e-9);
    }

    #[test]
    fn a_dear_refusal_is_risked_less_often_and_a_slow_rate_takes_its_time() {
        let mut rate = AimdRate::new(25.0, 25.0);
        rate.refuse(ms(0), ms(60_000));
        admit(&mut rate, 60_000, 120_000, 25);
        assert!((rate.per_second() - 25.0).abs() < 1e-9);
        let mut rate = AimdRate::new(1.0, 1.0);
        admit(&mut rate, 0, 24_000, 1);
        assert!((rate.per_second() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn extremes_stay_numbers_above_nothing() {
        for start in [0.0, -1.0, f64::INFINITY] {
            let mut rate = AimdRate::new(start, start);
            for now in [Duration::MAX, Duration::ZERO, Duration::MAX] {
                rate.push(true);
                rate.admit(now);
                rate.refuse(now, Duration::MAX);
                assert!(rate.per_second() > 0.0 && rate.per_second().is_finite());
            }
        }
    }
}
