//! [`LoadStats`]: what was asked for and what it took, for each operation.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};

use crate::stats::Counter;

/// Operations beyond these are counted together, under [`OTHERS`].
const MOST_OPERATIONS: usize = 1_000;

/// What the rest is counted under.
const OTHERS: &str = "*";

/// What callers of one operation asked for, and what it took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LoadStats {
    /// Answered with a fresh value, or the fresh knowledge that there is none.
    pub hits: u64,
    /// Answered with a stale value.
    pub stale: u64,
    /// Answered by a load, one's own or another's, or with its error.
    pub misses: u64,
    /// Calls of a loader; those for many keys count once for each key.
    pub loads: u64,
    /// Misses that joined another's load.
    pub coalesced: u64,
    /// Loads that failed, time-outs and panics included.
    pub failed: u64,
    /// Misses answered with an error that was still remembered.
    pub remembered_errors: u64,
    /// Values that were not kept, for an invalidation came while they were loaded.
    pub discarded: u64,
}

impl LoadStats {
    /// Answers that needed no load, among all, 0 to 1; 0 before the first.
    #[allow(clippy::cast_precision_loss)]
    pub fn hit_ratio(&self) -> f64 {
        let served = self.hits + self.stale;
        let all = served + self.misses;
        if all == 0 { 0.0 } else { served as f64 / all as f64 }
    }

    fn add(&mut self, other: &Self) {
        self.hits += other.hits;
        self.stale += other.stale;
        self.misses += other.misses;
        self.loads += other.loads;
        self.coalesced += other.coalesced;
        self.failed += other.failed;
        self.remembered_errors += other.remembered_errors;
        self.discarded += other.discarded;
    }
}

impl fmt::Display for LoadStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { hits, stale, misses, loads, coalesced, failed, remembered_errors, discarded } =
            self;
        let ratio = self.hit_ratio() * 100.0;
        write!(
            f,
            "{hits} hits, {stale} stale, {misses} misses ({ratio:.1}% served); {loads} loads"
        )?;
        write!(
            f,
            ", {coalesced} coalesced, {failed} failed, {remembered_errors} errors remembered"
        )?;
        write!(f, ", {discarded} discarded")
    }
}

/// [`LoadStats`] of every operation, which is what a key begins with, up to its first `:`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationStats {
    /// By operation.
    pub operations: BTreeMap<String, LoadStats>,
}

impl OperationStats {
    /// All operations together.
    pub fn total(&self) -> LoadStats {
        let mut total = LoadStats::default();
        self.operations.values().for_each(|one| total.add(one));
        total
    }
}

impl fmt::Display for OperationStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "all: {}", self.total())?;
        self.operations.iter().try_for_each(|(name, stats)| write!(f, "\n{name}: {stats}"))
    }
}

/// The counters of one operation.
#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) hits: Counter,
    pub(super) stale: Counter,
    pub(super) misses: Counter,
    pub(super) loads: Counter,
    pub(super) coalesced: Counter,
    pub(super) failed: Counter,
    pub(super) remembered_errors: Counter,
    pub(super) discarded: Counter,
}

impl Counts {
    fn stats(&self) -> LoadStats {
        LoadStats {
            hits: self.hits.get(),
            stale: self.stale.get(),
            misses: self.misses.get(),
            loads: self.loads.get(),
            coalesced: self.coalesced.get(),
            failed: self.failed.get(),
            remembered_errors: self.remembered_errors.get(),
            discarded: self.discarded.get(),
        }
    }
}

type Table = HashMap<Box<str>, Arc<Counts>, foldhash::fast::RandomState>;

/// The counters of all operations.
#[derive(Debug, Default)]
pub(super) struct Operations(RwLock<Table>);

impl Operations {
    /// Those of the operation that a key names.
    pub(super) fn of(&self, key: &str) -> Arc<Counts> {
        let name = key.split_once(':').map_or(key, |(name, _)| name);
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(counts) = table.get(name) {
            return counts.clone();
        }
        let name = if table.len() < MOST_OPERATIONS { name } else { OTHERS };
        drop(table);
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        table.entry(name.into()).or_default().clone()
    }

    pub(super) fn stats(&self) -> OperationStats {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let stats = table.iter().map(|(name, counts)| (name.to_string(), counts.stats()));
        OperationStats { operations: stats.collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::{MOST_OPERATIONS, Operations};

    #[test]
    fn operations_are_counted_apart_up_to_a_bound() {
        let operations = Operations::default();
        operations.of("vm_list:a:b").hits.add(3);
        operations.of("vm_list:c").misses.add(1);
        for number in 0..MOST_OPERATIONS * 2 {
            operations.of(&format!("{number}:x")).stale.add(1);
        }
        let stats = operations.stats();
        assert_eq!(stats.operations["vm_list"].hits, 3);
        assert_eq!(stats.total().stale, MOST_OPERATIONS as u64 * 2);
        assert_eq!(stats.operations.len(), MOST_OPERATIONS + 1);
        assert!(stats.to_string().contains("vm_list: 3 hits, 0 stale, 1 misses (75.0% served)"));
    }
}
