//! What the tier counts, and the failures it logs.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};

use crate::TierStats;
use crate::stats::Counter;

/// Why an entry that was met is not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Corrupt,
    Expired,
    Invalidated,
    Evicted,
    Replaced,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) hits: Counter,
    pub(super) misses: Counter,
    pub(super) inserted: Counter,
    pub(super) rejected: Counter,
    expired: Counter,
    evicted: Counter,
    replaced: Counter,
    pub(super) invalidated: Counter,
    corrupt: Counter,
    errors: Counter,
    /// What the last sweep found, and what this handle did since: other processes may take more
    /// than that leaves, so it can go below zero.
    entries: AtomicI64,
    weight: AtomicI64,
    /// The failures that were logged.
    logged: Mutex<Vec<(&'static str, io::ErrorKind)>>,
}

impl Counters {
    /// Counts an entry that went, or could not be served.
    pub(super) fn count(&self, reason: Reason) {
        let counter = match reason {
            Reason::Corrupt => &self.corrupt,
            Reason::Expired => &self.expired,
            Reason::Invalidated => &self.invalidated,
            Reason::Evicted => &self.evicted,
            Reason::Replaced => &self.replaced,
        };
        counter.add(1);
    }

    /// Counts a failed operation, and logs it if it is the first of its kind. Keys stay out of
    /// the log.
    pub(super) fn failed(&self, operation: &'static str, error: &io::Error) {
        self.errors.add(1);
        let mut logged = self.logged.lock().unwrap_or_else(PoisonError::into_inner);
        if !logged.contains(&(operation, error.kind())) {
            logged.push((operation, error.kind()));
            tracing::warn!(operation, %error, "the file cache fails; goes on without; logged once");
        }
    }

    pub(super) fn came(&self, weight: u64) {
        self.entries.fetch_add(1, Relaxed);
        self.weight.fetch_add(signed(weight), Relaxed);
    }

    pub(super) fn went(&self, weight: u64) {
        self.entries.fetch_sub(1, Relaxed);
        self.weight.fetch_sub(signed(weight), Relaxed);
    }

    /// Sets what a walk through everything found.
    pub(super) fn found(&self, entries: u64, weight: u64) {
        self.entries.store(signed(entries), Relaxed);
        self.weight.store(signed(weight), Relaxed);
    }

    pub(super) fn stats(&self) -> TierStats {
        TierStats {
            hits: self.hits.get(),
            misses: self.misses.get(),
            inserted: self.inserted.get(),
            rejected: self.rejected.get(),
            expired: self.expired.get(),
            evicted: self.evicted.get(),
            replaced: self.replaced.get(),
            invalidated: self.invalidated.get(),
            corrupt: self.corrupt.get(),
            errors: self.errors.get(),
            entries: unsigned(&self.entries),
            weight: unsigned(&self.weight),
        }
    }
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: &AtomicI64) -> u64 {
    u64::try_from(count.load(Relaxed)).unwrap_or_default()
}
