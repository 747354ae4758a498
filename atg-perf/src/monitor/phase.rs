//! [`PhaseGuard`]: a phase of the work, measured by its scope.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use atg_core::PerfPhase;

use super::memory::PeakWatch;
use super::snapshot::PhaseFigures;
use super::{Counter, Shared};

/// Phases kept one by one; later ones are only counted.
const MOST_KEPT: usize = 4096;

/// A phase under way, from [`Monitor::phase`](super::Monitor::phase) on.
///
/// It owns what it needs: it may be held across awaits, moved between tasks, and nested. Dropped
/// without [`finish`](Self::finish), by an early return, a panic or a cancelled future, it is
/// recorded as broken off.
///
/// The peak memory is the whole process's, whatever else runs meanwhile: Linux's `VmHWM`, which
/// the beginning of each phase resets through `/proc/self/clear_refs`. Nested phases know of one
/// another; another program part that resets it makes the peak too low. Where the system keeps no
/// peak, or does not let it be reset, there is none. Beginning and ending take some 50 µs.
#[must_use = "a phase lasts until it is dropped"]
pub struct PhaseGuard {
    shared: Arc<Shared>,
    name: &'static str,
    began_after: Duration,
    items: AtomicU64,
    memory: Option<PeakWatch>,
    finished: bool,
}

impl PhaseGuard {
    pub(super) fn begin(shared: Arc<Shared>, name: &'static str) -> Self {
        let memory = if shared.measures_memory { PeakWatch::begin() } else { None };
        let began_after = shared.age();
        Self { shared, name, began_after, items: AtomicU64::new(0), memory, finished: false }
    }

    /// Adds to the items that the phase moved.
    pub fn add_items(&self, items: u64) {
        super::counter::saturating_add(&self.items, items);
    }

    /// Ends the phase as done.
    pub fn finish(mut self) {
        self.finished = true;
    }
}

impl PerfPhase for PhaseGuard {
    fn finish(mut self: Box<Self>, items: u64) {
        self.add_items(items);
        self.finished = true;
    }
}

impl Drop for PhaseGuard {
    fn drop(&mut self) {
        self.shared.phases.push(PhaseFigures {
            name: self.name,
            began_after: self.began_after,
            elapsed: self.shared.age().saturating_sub(self.began_after),
            items: self.items.load(Relaxed),
            peak_memory: self.memory.as_ref().and_then(PeakWatch::peak),
            finished: self.finished,
        });
    }
}

impl fmt::Debug for PhaseGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhaseGuard").field("name", &self.name).finish_non_exhaustive()
    }
}

/// The phases that have ended.
#[derive(Default)]
pub(super) struct Phases {
    ended: Mutex<Vec<PhaseFigures>>,
    left_out: Counter,
}

impl Phases {
    fn push(&self, phase: PhaseFigures) {
        let mut ended = self.lock();
        if ended.len() < MOST_KEPT {
            ended.push(phase);
        } else {
            self.left_out.add(1);
        }
    }

    /// Those kept, in the order in which they ended, and how many are not.
    pub(super) fn ended(&self) -> (Vec<PhaseFigures>, u64) {
        let ended = self.lock();
        (ended.clone(), self.left_out.value())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<PhaseFigures>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
