//! What contestants do, compiled for each of them: a call by its type comes once in many
//! operations.

use crate::Outcome;
use crate::data::{Items, Value};
use crate::peers::{Lookup, Peer};

/// One look-up, or one insertion.
#[derive(Clone, Copy)]
pub(crate) struct Step {
    pub(crate) index: u32,
    pub(crate) inserts: bool,
}

/// What came of some steps.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) hits: u64,
    pub(crate) misses: u64,
    /// Hits of another key's value.
    pub(crate) wrong: u64,
}

impl Tally {
    fn count(&mut self, found: Option<&Value>, index: usize) {
        match found {
            Some(value) => {
                self.hits += 1;
                self.wrong += u64::from(!Items::is_of(value, index));
            }
            None => self.misses += 1,
        }
    }
}

/// Looks up keys that are all there.
pub(crate) trait Hits: Send + Sync {
    /// Bytes of all values found.
    fn hits(&self, keys: &[&str]) -> usize;
}

impl<T: Lookup> Hits for T {
    fn hits(&self, keys: &[&str]) -> usize {
        keys.iter().map(|key| self.get(key).map_or(0, |value| value.len())).sum()
    }
}

/// All that a cache does here.
pub(crate) trait Work: Hits {
    /// Keeps one value.
    fn keep(&self, key: &str, value: &Value);

    /// Looks one up.
    fn find(&self, key: &str) -> Option<Value>;

    /// How many entries it holds.
    fn held(&self) -> u64;

    /// Takes these steps.
    fn mixed(&self, steps: &[Step], items: &Items) -> Tally;

    /// Looks up what these name, and keeps what is not there.
    fn cached(&self, requests: &[u32], items: &Items) -> Tally;
}

impl<T: Peer> Work for T {
    fn keep(&self, key: &str, value: &Value) {
        self.insert(key, value);
    }

    fn find(&self, key: &str) -> Option<Value> {
        self.get(key)
    }

    fn held(&self) -> u64 {
        self.entries()
    }

    fn mixed(&self, steps: &[Step], items: &Items) -> Tally {
        let mut tally = Tally::default();
        for step in steps {
            let index = step.index as usize;
            if step.inserts {
                self.insert(&items.keys[index], &items.values[index]);
            } else {
                tally.count(self.get(&items.keys[index]).as_ref(), index);
            }
        }
        tally
    }

    fn cached(&self, requests: &[u32], items: &Items) -> Tally {
        let mut tally = Tally::default();
        for index in requests.iter().map(|index| *index as usize) {
            let found = self.get(&items.keys[index]);
            tally.count(found.as_ref(), index);
            if found.is_none() {
                self.insert(&items.keys[index], &items.values[index]);
            }
        }
        tally
    }
}

/// Fails where a cache holds more than it may; some round up what each of their parts may hold.
pub(crate) fn check_held(cache: &dyn Work, capacity: usize, name: &str) -> Outcome {
    let (held, most) = (cache.held(), (capacity + capacity / 50) as u64);
    if held > most {
        return Err(format!("{name} holds {held} entries, {capacity} are allowed").into());
    }
    Ok(())
}
