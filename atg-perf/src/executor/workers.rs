//! [`WorkerCount`]: how many tasks run at once.

use std::time::Duration;

/// By what the number is multiplied, or divided, to try another: at first, and once that was too
/// much.
const STEPS: [f64; 3] = [2.0, 1.5, 1.25];

/// A window holds so many ends of tasks over the square of the step. The two goodputs that are
/// compared then differ by chance alone, one standard deviation, by a third of what the step
/// should bring, if task times scatter as much as an exponential distribution's.
const PRECISION: f64 = 16.0;

/// Rounds (one task a worker) a window holds at the least, and tasks it holds at the most if
/// that is more.
const WINDOW: (usize, usize) = (4, 512);

/// More workers are worth it if goodput grows by this part of what they should bring.
const WORTH_ADDING: f64 = 0.5;

/// Fewer are worth it if what goes brought less than this part of what it should. The gap to the
/// other bound keeps the number from swinging.
const WORTH_KEEPING: f64 = 0.25;

/// What is left of the workers after an overload.
const CUT: f64 = 0.7;

/// Rounds without a try after one that failed: at first, doubled each time, and at the most.
const REST: (usize, usize) = (4, 64);

/// Rounds without a try after an overload.
const REST_AFTER_CUT: usize = 16;

/// How many tasks run at once: a hill climb on goodput, cut by overload.
///
/// Times are since the run began. Nothing here depends on them but the lengths of windows.
#[derive(Debug, Clone)]
pub(super) struct WorkerCount {
    least: usize,
    most: usize,
    /// The best number so far.
    base: usize,
    /// The number that is tried instead.
    tried: Option<usize>,
    /// What the base brought, in successes a second, when it was last measured.
    base_goodput: f64,
    upwards: bool,
    step: usize,
    accepted_in_a_row: u32,
    rest: usize,
    /// Ends of tasks that are not measured: they belong to the number before, or to a rest.
    unmeasured: usize,
    window: Window,
    overloads: u64,
}

/// What ended since some moment.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    since: Duration,
    ended: usize,
    succeeded: u32,
}

impl Window {
    /// Successes a second; `None` where there was none, or no time passed.
    fn goodput(&self, now: Duration) -> Option<f64> {
        let seconds = now.saturating_sub(self.since).as_secs_f64();
        (self.succeeded > 0 && seconds > 0.0).then(|| f64::from(self.succeeded) / seconds)
    }
}

impl WorkerCount {
    /// Starts with `first`, and stays within the bounds: `most` counts as at least 1, `least` as
    /// at least 1 and at most `most`.
    pub(super) fn new(first: usize, least: usize, most: usize) -> Self {
        let most = most.max(1);
        let least = least.clamp(1, most);
        let base = first.clamp(least, most);
        Self {
            least,
            most,
            base,
            tried: None,
            base_goodput: 0.0,
            upwards: true,
            step: 0,
            accepted_in_a_row: 0,
            rest: REST.0,
            unmeasured: base,
            window: Window::default(),
            overloads: 0,
        }
    }

    /// How many may run now.
    pub(super) fn now(&self) -> usize {
        self.tried.unwrap_or(self.base)
    }

    /// Overloads that were heeded so far; a task keeps the number from its start.
    pub(super) fn overloads(&self) -> u64 {
        self.overloads
    }

    /// Takes note of a task that ended, itself among those in flight.
    pub(super) fn ended(&mut self, now: Duration, in_flight: usize, succeeded: bool) {
        if self.least == self.most {
            return;
        }
        if in_flight < self.now() {
            // Too little to do for so many: nothing is learned about their number.
            self.give_up_trying();
            return;
        }
        if self.unmeasured > 0 {
            self.unmeasured -= 1;
            self.window = Window { since: now, ..Window::default() };
            return;
        }
        self.window.ended += 1;
        self.window.succeeded = self.window.succeeded.saturating_add(succeeded.into());
        if self.window.ended >= self.window_length() {
            let window =
                std::mem::replace(&mut self.window, Window { since: now, ..Window::default() });
            self.conclude(window.goodput(now));
        }
    }

    /// Takes note that a task found the other side overloaded; `overloads` as it was when the
    /// task started. What started before the last cut says nothing about the number after it.
    pub(super) fn overloaded(&mut self, overloads: u64, in_flight: usize) {
        if overloads != self.overloads {
            return;
        }
        self.overloads += 1;
        let fewer = scaled(self.now().min(in_flight), CUT);
        self.base = fewer.clamp(self.least, self.most);
        self.upwards = true;
        self.step = STEPS.len() - 1;
        self.rest = REST.0;
        self.accepted_in_a_row = 0;
        self.stay(REST_AFTER_CUT);
    }

    /// A window is full.
    fn conclude(&mut self, goodput: Option<f64>) {
        match (self.tried, goodput) {
            (None, None) => {}
            (None, Some(goodput)) => {
                self.base_goodput = goodput;
                self.try_another();
            }
            (Some(tried), Some(goodput)) if self.is_better(tried, goodput) => {
                self.accept(tried, goodput);
            }
            (Some(_), _) => self.reject(),
        }
    }

    fn try_another(&mut self) {
        let (other, upwards) = self.other();
        self.upwards = upwards;
        self.unmeasured = self.now().max(other);
        self.tried = Some(other);
    }

    /// Whether the tried number is to replace the base.
    fn is_better(&self, tried: usize, goodput: f64) -> bool {
        let part = |low: f64, high: f64, ratio: f64| (high / low - 1.0) / (ratio - 1.0);
        if tried > self.base {
            part(self.base_goodput, goodput, ratio(tried, self.base)) >= WORTH_ADDING
        } else {
            part(goodput, self.base_goodput, ratio(self.base, tried)) < WORTH_KEEPING
        }
    }

    fn accept(&mut self, tried: usize, goodput: f64) {
        self.base = tried;
        self.base_goodput = goodput;
        self.rest = REST.0;
        self.accepted_in_a_row += 1;
        if self.accepted_in_a_row.is_multiple_of(2) {
            self.step = self.step.saturating_sub(1);
        }
        if self.other().1 == self.upwards {
            self.try_another();
        } else {
            self.turn_round();
        }
    }

    fn reject(&mut self) {
        self.accepted_in_a_row = 0;
        if self.step + 1 < STEPS.len() {
            self.step += 1;
            self.stay(1);
        } else {
            self.turn_round();
        }
    }

    /// Rests, each time longer, and tries the other direction next.
    fn turn_round(&mut self) {
        self.upwards = !self.upwards;
        self.step = STEPS.len() - 1;
        let rest = self.rest;
        self.rest = (rest * 2).min(REST.1);
        self.stay(rest);
    }

    fn give_up_trying(&mut self) {
        if self.tried.is_some() || self.unmeasured == 0 {
            self.stay(1);
        }
    }

    /// Goes back to the base, and measures it after so many rounds.
    fn stay(&mut self, rounds: usize) {
        let running = self.now();
        self.tried = None;
        self.unmeasured = self.base.saturating_mul(rounds).max(running);
    }

    /// The number to try next, and whether it is above the base. At a bound it is on the other
    /// side; `least < most` here.
    fn other(&self) -> (usize, bool) {
        let upwards = if self.upwards { self.base < self.most } else { self.base <= self.least };
        let step = STEPS.get(self.step).copied().unwrap_or(2.0);
        let other = if upwards {
            scaled(self.base, step).max(self.base.saturating_add(1)).min(self.most)
        } else {
            scaled(self.base, 1.0 / step).min(self.base - 1).max(self.least)
        };
        (other, upwards)
    }

    /// Ends a window holds: whole rounds, so that tasks that go in step do not blur it.
    fn window_length(&self) -> usize {
        let other = self.tried.unwrap_or_else(|| self.other().0);
        let step = ratio(self.base.max(other), self.base.min(other)) - 1.0;
        let wanted = whole((PRECISION / (step * step)).ceil()).min(WINDOW.1);
        let workers = self.now();
        wanted.div_ceil(workers).max(WINDOW.0).saturating_mul(workers)
    }
}

#[allow(clippy::cast_precision_loss, reason = "a quotient of two counts")]
fn ratio(high: usize, low: usize) -> f64 {
    high as f64 / low.max(1) as f64
}

/// Rounded down.
#[allow(clippy::cast_precision_loss, reason = "a scaled count need not be exact")]
fn scaled(count: usize, by: f64) -> usize {
    whole(count as f64 * by)
}

/// A count of what `value` says; below zero and NaN count as 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "`as` saturates")]
fn whole(value: f64) -> usize {
    value as usize
}

#[cfg(test)]
mod tests;
