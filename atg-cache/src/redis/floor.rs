//! [`Floor`]: what the server may still hold although it should not.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many keys are remembered one by one; more of them, and no older entry is served at all.
const KEYS: usize = 4_096;

/// Remembers removals that the server could not take, by the wall time in milliseconds at which
/// they failed: what was created until then is not served.
#[derive(Debug, Default)]
pub(crate) struct Floor(Mutex<Levels>);

#[derive(Debug, Default)]
struct Levels {
    /// The floor of every key; 0 as long as nothing failed.
    all: u64,
    keys: HashMap<String, u64>,
}

impl Floor {
    /// Whether an entry that was created then may be served.
    pub(crate) fn allows(&self, key: &str, created: u64) -> bool {
        let levels = self.levels();
        let own = levels.keys.get(key).copied().unwrap_or_default();
        created > own.max(levels.all) || (own == 0 && levels.all == 0)
    }

    /// Nothing that was created until now is served.
    pub(crate) fn raise(&self, now: u64) {
        let mut levels = self.levels();
        levels.all = levels.all.max(now);
        // The clock may have been set back: what still stands above stays.
        levels.keys.retain(|_, own| *own > now);
    }

    /// Nothing that was created under this key until now is served.
    pub(crate) fn raise_key(&self, key: &str, now: u64) {
        let mut levels = self.levels();
        if levels.keys.len() < KEYS || levels.keys.contains_key(key) {
            let own = levels.keys.entry(key.to_owned()).or_default();
            *own = (*own).max(now);
        } else {
            drop(levels);
            self.raise(now);
        }
    }

    fn levels(&self) -> MutexGuard<'_, Levels> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Floor, KEYS};

    #[test]
    fn what_was_created_until_a_failure_is_not_served() {
        let floor = Floor::default();
        assert!(floor.allows("a", 0) && floor.allows("a", 7));
        floor.raise_key("a", 10);
        assert!(!floor.allows("a", 10) && floor.allows("a", 11) && floor.allows("b", 10));
        floor.raise(20);
        assert!(!floor.allows("b", 20) && floor.allows("b", 21));
        floor.raise(15);
        assert!(!floor.allows("b", 20), "a floor only rises");
    }

    #[test]
    fn too_many_keys_are_all_keys() {
        let floor = Floor::default();
        (0..=KEYS).for_each(|number| floor.raise_key(&number.to_string(), 10));
        assert!(!floor.allows("another", 10) && floor.allows("another", 11));
    }
}
