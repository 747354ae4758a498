//! [`Registry`]: the recorders at work, and what those that are gone have left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use foldhash::fast::RandomState;
use rtrb::{Consumer, Producer, RingBuffer};

use super::tally::{Entry, Tally};

/// Records on their way: with fewer, the lock would cost more; with more, a recorder's memory.
const ON_THEIR_WAY: usize = 64;

/// What one recorder has counted, behind a ring of what it has not.
///
/// The recorder puts records into the ring, for which it needs no lock. Whoever holds the lock
/// takes them out and counts them: the recorder where the ring is full, a snapshot at any time.
/// Alone on its cache lines.
#[repr(align(128))]
pub(super) struct Slot {
    counted: Mutex<Counted>,
}

/// The tallies of a recorder, and the ring's end.
pub(super) struct Counted {
    incoming: Consumer<Entry>,
    tallies: Vec<(&'static str, Tally)>,
}

impl Slot {
    fn new() -> (Self, Producer<Entry>) {
        let (outgoing, incoming) = RingBuffer::new(ON_THEIR_WAY);
        (Self { counted: Mutex::new(Counted { incoming, tallies: Vec::new() }) }, outgoing)
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Counted> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Visits each tally, and lets the recorder go on in between.
    fn visit(&self, visit: &mut impl FnMut(&'static str, &Tally)) {
        self.lock().drain();
        let mut place = 0;
        while let Some((operation, tally)) = self.lock().tallies.get(place) {
            // The first record of an operation may still be on its way.
            if tally.totals.count > 0 {
                visit(operation, tally);
            }
            place += 1;
        }
    }
}

impl Counted {
    /// A place for one more operation.
    pub(super) fn add_operation(&mut self, operation: &'static str) -> usize {
        self.tallies.push((operation, Tally::new()));
        self.tallies.len() - 1
    }

    pub(super) fn count(&mut self, entry: &Entry) {
        count(&mut self.tallies, entry);
    }

    /// Counts what is in the ring now; what comes meanwhile is left.
    pub(super) fn drain(&mut self) {
        let waiting = self.incoming.slots();
        // So many are there: only this takes them out.
        let Ok(chunk) = self.incoming.read_chunk(waiting) else { return };
        chunk.into_iter().for_each(|entry| count(&mut self.tallies, &entry));
    }
}

#[inline]
fn count(tallies: &mut [(&'static str, Tally)], entry: &Entry) {
    if let Some((_, tally)) = tallies.get_mut(entry.place) {
        tally.record(entry);
    }
}

/// The recorders at work, and what those that are gone have left.
#[derive(Default)]
pub(super) struct Registry {
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next: u64,
    live: HashMap<u64, Arc<Slot>, RandomState>,
    retired: HashMap<&'static str, Tally, RandomState>,
}

impl Registry {
    /// A slot for one more recorder, with its number and the way into its ring.
    pub(super) fn add(&self) -> (u64, Arc<Slot>, Producer<Entry>) {
        let (slot, outgoing) = Slot::new();
        let slot = Arc::new(slot);
        let mut state = self.lock();
        let number = state.next;
        state.next += 1;
        state.live.insert(number, slot.clone());
        (number, slot, outgoing)
    }

    /// Keeps what a recorder counted, and forgets the recorder.
    pub(super) fn retire(&self, number: u64) {
        let mut state = self.lock();
        let Some(slot) = state.live.remove(&number) else { return };
        slot.visit(&mut |operation, tally| {
            state.retired.entry(operation).or_insert_with(Tally::new).merge(tally);
        });
    }

    /// Visits every tally, each exactly once, those of one operation in any order. A recorder
    /// that retires meanwhile was among the live ones, and its slot still holds what it had.
    pub(super) fn visit(&self, mut visit: impl FnMut(&'static str, &Tally)) {
        let live: Vec<Arc<Slot>> = {
            let state = self.lock();
            for (operation, tally) in &state.retired {
                visit(operation, tally);
            }
            state.live.values().cloned().collect()
        };
        for slot in live {
            slot.visit(&mut visit);
        }
    }

    pub(super) fn live(&self) -> usize {
        self.lock().live.len()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
