//! [`QuotaLimit`] and [`Quota`]: a limit, and its mirror, of either kind.

use std::time::Duration;

use atg_core::{OperationClass, QuotaHint};

use crate::gate::LONGEST_ASKED;
use crate::mirror::BucketMirror;
use crate::{FixedWindow, TokenBucket, WindowHint};

/// What the other side allows under one key, before any answer has said how much is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuotaLimit {
    /// A token bucket.
    Bucket {
        /// Requests at once; 0 counts as 1.
        capacity: u32,
        /// Requests a second that come back; 0 counts as 1.
        refill_per_second: u32,
    },
    /// So many requests in each fixed window.
    Window {
        /// Requests in a window; 0 counts as 1.
        limit: u32,
        /// How long a window lasts, from 1 ms to an hour; less and more count as these.
        period: Duration,
    },
}

impl QuotaLimit {
    /// Azure's own: 15 Resource Graph queries in 5 s; a bucket of 250 reads that gets 25 a second
    /// back; for writes and for deletions one of 200 that gets 10 a second back each. From
    /// Microsoft's "Understand how Azure Resource Manager throttles requests", 2024.
    pub fn azure(operation: OperationClass) -> Self {
        match operation {
            OperationClass::Query => Self::Window { limit: 15, period: Duration::from_secs(5) },
            OperationClass::Write | OperationClass::Delete => {
                Self::Bucket { capacity: 200, refill_per_second: 10 }
            }
            _ => Self::Bucket { capacity: 250, refill_per_second: 25 },
        }
    }
}

/// What came back of a request. Times are durations since any fixed moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) sent_at: Duration,
    pub(crate) now: Duration,
    pub(crate) hint: QuotaHint,
    /// Other requests on their way.
    pub(crate) others: u32,
    /// Whether it counts against the quota, as far as one can know.
    pub(crate) taken: bool,
    pub(crate) refused: Option<Refusal>,
}

/// What a refusal means for its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal {
    /// Until when nothing goes.
    pub(crate) until: Duration,
    /// The first of its burst.
    pub(crate) is_new: bool,
}

impl Answer {
    /// A refusal with quota left is about something else: another limit, or load.
    pub(crate) fn is_refused_for_another_reason(&self) -> bool {
        self.refused.is_some() && self.hint.remaining.is_some_and(|left| left > 0)
    }

    pub(crate) fn is_refused_for_want(&self) -> bool {
        self.refused.is_some() && self.hint.remaining.is_none_or(|left| left == 0)
    }

    pub(crate) fn is_new_refusal(&self) -> bool {
        self.refused.is_some_and(|refusal| refusal.is_new)
    }
}

/// The mirror of one quota. Times are durations since any fixed moment.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::large_enum_variant, reason = "nearly every quota is a bucket")]
pub(crate) enum Quota {
    Bucket(BucketMirror),
    Window(FixedWindow),
    /// What nothing corrects.
    Steady(TokenBucket),
}

impl Quota {
    pub(crate) fn whole(limit: QuotaLimit) -> Self {
        match limit {
            QuotaLimit::Bucket { capacity, refill_per_second } => {
                Self::Bucket(BucketMirror::full(capacity, refill_per_second))
            }
            QuotaLimit::Window { limit, period } => Self::Window(FixedWindow::new(limit, period)),
        }
    }

    /// Whether answers correct it.
    pub(crate) fn learns(&self) -> bool {
        !matches!(self, Self::Steady(_))
    }

    /// When the next request may go.
    pub(crate) fn ready_at(&self) -> Duration {
        match self {
            Self::Bucket(mirror) => mirror.ready_at(),
            Self::Window(window) => window.ready_at(),
            Self::Steady(bucket) => bucket.ready_at(),
        }
    }

    /// Takes one request, while others are on their way.
    pub(crate) fn take(&mut self, now: Duration, in_flight: u32) {
        match self {
            Self::Bucket(mirror) => mirror.take(now),
            Self::Window(window) => window.take(now, in_flight),
            Self::Steady(bucket) => bucket.take_on_the_beat(now),
        }
    }

    /// Takes note of what came back.
    pub(crate) fn observe(&mut self, answer: &Answer) {
        match self {
            Self::Bucket(mirror) => mirror.observe(answer),
            Self::Window(window) => observe_window(window, answer),
            Self::Steady(_) => {}
        }
    }
}

/// A refusal for want of quota leaves nothing until the gate opens at least.
fn observe_window(window: &mut FixedWindow, answer: &Answer) {
    let Answer { sent_at, now, hint, others, .. } = *answer;
    let remaining = hint.remaining;
    let resets_after = hint.resets_after.map(|delay| delay.min(LONGEST_ASKED));
    let hint = WindowHint { sent_at, now, remaining, resets_after };
    if let Some(refusal) = answer.refused.filter(|_| answer.is_refused_for_want()) {
        // That a window before this one was used up says nothing of this one.
        if window.is_before(&hint, refusal.until) {
            window.settle_carried();
        } else {
            window.exhaust(refusal.until);
        }
        return;
    }
    window.observe(hint, others);
    if answer.is_refused_for_another_reason() {
        window.doubt();
    }
}
