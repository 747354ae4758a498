//! [`WorkerRecorder`]: what one worker records with.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use atg_core::{Measurement, PerfRecorder};
use foldhash::fast::RandomState;
use rtrb::{Producer, PushError};

use super::clock::nanoseconds;
use super::registry::Slot;
use super::tally::Entry;
use super::{Shared, Stopwatch};

/// Operations that are looked for by the address of their names, before they are by the text.
const NEAR: usize = 8;

/// Takes the measurements of one worker for a [`Monitor`](super::Monitor).
///
/// - **Nothing is missing from a snapshot**: one sees all that was recorded before it began.
/// - **No contention**: a record goes into a ring of the recorder's own, without a lock. The
///   recorder counts the ring's records when it is full, every 64; a snapshot counts them when it
///   looks, and may then keep the recorder waiting for some microseconds, once a ring.
/// - **Memory**: 4 KiB, and 2 KiB an operation, 1 KiB more for each doubling of its longest time
///   beyond 256 ns: 14 KiB up to a millisecond, 24 KiB up to a second. What a dropped recorder
///   counted is kept once for all. A record allocates only for an operation that is new to the
///   recorder, or for a time that is longer than all before.
/// - **Cost**: 22 to 42 ns a record by the machine, of which the two readings of the clock are 17 to
///   21, on one thread and on two (`cargo run --release -p atg-benches --bin monitor`). The first eight operations of a
///   recorder are found fastest.
///
/// Alone on its cache lines, so that neighbours on the heap do not slow one another down.
#[repr(align(128))]
pub struct WorkerRecorder {
    shared: Arc<Shared>,
    number: u64,
    slot: Arc<Slot>,
    outgoing: Producer<Entry>,
    /// The first operations, each in its place.
    near: Vec<&'static str>,
    /// Where each operation's tally is.
    places: HashMap<&'static str, usize, RandomState>,
    /// In nanoseconds.
    slow_from: u64,
}

impl WorkerRecorder {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        let (number, slot, outgoing) = shared.registry.add();
        let slow_from = nanoseconds(shared.slow.threshold());
        let (near, places) = (Vec::new(), HashMap::default());
        Self { shared, number, slot, outgoing, near, places, slow_from }
    }

    /// Starts a measurement that records itself when it ends.
    #[inline]
    pub fn time(&mut self, operation: &'static str) -> Stopwatch<'_, Self> {
        let clock = self.shared.clock.clone();
        Stopwatch::start(self, clock, operation)
    }

    #[inline]
    fn count(&mut self, measurement: &Measurement, shape: &str) {
        let nanoseconds = nanoseconds(measurement.elapsed);
        let is_slow = nanoseconds >= self.slow_from;
        let entry = Entry {
            place: self.place(measurement.operation),
            nanoseconds,
            items: measurement.items,
            bytes: measurement.bytes,
            succeeded: measurement.succeeded,
            is_slow,
        };
        if let Err(PushError::Full(entry)) = self.outgoing.push(entry) {
            self.make_room(&entry);
        }
        if is_slow {
            self.shared.note_slow(measurement, shape);
        }
    }

    #[inline]
    fn place(&mut self, operation: &'static str) -> usize {
        // The same text at the same address; another copy of it is found by what it says.
        let near = self.near.iter().position(|near| std::ptr::eq(*near, operation));
        near.unwrap_or_else(|| self.find(operation))
    }

    #[inline(never)]
    fn find(&mut self, operation: &'static str) -> usize {
        if let Some(place) = self.places.get(operation) {
            return *place;
        }
        let place = self.slot.lock().add_operation(operation);
        self.places.insert(operation, place);
        if place < NEAR {
            self.near.push(operation);
        }
        place
    }

    #[inline(never)]
    fn make_room(&self, entry: &Entry) {
        let mut counted = self.slot.lock();
        counted.drain();
        counted.count(entry);
    }
}

impl PerfRecorder for WorkerRecorder {
    #[inline]
    fn record(&mut self, measurement: &Measurement) {
        self.count(measurement, "");
    }

    #[inline]
    fn record_shape(&mut self, measurement: &Measurement, shape: &str) {
        self.count(measurement, shape);
    }
}

impl Drop for WorkerRecorder {
    fn drop(&mut self) {
        self.shared.registry.retire(self.number);
    }
}

impl fmt::Debug for WorkerRecorder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WorkerRecorder").field("number", &self.number).finish_non_exhaustive()
    }
}
