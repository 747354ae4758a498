//! [`FixedWindow`]: the arithmetic of a quota that comes back all at once.

use std::time::Duration;

/// The shortest period and the longest.
const SHORTEST: Duration = Duration::from_millis(1);
const LONGEST: Duration = Duration::from_secs(3_600);

/// What an answer said about a window, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct WindowHint {
    /// When its request was sent.
    pub sent_at: Duration,
    /// When the answer came.
    pub now: Duration,
    /// Requests left.
    pub remaining: Option<u64>,
    /// When the quota is whole again, from the moment the request arrived.
    pub resets_after: Option<Duration>,
}

impl WindowHint {
    /// When the window ends. The request arrived somewhere between its sending and its answer:
    /// the middle is taken, and what is sent at that end is on its way for a while as well.
    fn resets_at(&self) -> Option<Duration> {
        let arrived = self.now.saturating_sub(self.now.saturating_sub(self.sent_at) / 2);
        self.resets_after.map(|delay| arrived.saturating_add(delay))
    }
}

/// A mirror of a fixed window: `limit` requests in each `period`.
///
/// Times are durations since any fixed moment; the window reads no clock. Whether the other
/// side's windows follow its own clock or open with a first request is not known: each answer's
/// `resets_after` says when this one ends, and without one it lasts a period from its first
/// request. The limit follows what the answers say is left: a larger one at once, a smaller one,
/// or what other clients leave of it, with the next window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FixedWindow {
    /// What was given.
    nominal: u32,
    /// What was learned.
    limit: u32,
    period: Duration,
    remaining: u32,
    starts_at: Duration,
    ends_at: Duration,
    /// Whether an answer has said when this window ends.
    hinted: bool,
    /// Requests under way when this window opened, which it may have to bear.
    carried: u32,
    /// Answers that told what is left of this window.
    told: u32,
    /// The largest limit that these speak of.
    told_limit: u32,
}

impl FixedWindow {
    /// A window that nothing has fallen into; a limit of 0 counts as 1, and a period of less than
    /// 1 ms or more than an hour as these.
    pub fn new(limit: u32, period: Duration) -> Self {
        Self {
            nominal: limit.max(1),
            limit: limit.max(1),
            period: period.clamp(SHORTEST, LONGEST),
            remaining: 0,
            starts_at: Duration::ZERO,
            ends_at: Duration::ZERO,
            hinted: false,
            carried: 0,
            told: 0,
            told_limit: 0,
        }
    }

    /// Requests left in the window that `now` falls into.
    pub fn remaining(&self, now: Duration) -> u32 {
        if now >= self.ends_at { self.limit } else { self.remaining }
    }

    /// When the next request may go; now or earlier where one is left.
    pub fn ready_at(&self) -> Duration {
        if self.remaining > 0 { Duration::ZERO } else { self.ends_at }
    }

    /// Takes one request, while `in_flight` others are on their way; opens a window where none
    /// is open.
    pub fn take(&mut self, now: Duration, in_flight: u32) {
        if now >= self.ends_at {
            self.open(now, now.saturating_add(self.period), in_flight);
        }
        self.remaining = self.remaining.saturating_sub(1);
    }

    /// Corrects the mirror by what an answer said, while `in_flight` other requests are on their
    /// way. Of the rest only less than thought is news: what was thought counts every request
    /// sent, and the answer only those that had arrived.
    pub fn observe(&mut self, hint: WindowHint, in_flight: u32) {
        let resets_at = hint.resets_at();
        if hint.sent_at < self.starts_at && !self.is_about_this(resets_at) {
            self.settle_carried();
            return;
        }
        if let Some(end) = resets_at {
            self.end_at(end, hint.now, in_flight);
        }
        if let Some(remaining) = hint.remaining {
            let remaining = u32::try_from(remaining).unwrap_or(u32::MAX);
            self.learn(remaining);
            if remaining < self.remaining {
                self.remaining = remaining.saturating_sub(in_flight);
            }
        }
    }

    /// Takes note of a refusal while something was left by all that was said: a larger limit
    /// than was given is not believed.
    pub(crate) fn doubt(&mut self) {
        self.limit = self.limit.min(self.nominal);
        self.remaining = self.remaining.min(self.limit);
    }

    /// Takes note that nothing is left until then, or until the end that an answer has told
    /// where that is later.
    pub fn exhaust(&mut self, until: Duration) {
        self.remaining = 0;
        self.ends_at = if self.hinted { self.ends_at.max(until) } else { until };
        self.hinted = true;
    }

    /// What is left and what was answered make the limit, but for what others took; and more left
    /// than the limit proves a larger one.
    fn learn(&mut self, remaining: u32) {
        self.told = self.told.saturating_add(1);
        self.told_limit = self.told_limit.max(remaining.saturating_add(self.told));
        if remaining >= self.limit {
            let limit = remaining.saturating_add(1);
            self.remaining = self.remaining.saturating_add(limit - self.limit);
            self.limit = limit;
        }
    }

    fn open(&mut self, starts_at: Duration, ends_at: Duration, in_flight: u32) {
        // One less may be an answer that came out of order.
        if self.told > 0 && self.told_limit < self.limit - 1 {
            self.limit = self.told_limit;
        }
        (self.told, self.told_limit) = (0, 0);
        // One request at least goes through each window, or nothing would ever move.
        self.carried = in_flight.min(self.limit - 1);
        self.remaining = self.limit - self.carried;
        self.starts_at = starts_at;
        self.ends_at = ends_at;
        self.hinted = false;
    }

    /// Whether a refusal that holds until then is about a window before this one.
    pub(crate) fn is_before(&self, hint: &WindowHint, until: Duration) -> bool {
        hint.sent_at < self.starts_at && !self.is_about_this(hint.resets_at().or(Some(until)))
    }

    /// A request sent before this window opened may yet have been counted in it: then its
    /// answer's reset is this window's.
    fn is_about_this(&self, resets_at: Option<Duration>) -> bool {
        resets_at.is_some_and(|end| end > self.starts_at.saturating_add(self.period / 2))
    }

    /// A request that this window was to bear was counted in the former one.
    pub(crate) fn settle_carried(&mut self) {
        if self.carried > 0 {
            self.carried -= 1;
            self.remaining = self.remaining.saturating_add(1).min(self.limit);
        }
    }

    fn end_at(&mut self, end: Duration, now: Duration, in_flight: u32) {
        if self.hinted && end > self.ends_at.saturating_add(self.period / 2) {
            // The other side has opened its next window before this mirror did.
            self.open(now, end, in_flight);
        }
        self.ends_at = if self.hinted { self.ends_at.min(end) } else { end };
        self.hinted = true;
    }
}

#[cfg(test)]
mod tests {
    use super::{FixedWindow, WindowHint};
    use std::time::Duration;

    const fn ms(milliseconds: u64) -> Duration {
        Duration::from_millis(milliseconds)
    }

    fn hint(sent: u64, now: u64, remaining: u64, resets: u64) -> WindowHint {
        WindowHint {
            sent_at: ms(sent),
            now: ms(now),
            remaining: Some(remaining),
            resets_after: Some(ms(resets)),
        }
    }

    fn azure() -> FixedWindow {
        FixedWindow::new(15, ms(5_000))
    }

    #[test]
    fn fifteen_go_and_the_next_waits_for_the_end() {
        let mut window = azure();
        for left in (0..15).rev() {
            assert!(window.ready_at() <= ms(100));
            window.take(ms(100), 0);
            assert_eq!(window.remaining(ms(100)), left);
        }
        assert_eq!(window.ready_at(), ms(5_100));
        assert_eq!(window.remaining(ms(5_100)), 15);
    }

    #[test]
    fn an_answer_says_when_the_window_ends_and_the_earliest_word_counts() {
        let mut window = azure();
        window.take(ms(0), 0);
        window.observe(hint(0, 80, 14, 3_000), 0);
        assert_eq!(window.ends_at, ms(3_040));
        window.observe(hint(0, 100, 13, 3_000), 0);
        assert_eq!(window.ends_at, ms(3_040));
    }

    #[test]
    fn answers_out_of_order_waste_nothing_and_others_use_is_seen() {
        let mut window = azure();
        for in_flight in 0..8 {
            window.take(ms(0), in_flight);
        }
        window.observe(hint(0, 80, 7, 4_960), 7);
        assert_eq!(window.remaining(ms(80)), 7);
        window.observe(hint(0, 80, 5, 4_960), 3);
        assert_eq!(window.remaining(ms(80)), 2);
    }

    #[test]
    fn what_was_under_way_at_the_reset_is_borne_until_its_answer_tells() {
        let mut window = azure();
        window.take(ms(0), 0);
        window.observe(hint(0, 80, 14, 4_960), 0);
        window.take(ms(4_990), 0);
        window.take(ms(4_995), 1);
        window.take(ms(5_000), 2);
        assert_eq!(window.remaining(ms(5_000)), 12);
        // The first was counted in the old window, the second in the new.
        window.observe(hint(4_990, 5_070, 13, 0), 2);
        assert_eq!(window.remaining(ms(5_070)), 13);
        window.observe(hint(4_995, 5_075, 14, 5_000), 1);
        assert_eq!(window.remaining(ms(5_075)), 13);
        assert_eq!(window.ends_at, ms(10_035));
    }

    #[test]
    fn a_window_that_the_other_side_opened_first_is_followed() {
        let mut window = azure();
        window.take(ms(0), 0);
        window.observe(hint(0, 80, 14, 4_000), 0);
        window.take(ms(4_000), 0);
        window.observe(hint(4_000, 4_030, 14, 5_000), 0);
        assert_eq!((window.remaining(ms(4_030)), window.ends_at), (14, ms(9_015)));
    }

    #[test]
    fn a_refusal_never_brings_a_told_end_nearer() {
        let mut window = azure();
        window.take(ms(0), 0);
        window.exhaust(ms(1_000));
        assert_eq!(window.ready_at(), ms(1_000), "the mirror's own guess gives way");
        let mut window = azure();
        window.take(ms(0), 0);
        window.observe(hint(0, 80, 14, 4_960), 0);
        window.exhaust(ms(1_000));
        assert_eq!(window.ready_at(), ms(5_000));
        window.exhaust(ms(6_000));
        assert_eq!(window.ready_at(), ms(6_000));
    }

    #[test]
    fn a_full_pipe_at_the_reset_still_lets_one_through() {
        let mut window = FixedWindow::new(2, ms(100));
        window.take(ms(0), 50);
        assert_eq!(window.remaining(ms(0)), 0);
        window.exhaust(ms(700));
        assert_eq!(window.ready_at(), ms(700));
        let mut extreme = FixedWindow::new(0, Duration::MAX);
        extreme.take(Duration::MAX, u32::MAX);
        extreme.observe(WindowHint { resets_after: Some(Duration::MAX), ..hint(9, 1, 0, 0) }, 1);
        assert!(extreme.ready_at() > ms(700));
    }
}
