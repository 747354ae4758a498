//! [`WindowPolicer`]: a quota that comes back all at once.

use std::time::Duration;

use super::{Policer, Verdict, whole_seconds};

/// So many requests a window; windows follow a clock, or open with a request.
#[derive(Debug, Clone)]
pub struct WindowPolicer {
    limit: u64,
    period: Duration,
    follows_clock: bool,
    ends_at: Duration,
    used: u64,
    rounds_resets: bool,
    tells_quota: bool,
    change: Option<(Duration, u64)>,
}

impl WindowPolicer {
    /// 15 requests in 5 s, in windows that open with a request.
    pub fn azure() -> Self {
        Self {
            limit: 15,
            period: Duration::from_secs(5),
            follows_clock: false,
            ends_at: Duration::ZERO,
            used: 0,
            rounds_resets: false,
            tells_quota: true,
            change: None,
        }
    }

    /// Windows follow a clock by which one ends then.
    #[must_use]
    pub fn with_an_end_at(mut self, end: Duration) -> Self {
        self.follows_clock = true;
        self.ends_at = end;
        self
    }

    /// So many of the first window are gone.
    #[must_use]
    pub fn with_used(mut self, used: u64) -> Self {
        self.used = used;
        self
    }

    /// The time until the reset comes in whole seconds, rounded up, as Azure's header has it.
    #[must_use]
    pub fn rounding_resets(mut self) -> Self {
        self.rounds_resets = true;
        self
    }

    /// No header says anything of the quota.
    #[must_use]
    pub fn silent(mut self) -> Self {
        self.tells_quota = false;
        self
    }

    /// Windows that open at that moment or later have another limit.
    #[must_use]
    pub fn changing(mut self, at: Duration, limit: u64) -> Self {
        self.change = Some((at, limit));
        self
    }

    fn open(&mut self, now: Duration) {
        self.used = 0;
        if self.follows_clock {
            while self.ends_at <= now {
                self.ends_at += self.period;
            }
        } else {
            self.ends_at = now + self.period;
        }
        if let Some((at, limit)) = self.change
            && now >= at
        {
            self.limit = limit;
        }
    }
}

impl Policer for WindowPolicer {
    fn ask(&mut self, now: Duration) -> Verdict {
        if now >= self.ends_at {
            self.open(now);
        }
        let admitted = self.used < self.limit;
        self.used += u64::from(admitted);
        let exact = self.ends_at.saturating_sub(now);
        let rounded = whole_seconds(exact);
        let resets_after = if self.rounds_resets { rounded } else { exact };
        Verdict {
            admitted,
            remaining: self.tells_quota.then(|| self.limit.saturating_sub(self.used)),
            resets_after: self.tells_quota.then_some(resets_after),
            retry_after: (!admitted).then_some(rounded),
        }
    }
}
