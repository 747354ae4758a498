//! Letting transactions that lock nodes go one at a time, while they would deadlock.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// How many transactions go alone after a deadlock.
const ALONE: u32 = 64;

/// Some three times as long as a turn lasts for a batch of usual size.
const PATIENCE: Duration = Duration::from_millis(250);

/// A right to lock, until it is dropped.
pub(super) type Turn = OwnedMutexGuard<()>;

/// Hands out turns once a deadlock was seen: a transaction that locks the nodes it names and then
/// commits relationships to the nodes that another locks, and the other way round, is a deadlock
/// in a graph of random relationships nearly always, and in others nearly never.
///
/// What transactions do before they take their turn still overlaps.
#[derive(Debug, Default)]
pub(super) struct Turns {
    turn: Arc<Mutex<()>>,
    /// How many transactions still go alone.
    alone: AtomicU32,
}

impl Turns {
    /// Waits for the turn, where it takes one, but not for long: whoever waits may hold locks that
    /// the one whose turn it is waits for, which only the server could find out. Where that is so,
    /// turns do more harm than good, and nobody takes one until the next deadlock. Dropping the
    /// future gives up the place.
    pub(super) async fn take(&self) -> Option<Turn> {
        let one_less = |left: u32| left.checked_sub(1);
        self.alone.fetch_update(Relaxed, Relaxed, one_less).ok()?;
        let turn = timeout(PATIENCE, self.turn.clone().lock_owned()).await.ok();
        if turn.is_none() {
            self.alone.store(0, Relaxed);
        }
        turn
    }

    /// A transaction was chosen as the victim of a deadlock.
    pub(super) fn deadlocked(&self) {
        self.alone.store(ALONE, Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::{ALONE, Turns};

    #[tokio::test]
    async fn a_deadlock_makes_the_next_ones_go_one_at_a_time() {
        let turns = Turns::default();
        assert!(turns.take().await.is_none(), "no deadlock was seen");
        turns.deadlocked();
        let first = turns.take().await;
        assert!(first.is_some());
        assert!(turns.take().now_or_never().is_none(), "another has its turn");
        drop(first);
        for _ in 2..ALONE {
            assert!(turns.take().await.is_some());
        }
        assert!(turns.take().await.is_none(), "and after some of them together again");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_waits_for_long() {
        let turns = Turns::default();
        turns.deadlocked();
        let first = turns.take().await;
        assert!(turns.take().await.is_none(), "it goes on without");
        drop(first);
        assert!(turns.take().await.is_none(), "and so does everybody, until the next deadlock");
        turns.deadlocked();
        assert!(turns.take().await.is_some());
    }
}
