//! [`Clock`]: the time that entries live by.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::Instant;

/// The time that entries live by: the system's, tokio's, or one moved by hand.
///
/// In memory entries live by time that only goes forward; what outlives a process is dated by
/// wall time, and a date in the future counts as expired.
#[derive(Debug, Clone, Default)]
pub struct Clock(Source);

#[derive(Debug, Clone, Default)]
enum Source {
    #[default]
    System,
    Tokio {
        start: Instant,
        wall: u64,
    },
    Manual(Arc<AtomicU64>),
}

impl Clock {
    /// The system's: exact to some 10 milliseconds, for less than 10 nanoseconds a reading on
    /// Linux. The default.
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// Tokio's, which tests may pause; wall time begins with the system's. Within a runtime only.
    pub fn tokio() -> Self {
        Self(Source::Tokio { start: Instant::now(), wall: system_wall() })
    }

    /// One that stands still until [`ManualTime`] moves it; begins at the system's wall time.
    pub fn manual() -> (Self, ManualTime) {
        let time = Arc::new(AtomicU64::new(system_wall()));
        (Self(Source::Manual(time.clone())), ManualTime(time))
    }

    /// Milliseconds since some moment before the process's first reading; only goes forward,
    /// unless moved back by hand.
    pub fn now(&self) -> u64 {
        match &self.0 {
            Source::System => system_monotonic(),
            Source::Tokio { start, .. } => milliseconds(start.elapsed()),
            Source::Manual(time) => time.load(Relaxed),
        }
    }

    /// Milliseconds since 1970.
    pub fn wall(&self) -> u64 {
        match &self.0 {
            Source::System => system_wall(),
            Source::Tokio { start, wall } => wall.saturating_add(milliseconds(start.elapsed())),
            Source::Manual(time) => time.load(Relaxed),
        }
    }
}

/// Moves a manual [`Clock`].
#[derive(Debug, Clone)]
pub struct ManualTime(Arc<AtomicU64>);

impl ManualTime {
    /// Moves it forward.
    pub fn advance(&self, by: Duration) {
        let forward = |now: u64| Some(now.saturating_add(milliseconds(by)));
        // The closure always gives a value.
        let _ = self.0.fetch_update(Relaxed, Relaxed, forward);
    }

    /// Moves it back, as somebody who sets the system's clock does.
    pub fn set_back(&self, by: Duration) {
        let back = |now: u64| Some(now.saturating_sub(milliseconds(by)));
        let _ = self.0.fetch_update(Relaxed, Relaxed, back);
    }
}

/// Whole milliseconds; longer than the clock can tell is the longest.
pub(crate) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn system_wall() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map(milliseconds).unwrap_or_default()
}

/// The coarse clock is a read of memory that the kernel updates with every tick, 1 to 10
/// milliseconds apart; the exact one costs more than a whole hit.
#[cfg(target_os = "linux")]
fn system_monotonic() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::MonotonicCoarse);
    now.tv_sec.cast_unsigned() * 1_000 + now.tv_nsec.cast_unsigned() / 1_000_000
}

#[cfg(not(target_os = "linux"))]
fn system_monotonic() -> u64 {
    use std::sync::OnceLock;
    static START: OnceLock<std::time::Instant> = OnceLock::new();
    milliseconds(START.get_or_init(std::time::Instant::now).elapsed())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Clock;

    #[test]
    fn the_system_clock_goes_forward() {
        let clock = Clock::system();
        let (now, wall) = (clock.now(), clock.wall());
        assert!(clock.now() >= now && wall > 1_700_000_000_000);
    }

    #[tokio::test(start_paused = true)]
    async fn tokios_clock_goes_with_paused_time() {
        let clock = Clock::tokio();
        let (now, wall) = (clock.now(), clock.wall());
        tokio::time::advance(Duration::from_millis(1_500)).await;
        assert_eq!((clock.now() - now, clock.wall() - wall), (1_500, 1_500));
    }

    #[test]
    fn a_manual_clock_goes_as_it_is_moved() {
        let (clock, time) = Clock::manual();
        let start = clock.wall();
        time.advance(Duration::from_secs(3));
        time.set_back(Duration::from_secs(1));
        assert_eq!(clock.wall() - start, 2_000);
        time.advance(Duration::MAX);
        assert_eq!(clock.now(), u64::MAX);
    }
}
