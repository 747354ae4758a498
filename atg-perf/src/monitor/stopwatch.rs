//! [`Stopwatch`]: a measurement that records itself.

use atg_core::{Measurement, PerfRecorder};

use super::clock::{MonitorClock, Tick};

/// Measures from its start to its end, and records itself when it ends.
///
/// Call [`succeed`](Self::succeed) when the work is done. Dropped before, by an early return, a
/// panic or a cancelled future, it records a failure. Where the recorder is off
/// ([`PerfRecorder::is_on`]) the clock is not read.
#[must_use = "it measures until it is dropped"]
#[derive(Debug)]
pub struct Stopwatch<'a, R: PerfRecorder + ?Sized> {
    recorder: &'a mut R,
    clock: MonitorClock,
    started: Option<Tick>,
    operation: &'static str,
    shape: &'a str,
    items: u64,
    bytes: u64,
    succeeded: bool,
}

impl<'a, R: PerfRecorder + ?Sized> Stopwatch<'a, R> {
    /// Starts now, with 1 item and 0 bytes.
    pub fn start(recorder: &'a mut R, clock: MonitorClock, operation: &'static str) -> Self {
        let started = recorder.is_on().then(|| clock.now());
        let (items, bytes) = (1, 0);
        Self { recorder, clock, started, operation, shape: "", items, bytes, succeeded: false }
    }

    /// Sets the items moved.
    pub fn set_items(&mut self, items: u64) {
        self.items = items;
    }

    /// Sets the bytes moved.
    pub fn set_bytes(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    /// Sets the statement's shape, for the slow-operation log.
    pub fn set_shape(&mut self, shape: &'a str) {
        self.shape = shape;
    }

    /// Ends and records a success.
    pub fn succeed(mut self) {
        self.succeeded = true;
    }

    /// Ends and records nothing.
    pub fn discard(mut self) {
        self.started = None;
    }
}

impl<R: PerfRecorder + ?Sized> Drop for Stopwatch<'_, R> {
    #[inline]
    fn drop(&mut self) {
        let Some(started) = self.started else { return };
        let measurement = Measurement {
            operation: self.operation,
            elapsed: self.clock.since(started),
            items: self.items,
            bytes: self.bytes,
            succeeded: self.succeeded,
        };
        self.recorder.record_shape(&measurement, self.shape);
    }
}
