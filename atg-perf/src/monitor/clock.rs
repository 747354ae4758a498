//! [`MonitorClock`]: the time that work is measured by.

use std::time::Duration;

use tokio::time::Instant;

/// The time that work is measured by: the processor's counter, or tokio's clock.
///
/// Cheap to clone; ticks of a clock and its clones compare, of others they do not.
#[derive(Debug, Clone)]
pub struct MonitorClock(Source);

#[derive(Debug, Clone)]
enum Source {
    Processor(quanta::Clock),
    Tokio(Instant),
}

/// A moment by a [`MonitorClock`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tick(u64);

impl MonitorClock {
    /// The processor's time stamp counter where it runs evenly, else the system's monotonic
    /// clock. The default.
    ///
    /// Two readings take 21 ns, where `Instant::now` and `elapsed` take 56. The first clock of a
    /// process is compared with the system's for about a millisecond, 200 at the most; from then
    /// on the two differ by some millionths.
    pub fn processor() -> Self {
        Self(Source::Processor(quanta::Clock::new()))
    }

    /// Tokio's, which tests may pause.
    pub fn tokio() -> Self {
        Self(Source::Tokio(Instant::now()))
    }

    /// Now.
    #[inline]
    pub fn now(&self) -> Tick {
        Tick(match &self.0 {
            Source::Processor(clock) => clock.raw(),
            Source::Tokio(start) => nanoseconds(start.elapsed()),
        })
    }

    /// How long ago `earlier` was; nothing where it lies ahead.
    #[inline]
    pub fn since(&self, earlier: Tick) -> Duration {
        self.between(earlier, self.now())
    }

    /// How much later than `earlier` `later` is; nothing where it is not.
    #[inline]
    pub fn between(&self, earlier: Tick, later: Tick) -> Duration {
        Duration::from_nanos(match &self.0 {
            Source::Processor(clock) => clock.delta_as_nanos(earlier.0, later.0),
            Source::Tokio(_) => later.0.saturating_sub(earlier.0),
        })
    }
}

impl Default for MonitorClock {
    fn default() -> Self {
        Self::processor()
    }
}

/// Nanoseconds of a duration; more than 584 years count as that.
#[inline]
pub(super) fn nanoseconds(duration: Duration) -> u64 {
    duration
        .as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(duration.subsec_nanos()))
}
