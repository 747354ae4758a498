//! Whether to try a batch as if nothing of it were stored.

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The most batches in a row that must have been new before trying again.
const MOST_NEEDED: u32 = 64;

/// Learns from what batches found whether the next one is worth writing without a look at what is
/// stored: a load into an empty graph is, a second load is not. A wrong guess costs one
/// transaction that is rolled back, and each makes the next guess more cautious.
#[derive(Debug, Default)]
pub(super) struct Freshness {
    /// Batches in a row that were new.
    streak: AtomicU32,
    /// How many of those it takes.
    needed: AtomicU32,
}

impl Freshness {
    /// Whether to try.
    pub(super) fn is_likely(&self) -> bool {
        self.streak.load(Relaxed) >= self.needed.load(Relaxed)
    }

    /// A try failed, for something was stored already.
    pub(super) fn refuted(&self) {
        self.streak.store(0, Relaxed);
        let needed = self.needed.load(Relaxed);
        self.needed.store((needed * 2).clamp(2, MOST_NEEDED), Relaxed);
    }

    /// A batch was written; `new` where it was new as a whole.
    pub(super) fn written(&self, new: bool) {
        if new {
            // Saturates far beyond what is ever needed.
            self.streak.fetch_add(u32::from(self.streak.load(Relaxed) < MOST_NEEDED), Relaxed);
        } else {
            self.streak.store(0, Relaxed);
            self.needed.fetch_max(1, Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Freshness;

    #[test]
    fn it_learns_from_what_batches_found() {
        let fresh = Freshness::default();
        assert!(fresh.is_likely(), "a new handle tries");
        fresh.refuted();
        assert!(!fresh.is_likely());
        fresh.written(true);
        assert!(!fresh.is_likely(), "one new batch is not enough after a failure");
        fresh.written(true);
        assert!(fresh.is_likely());
        fresh.written(false);
        assert!(!fresh.is_likely());
    }

    #[test]
    fn failures_make_it_cautious_but_not_for_good() {
        let fresh = Freshness::default();
        for _ in 0..20 {
            fresh.refuted();
        }
        for _ in 0..63 {
            fresh.written(true);
            assert!(!fresh.is_likely());
        }
        fresh.written(true);
        assert!(fresh.is_likely());
    }
}
