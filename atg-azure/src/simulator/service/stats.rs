//! [`SimulatorStats`]: what the simulated Azure has seen.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use super::route::Operation;

/// What the simulated Azure has seen since it was built.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SimulatorStats {
    /// Requests that came in.
    pub requests: u64,
    /// Answers with status 429, whatever the cause.
    pub throttled: u64,
    /// Answers with status 429 because a limit was exceeded: what a careful client avoids.
    pub wasted: u64,
    /// Faults, by script and by rate.
    pub faults: u64,
    /// Bytes of all answers' bodies, before compression.
    pub bytes: u64,
    /// Requests under way.
    pub in_flight: u64,
    /// The most requests that were under way at the same time.
    pub peak_in_flight: u64,
    /// Requests by operation; operations never asked for are absent.
    pub operations: BTreeMap<Operation, u64>,
}

/// The counters behind the statistics.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    requests: AtomicU64,
    throttled: AtomicU64,
    wasted: AtomicU64,
    faults: AtomicU64,
    bytes: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    operations: Mutex<BTreeMap<Operation, u64>>,
}

/// A request under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Flight<'a> {
    counters: &'a Counters,
    /// The request's number, from 0.
    pub(crate) ordinal: u64,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.counters.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counters {
    /// Counts a request in.
    pub(crate) fn enter(&self, operation: Operation) -> Flight<'_> {
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner);
        *operations.entry(operation).or_default() += 1;
        Flight { counters: self, ordinal: self.requests.fetch_add(1, Ordering::Relaxed) }
    }

    pub(crate) fn fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn wasted(&self) {
        self.wasted.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, throttled: bool, bytes: usize) {
        self.throttled.fetch_add(u64::from(throttled), Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    pub(crate) fn snapshot(&self) -> SimulatorStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        SimulatorStats {
            requests: read(&self.requests),
            throttled: read(&self.throttled),
            wasted: read(&self.wasted),
            faults: read(&self.faults),
            bytes: read(&self.bytes),
            in_flight: read(&self.in_flight),
            peak_in_flight: read(&self.peak_in_flight),
            operations,
        }
    }
}
