//! [`States`]: what is remembered of each key, and of how many.

use std::collections::HashMap;
use std::hash::{Hash, RandomState};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock;
use governor::nanos::Nanos;
use governor::state::StateStore;

use super::TokioClock;

/// Fewer keys are never looked through.
const FEWEST: usize = 1_024;
/// A full map is looked through this often at the most.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);

/// When each key will have its whole limit again, for a bounded number of keys.
#[derive(Debug)]
pub(super) struct States<K> {
    most: usize,
    clock: TokioClock,
    table: Mutex<Table<K>>,
}

#[derive(Debug)]
struct Table<K> {
    // Keys come from outside: the standard hasher cannot be made to collide.
    whole_at: HashMap<K, Nanos, RandomState>,
    /// The same for all keys for which there is no room.
    strangers: Option<Nanos>,
    /// With so many keys it is time to look for idle ones, but not before that moment.
    sweep_at: usize,
    sweep_after: Nanos,
}

impl<K: Hash + Eq> States<K> {
    pub(super) fn new(most: usize, clock: TokioClock) -> Self {
        let table = Table {
            whole_at: HashMap::default(),
            strangers: None,
            sweep_at: most.min(FEWEST),
            sweep_after: clock.now(),
        };
        Self { most, clock, table: Mutex::new(table) }
    }
}

impl<K: Hash + Eq> Table<K> {
    /// Whether there is room for one more key, once idle ones are gone where it is time for it.
    fn has_room(&mut self, most: usize, now: Nanos) -> bool {
        if self.whole_at.len() >= self.sweep_at && now >= self.sweep_after {
            self.whole_at.retain(|_, whole_at| *whole_at > now);
            self.sweep_at = (self.whole_at.len() * 2).max(FEWEST).min(most);
            self.sweep_after = now + Nanos::from(SHORTEST_PAUSE);
            if self.whole_at.capacity() / 4 > self.sweep_at {
                self.whole_at.shrink_to(self.sweep_at);
            }
        }
        self.whole_at.len() < most
    }
}

impl<K: Hash + Eq + Clone> StateStore for States<K> {
    type Key = K;

    fn measure_and_replace<T, F, E>(&self, key: &K, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(whole_at) = table.whole_at.get_mut(key) {
            let (outcome, next) = decide(Some(*whole_at))?;
            *whole_at = next;
            return Ok(outcome);
        }
        if table.has_room(self.most, self.clock.now()) {
            let (outcome, next) = decide(None)?;
            table.whole_at.insert(key.clone(), next);
            return Ok(outcome);
        }
        let (outcome, next) = decide(table.strangers)?;
        table.strangers = Some(next);
        Ok(outcome)
    }
}

#[cfg(test)]
mod tests {
    use super::{FEWEST, States};
    use crate::keyed::TokioClock;
    use governor::clock::Clock;
    use governor::nanos::Nanos;
    use governor::state::StateStore;
    use std::time::Duration;
    use tokio::time::{Instant, advance};

    fn use_for_a_second(states: &States<u32>, key: u32) {
        let used: Result<(), ()> = states.measure_and_replace(&key, |_| {
            Ok(((), states.clock.now() + Nanos::from(Duration::from_secs(1))))
        });
        used.unwrap();
    }

    fn known(states: &States<u32>) -> usize {
        states.table.lock().unwrap().whole_at.len()
    }

    #[tokio::test(start_paused = true)]
    async fn idle_keys_are_forgotten_and_those_in_use_are_not() {
        let states = States::new(1_000_000, TokioClock { origin: Instant::now() });
        for second in 0..100 {
            for key in 0..500 {
                use_for_a_second(&states, second * 500 + key);
            }
            advance(Duration::from_millis(1_100)).await;
            assert!(known(&states) <= FEWEST + 500, "{}", known(&states));
        }
        assert!(states.table.lock().unwrap().whole_at.contains_key(&49_999));
    }

    #[tokio::test(start_paused = true)]
    async fn there_are_never_more_keys_than_allowed() {
        let states = States::new(10, TokioClock { origin: Instant::now() });
        for key in 0..10_000 {
            use_for_a_second(&states, key);
        }
        assert_eq!(known(&states), 10);
        advance(Duration::from_secs(2)).await;
        use_for_a_second(&states, 10_000);
        assert_eq!(known(&states), 1);
    }
}
