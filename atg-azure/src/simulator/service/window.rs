//! [`QuotaWindow`]: the arithmetic of Azure Resource Graph's limit on queries.

use std::time::Duration;

/// How many queries a principal may ask within a window of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WindowLimit {
    /// Queries within one window; at least 1.
    pub queries: u32,
    /// How long a window lasts, from the first query that falls into it.
    pub window: Duration,
}

/// A window with its count, as a value: it reads no clock, the caller says what time it is.
///
/// A window opens with the first query after the last window has ended, so that a client that
/// stays quiet finds the whole quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct QuotaWindow {
    limit: WindowLimit,
    ends_at: Duration,
    used: u32,
}

/// What a window says to a query.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WindowState {
    /// Whether the query may be answered.
    pub(crate) admitted: bool,
    /// Queries left in this window.
    pub(crate) remaining: u32,
    /// How long until the quota is whole again.
    pub(crate) resets_after: Duration,
}

impl QuotaWindow {
    /// A window that nothing has fallen into.
    pub(crate) fn new(limit: WindowLimit) -> Self {
        Self { limit, ends_at: Duration::ZERO, used: 0 }
    }

    /// Counts a query, where there is room for it.
    pub(crate) fn take(&mut self, now: Duration) -> WindowState {
        if now >= self.ends_at {
            self.ends_at = now.saturating_add(self.limit.window);
            self.used = 0;
        }
        let capacity = self.limit.queries.max(1);
        let admitted = self.used < capacity;
        self.used += u32::from(admitted);
        WindowState {
            admitted,
            remaining: capacity - self.used,
            resets_after: self.ends_at.saturating_sub(now),
        }
    }

    /// Whether the window has ended.
    pub(crate) fn is_over(&self, now: Duration) -> bool {
        now >= self.ends_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AZURE: WindowLimit = WindowLimit { queries: 15, window: Duration::from_secs(5) };

    #[test]
    fn fifteen_pass_the_sixteenth_waits_for_the_reset() {
        let mut window = QuotaWindow::new(AZURE);
        let start = Duration::from_secs(100);
        for left in (0..15).rev() {
            let state = window.take(start);
            assert_eq!((state.admitted, state.remaining), (true, left));
        }
        let refused = window.take(start + Duration::from_millis(4_999));
        assert!(!refused.admitted);
        assert_eq!(refused.resets_after, Duration::from_millis(1));
        assert!(!window.is_over(start + Duration::from_millis(4_999)));
        assert!(window.is_over(start + Duration::from_secs(5)));
        assert_eq!(window.take(start + Duration::from_secs(5)).remaining, 14);
    }

    #[test]
    fn a_window_opens_with_its_first_query() {
        let mut window = QuotaWindow::new(AZURE);
        window.take(Duration::ZERO);
        let late = window.take(Duration::from_secs(7));
        assert_eq!((late.remaining, late.resets_after), (14, Duration::from_secs(5)));
    }
}
