//! When a failed transaction is tried again: arithmetic only, without clock and without server.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::errors::{Class, Failure};

/// Between tries that another transaction stood in the way of.
const SOON: (Duration, Duration) = (Duration::from_millis(10), Duration::from_millis(100));

/// The longest wait for a server that cannot be reached: the first, and the last.
const LATER: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));

/// How many conflicts of one transaction are no race any more, but a row that can never be written.
const MOST_CONFLICTS: u32 = 10;

/// The waits between tries, jittered, so that those who collided do not collide again.
#[derive(Debug)]
pub(super) struct Backoff {
    state: u64,
    /// Lost connections since the last try that reached the server.
    unreachable: u32,
}

impl Backoff {
    /// The waits that `seed` gives.
    pub(super) fn new(seed: u64) -> Self {
        Self { state: seed, unreachable: 0 }
    }

    /// Waits nobody can foretell.
    pub(super) fn random() -> Self {
        Self::new(RandomState::new().build_hasher().finish())
    }

    /// The next wait after a failure of `class`: 10 to 100 milliseconds, or, where the server
    /// could not be reached, up to a bound that doubles from 100 milliseconds to 5 seconds.
    pub(super) fn wait(&mut self, class: Class) -> Duration {
        let (least, most) = if class == Class::Connection {
            let doubled = LATER.0.saturating_mul(1 << self.unreachable.min(16));
            self.unreachable += 1;
            (SOON.0, doubled.min(LATER.1))
        } else {
            self.unreachable = 0;
            SOON
        };
        least + most.saturating_sub(least).mul_f64(self.fraction())
    }

    /// From 0 to below 1 (splitmix64).
    #[allow(clippy::cast_precision_loss)]
    fn fraction(&mut self) -> f64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// One transaction's tries.
#[derive(Debug)]
pub(super) struct Tries {
    backoff: Backoff,
    deadline: Duration,
    failed: u32,
    conflicts: u32,
}

impl Tries {
    /// No try yet; tries end `deadline` after the first failure.
    pub(super) fn new(backoff: Backoff, deadline: Duration) -> Self {
        Self { backoff, deadline, failed: 0, conflicts: 0 }
    }

    /// How many tries have failed.
    pub(super) fn failed(&self) -> u32 {
        self.failed
    }

    /// Records a failure of `class`, `since_first` after the first one (zero for the first), and
    /// says how long to wait before the next try; `None` not to try again. The last try is at
    /// the deadline.
    pub(super) fn after(&mut self, class: Class, since_first: Duration) -> Option<Duration> {
        self.failed = self.failed.saturating_add(1);
        match class {
            Class::TooLarge | Class::Row | Class::Fatal => return None,
            Class::Exists if self.conflicts == MOST_CONFLICTS => return None,
            Class::Exists => self.conflicts += 1,
            Class::Transient | Class::Connection => {}
        }
        let left = self.deadline.checked_sub(since_first).filter(|left| !left.is_zero())?;
        Some(self.backoff.wait(class).min(left))
    }
}

/// How often transactions had to be tried again, counted by cause since the graph was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryCounts {
    /// Deadlocks with other transactions.
    pub deadlocks: u64,
    /// Other passing failures: lock time-outs, transactions the server ended, or had no time for
    /// though they had the least there is to do.
    pub transient: u64,
    /// Something was there already that another writer made meanwhile.
    pub conflicts: u64,
    /// Connections that were refused, lost, or silent for too long; and a server that had no
    /// memory for the least there is to do.
    pub connections: u64,
}

/// Counts [`RetryCounts`].
#[derive(Debug, Default)]
pub(super) struct Retries {
    deadlocks: AtomicU64,
    transient: AtomicU64,
    conflicts: AtomicU64,
    connections: AtomicU64,
}

impl Retries {
    /// Counts a failure after which is tried again.
    pub(super) fn count(&self, failure: &Failure) {
        let counter = match failure.class {
            Class::Transient if failure.is_deadlock() => &self.deadlocks,
            Class::Transient => &self.transient,
            Class::Exists => &self.conflicts,
            Class::Connection => &self.connections,
            Class::TooLarge | Class::Row | Class::Fatal => return,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// What was counted until now.
    pub(super) fn counts(&self) -> RetryCounts {
        let of = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RetryCounts {
            deadlocks: of(&self.deadlocks),
            transient: of(&self.transient),
            conflicts: of(&self.conflicts),
            connections: of(&self.connections),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use atg_core::{Error, ErrorKind};

    use super::{Backoff, Class, Failure, MOST_CONFLICTS, Retries, Tries};

    const MINUTE: Duration = Duration::from_secs(60);

    fn tries() -> Tries {
        Tries::new(Backoff::new(1), MINUTE)
    }

    fn milliseconds(from: u64, to: u64) -> std::ops::RangeInclusive<Duration> {
        Duration::from_millis(from)..=Duration::from_millis(to)
    }

    #[test]
    fn waits_after_conflicts_stay_short_and_differ() {
        let mut backoff = Backoff::new(7);
        let waits: Vec<_> = (0..1_000).map(|_| backoff.wait(Class::Transient)).collect();
        assert!(waits.iter().all(|wait| milliseconds(10, 100).contains(wait)));
        assert!(waits.iter().any(|wait| milliseconds(10, 20).contains(wait)));
        assert!(waits.iter().any(|wait| milliseconds(90, 100).contains(wait)));
        assert_ne!(Backoff::random().wait(Class::Exists), Backoff::random().wait(Class::Exists));
    }

    #[test]
    fn waits_for_a_server_grow_to_a_bound_and_begin_anew() {
        let longest = |round: usize| {
            let nth = |seed| {
                let mut backoff = Backoff::new(seed);
                (0..=round).map(|_| backoff.wait(Class::Connection)).last()
            };
            (0..1_000).filter_map(nth).max().unwrap()
        };
        assert!(milliseconds(90, 100).contains(&longest(0)));
        assert!(milliseconds(180, 200).contains(&longest(1)));
        assert!(milliseconds(2_900, 3_200).contains(&longest(5)));
        assert!(milliseconds(4_500, 5_000).contains(&longest(6)));
        assert!(milliseconds(4_500, 5_000).contains(&longest(40)));
        let mut backoff = Backoff::new(3);
        for _ in 0..20 {
            backoff.wait(Class::Connection);
        }
        backoff.wait(Class::Transient);
        assert!(backoff.wait(Class::Connection) <= Duration::from_millis(100));
    }

    #[test]
    fn only_what_may_pass_is_tried_again() {
        for class in [Class::TooLarge, Class::Row, Class::Fatal] {
            assert_eq!(tries().after(class, Duration::ZERO), None, "{class:?}");
        }
        for class in [Class::Transient, Class::Connection, Class::Exists] {
            let mut tries = tries();
            assert!(tries.after(class, Duration::ZERO).is_some(), "{class:?}");
            assert_eq!(tries.failed(), 1);
        }
    }

    #[test]
    fn the_last_try_is_at_the_deadline() {
        let mut tries = tries();
        let last = tries.after(Class::Connection, Duration::from_millis(59_999));
        assert_eq!(last, Some(Duration::from_millis(1)));
        assert_eq!(tries.after(Class::Connection, MINUTE), None);
        assert_eq!(tries.after(Class::Transient, 2 * MINUTE), None);
        let mut never = Tries::new(Backoff::new(1), Duration::ZERO);
        assert_eq!(never.after(Class::Transient, Duration::ZERO), None);
    }

    #[test]
    fn endless_conflicts_end() {
        let mut tries = tries();
        for _ in 0..MOST_CONFLICTS {
            assert!(tries.after(Class::Exists, Duration::ZERO).is_some());
        }
        assert_eq!(tries.after(Class::Exists, Duration::ZERO), None);
    }

    #[test]
    fn each_cause_has_its_count() {
        let retries = Retries::default();
        let classes = [
            (Class::Transient, 1),
            (Class::Exists, 2),
            (Class::Connection, 3),
            (Class::TooLarge, 1),
            (Class::Row, 1),
            (Class::Fatal, 1),
        ];
        for (class, times) in classes {
            let error = Error::new(ErrorKind::Internal, "test", "test");
            let failure = Failure::new(class, error);
            (0..times).for_each(|_| retries.count(&failure));
        }
        let counts = retries.counts();
        assert_eq!((counts.transient, counts.conflicts, counts.connections), (1, 2, 3));
        assert_eq!(counts.deadlocks, 0);
    }
}
