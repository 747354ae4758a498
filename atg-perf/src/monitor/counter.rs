//! [`Counter`]: a named number that grows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A named number that grows, shared by all who ask for its name. Cheap to clone.
///
/// `add` takes about 3 ns; workers that add to one counter at once slow one another down, so count
/// what happens often per batch. Stops at `u64::MAX`.
#[derive(Debug, Clone, Default)]
pub struct Counter(Arc<Alone>);

/// Alone on its cache lines.
#[derive(Debug, Default)]
#[repr(align(128))]
struct Alone(AtomicU64);

impl Counter {
    /// Adds `by`.
    pub fn add(&self, by: u64) {
        saturating_add(&self.0.0, by);
    }

    /// What was added so far.
    pub fn value(&self) -> u64 {
        self.0.0.load(Relaxed)
    }
}

/// Adds, and stops at `u64::MAX`.
pub(super) fn saturating_add(count: &AtomicU64, by: u64) {
    let mut before = count.load(Relaxed);
    while let Err(now) =
        count.compare_exchange_weak(before, before.saturating_add(by), Relaxed, Relaxed)
    {
        before = now;
    }
}

/// All counters of a monitor.
#[derive(Default)]
pub(super) struct Counters(Mutex<BTreeMap<&'static str, Counter>>);

impl Counters {
    pub(super) fn get(&self, name: &'static str) -> Counter {
        self.lock().entry(name).or_default().clone()
    }

    pub(super) fn values(&self) -> BTreeMap<&'static str, u64> {
        self.lock().iter().map(|(name, counter)| (*name, counter.value())).collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Counter>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
