//! [`QuotaLimit`] and [`Quota`]: a limit, and its mirror, of either kind.

use std::time::Duration;

use atg_core::{OperationClass, QuotaHint};

use crate::gate::LONGEST_ASKED;
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
        /// How long a window lasts.
        period: Duration,
    },
}

impl QuotaLimit {
    /// Azure's own: 15 Resource Graph queries in 5 s; for all else a bucket of 250 requests that
    /// gets 25 a second back.
    pub fn azure(operation: OperationClass) -> Self {
        match operation {
            OperationClass::Query => Self::Window { limit: 15, period: Duration::from_secs(5) },
            _ => Self::Bucket { capacity: 250, refill_per_second: 25 },
        }
    }
}

/// The mirror of one quota. Times are durations since any fixed moment.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Quota {
    Bucket(TokenBucket),
    Window(FixedWindow),
}

impl Quota {
    pub(crate) fn whole(limit: QuotaLimit) -> Self {
        match limit {
            QuotaLimit::Bucket { capacity, refill_per_second } => {
                Self::Bucket(TokenBucket::full(capacity, refill_per_second))
            }
            QuotaLimit::Window { limit, period } => Self::Window(FixedWindow::new(limit, period)),
        }
    }

    /// When the next request may go.
    pub(crate) fn ready_at(&self) -> Duration {
        match self {
            Self::Bucket(bucket) => bucket.ready_at(),
            Self::Window(window) => window.ready_at(),
        }
    }

    /// Takes one request, while others are on their way.
    pub(crate) fn take(&mut self, now: Duration, in_flight: u32) {
        match self {
            Self::Bucket(bucket) => bucket.take(now),
            Self::Window(window) => window.take(now, in_flight),
        }
    }

    /// Takes note of what an answer said, while other requests are on their way.
    pub(crate) fn observe(
        &mut self,
        sent_at: Duration,
        now: Duration,
        hint: QuotaHint,
        in_flight: u32,
    ) {
        let resets_after = hint.resets_after.map(|delay| delay.min(LONGEST_ASKED));
        match self {
            Self::Bucket(bucket) => {
                if let Some(remaining) = hint.remaining {
                    bucket.observe(now, remaining, in_flight);
                }
            }
            Self::Window(window) => {
                let remaining = hint.remaining;
                window.observe(WindowHint { sent_at, now, remaining, resets_after }, in_flight);
            }
        }
    }

    /// Takes note of a refusal for want of quota: nothing is left, in a window until the gate
    /// opens at least.
    pub(crate) fn exhaust(&mut self, now: Duration, until: Duration) {
        match self {
            Self::Bucket(bucket) => bucket.exhaust(now),
            Self::Window(window) => window.exhaust(until),
        }
    }
}
