//! [`TierStats`]: what a tier did so far.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use serde::{Deserialize, Serialize};

/// What a tier did since it was opened, and what it holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TierStats {
    /// Lookups that found a value.
    pub hits: u64,
    /// Lookups that found none, for whatever reason.
    pub misses: u64,
    /// Values kept.
    pub inserted: u64,
    /// Values not kept: too large, or for no time.
    pub rejected: u64,
    /// Entries that went because their time had passed.
    pub expired: u64,
    /// Entries that went to make room.
    pub evicted: u64,
    /// Entries that went for another value under their key.
    pub replaced: u64,
    /// Entries that an invalidation took, as far as the tier can count them.
    pub invalidated: u64,
    /// Entries that could not be read: damaged, cut off, of another version, from the future.
    pub corrupt: u64,
    /// Operations of which the tier's store failed: counted as misses, never the caller's error.
    pub errors: u64,
    /// Entries held, those included that have expired and were not met since.
    pub entries: u64,
    /// What they weigh together, in the tier's own unit: bytes, unless a weigher says otherwise.
    pub weight: u64,
}

impl TierStats {
    /// Hits among all lookups, 0 to 1; 0 before the first.
    #[allow(clippy::cast_precision_loss)]
    pub fn hit_ratio(&self) -> f64 {
        let lookups = self.hits + self.misses;
        if lookups == 0 { 0.0 } else { self.hits as f64 / lookups as f64 }
    }

    /// Adds what another part of the tier did and holds.
    pub(crate) fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.misses += other.misses;
        self.inserted += other.inserted;
        self.rejected += other.rejected;
        self.expired += other.expired;
        self.evicted += other.evicted;
        self.replaced += other.replaced;
        self.invalidated += other.invalidated;
        self.corrupt += other.corrupt;
        self.errors += other.errors;
        self.entries += other.entries;
        self.weight += other.weight;
    }
}

impl fmt::Display for TierStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ratio = self.hit_ratio() * 100.0;
        write!(f, "{} hits, {} misses ({ratio:.1}% hits)", self.hits, self.misses)?;
        write!(f, "; {} entries of weight {}", self.entries, self.weight)?;
        let rest = [
            ("inserted", self.inserted),
            ("rejected", self.rejected),
            ("expired", self.expired),
            ("evicted", self.evicted),
            ("replaced", self.replaced),
            ("invalidated", self.invalidated),
            ("corrupt", self.corrupt),
            ("errors", self.errors),
        ];
        rest.iter()
            .filter(|(_, count)| *count > 0)
            .try_for_each(|(name, n)| write!(f, "; {n} {name}"))
    }
}

/// A counter that many threads add to.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Relaxed);
    }

    pub(crate) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::TierStats;

    #[test]
    fn it_reads_as_a_line_and_never_divides_by_nothing() {
        assert!(TierStats::default().hit_ratio().abs() < f64::EPSILON);
        let stats = TierStats { hits: 3, misses: 1, entries: 2, evicted: 5, ..Default::default() };
        let line = "3 hits, 1 misses (75.0% hits); 2 entries of weight 0; 5 evicted";
        assert_eq!(stats.to_string(), line);
    }
}
