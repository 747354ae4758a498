//! [`Gate`]: holding a whole key back after a refusal.

use std::time::Duration;

/// The first wait where a refusal does not say how long to wait.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait where refusals do not say how long to wait.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// The longest wait that is believed; after it one asks again.
pub(crate) const LONGEST_ASKED: Duration = Duration::from_secs(3_600);

/// When a key may be used again. Times are durations since any fixed moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Gate {
    until: Duration,
    shut_at: Duration,
    next_wait: Duration,
    /// New refusals since it last let anything through.
    fruitless: u32,
}

impl Gate {
    /// A gate that stands open.
    pub(crate) fn open() -> Self {
        Self { until: Duration::ZERO, shut_at: Duration::ZERO, next_wait: FIRST_WAIT, fruitless: 0 }
    }

    /// When it opens; in the past where it stands open.
    pub(crate) fn until(&self) -> Duration {
        self.until
    }

    /// Whether it last opened in vain: one request is enough to ask whether it may stay open.
    pub(crate) fn is_on_trial(&self) -> bool {
        self.fruitless > 1
    }

    /// Shuts after a refusal: for as long as it asked for, else for a wait that doubles with
    /// each refusal until an answer comes. Refusals of requests that were on their way when the
    /// gate shut are one refusal; says whether this is a new one.
    pub(crate) fn shut(
        &mut self,
        sent_at: Duration,
        now: Duration,
        asked: Option<Duration>,
    ) -> bool {
        let known = now < self.until && sent_at <= self.shut_at;
        let wait = match asked {
            // A wait of nothing would only be refused again.
            Some(wait) if !wait.is_zero() => wait.min(LONGEST_ASKED),
            _ if known => return false,
            _ => {
                let wait = self.next_wait;
                self.next_wait = (wait * 2).min(LONGEST_WAIT);
                wait
            }
        };
        self.until = self.until.max(now.saturating_add(wait));
        self.shut_at = now;
        self.fruitless = self.fruitless.saturating_add(u32::from(!known));
        !known
    }

    /// Takes note that something was let through, whatever became of it.
    pub(crate) fn passed(&mut self, sent_at: Duration) {
        if sent_at >= self.shut_at {
            self.fruitless = 0;
        }
    }

    /// Takes note of an answer: the next wait without a word is short again.
    pub(crate) fn answered(&mut self, sent_at: Duration) {
        self.passed(sent_at);
        if sent_at >= self.shut_at {
            self.next_wait = FIRST_WAIT;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Gate, LONGEST_ASKED};
    use std::time::Duration;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn it_holds_for_as_long_as_it_was_asked_to() {
        let mut gate = Gate::open();
        gate.shut(secs(1), secs(2), Some(secs(7)));
        assert_eq!(gate.until(), secs(9));
        gate.shut(secs(1), secs(3), Some(secs(1)));
        assert_eq!(gate.until(), secs(9));
        gate.shut(secs(1), secs(3), Some(Duration::MAX));
        assert_eq!(gate.until(), secs(3) + LONGEST_ASKED);
    }

    #[test]
    fn without_a_word_it_doubles_to_a_minute_until_an_answer() {
        let mut gate = Gate::open();
        let mut now = secs(10);
        for expected in [1, 2, 4, 8, 16, 32, 60, 60] {
            gate.shut(now, now, None);
            assert_eq!(gate.until(), now + secs(expected));
            // One more of the same burst changes nothing.
            gate.shut(now, now, Some(Duration::ZERO));
            assert_eq!(gate.until(), now + secs(expected));
            now = gate.until();
        }
        gate.answered(now);
        gate.shut(now, now, None);
        assert_eq!(gate.until(), now + secs(1));
    }

    #[test]
    fn one_that_opened_in_vain_is_on_trial_until_something_passes() {
        let mut gate = Gate::open();
        gate.shut(secs(1), secs(2), Some(secs(5)));
        gate.shut(secs(1), secs(3), Some(secs(5)));
        assert!(!gate.is_on_trial(), "one burst");
        gate.shut(secs(8), secs(9), Some(secs(5)));
        assert!(gate.is_on_trial());
        gate.answered(secs(8));
        assert!(gate.is_on_trial(), "sent before the refusal");
        gate.passed(secs(14));
        assert!(!gate.is_on_trial());
    }

    #[test]
    fn an_answer_from_before_the_refusal_proves_nothing() {
        let mut gate = Gate::open();
        gate.shut(secs(10), secs(11), None);
        gate.answered(secs(10));
        gate.shut(secs(12), secs(13), None);
        assert_eq!(gate.until(), secs(15));
    }
}
