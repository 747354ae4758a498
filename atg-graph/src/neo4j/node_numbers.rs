//! The numbers under which the server stores nodes, so that relationships need not seek their ends.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};

use atg_core::Text;
use neo4rs::BoltType;
use xxhash_rust::xxh3::xxh3_128_with_seed;

use super::values;

/// Nodes in each of two generations: 2^19 buckets of 33 bytes, as full as a table gets.
const GENERATION: usize = (1 << 19) / 8 * 7;

/// A node by its number and its content hash.
///
/// The server gives the number of a node that is gone to another one, and the hash, which covers
/// the key, tells the two apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NodeNumber {
    pub(super) number: i64,
    pub(super) content: u64,
}

impl NodeNumber {
    /// The columns by which a statement's row names it.
    pub(super) fn encode(self) -> [BoltType; 2] {
        [values::integer(self.number), values::hash(self.content)]
    }
}

type Generation = HashMap<u128, NodeNumber, foldhash::fast::RandomState>;

/// The numbers of the nodes that a handle created last: up to 900,000, in 35 MB.
///
/// A number may be out of date: a statement that finds nothing under it has to seek the key.
#[derive(Debug)]
pub(super) struct NodeNumbers {
    seed: u64,
    generations: Mutex<Generations>,
}

#[derive(Debug, Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

impl Default for NodeNumbers {
    fn default() -> Self {
        Self { seed: RandomState::new().hash_one(0), generations: Mutex::default() }
    }
}

impl NodeNumbers {
    /// Notes nodes that are committed.
    pub(super) fn remember<'a>(&self, nodes: impl IntoIterator<Item = (&'a Text, NodeNumber)>) {
        let mut generations = self.lock();
        for (key, number) in nodes {
            if generations.young.len() >= GENERATION {
                generations.old = std::mem::take(&mut generations.young);
            }
            generations.young.insert(self.hash(key), number);
        }
    }

    /// Forgets nodes that may have changed.
    pub(super) fn forget<'a>(&self, keys: impl IntoIterator<Item = &'a Text>) {
        let mut generations = self.lock();
        for key in keys {
            let hash = self.hash(key);
            generations.young.remove(&hash);
            generations.old.remove(&hash);
        }
    }

    /// The numbers of these nodes, if all are known.
    pub(super) fn of_all(&self, keys: &[&Text]) -> Option<Vec<NodeNumber>> {
        let known = self.look_up();
        keys.iter().map(|key| known.find(key)).collect()
    }

    /// Looks several nodes up, while nobody else can.
    pub(super) fn look_up(&self) -> LookUp<'_> {
        LookUp { numbers: self, generations: self.lock() }
    }

    /// Keys are told apart by 128 bits, with a seed that nobody can make keys for.
    fn hash(&self, key: &Text) -> u128 {
        xxh3_128_with_seed(key.as_bytes(), self.seed)
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A look at many nodes.
pub(super) struct LookUp<'a> {
    numbers: &'a NodeNumbers,
    generations: MutexGuard<'a, Generations>,
}

impl LookUp<'_> {
    /// The number of a node, if it is known.
    pub(super) fn find(&self, key: &Text) -> Option<NodeNumber> {
        let hash = self.numbers.hash(key);
        let Generations { young, old } = &*self.generations;
        young.get(&hash).or_else(|| old.get(&hash)).copied()
    }
}

#[cfg(test)]
mod tests {
    use atg_core::Text;

    use super::{GENERATION, NodeNumber, NodeNumbers};

    fn remember(numbers: &NodeNumbers, range: std::ops::Range<usize>) {
        let keys: Vec<Text> = range.map(|index| index.to_string().into()).collect();
        let node = |key: &Text| NodeNumber { number: key.parse().unwrap(), content: 7 };
        numbers.remember(keys.iter().map(|key| (key, node(key))));
    }

    fn find(numbers: &NodeNumbers, index: usize) -> Option<i64> {
        numbers.look_up().find(&index.to_string().into()).map(|node| node.number)
    }

    #[test]
    fn what_is_forgotten_is_not_found() {
        let numbers = NodeNumbers::default();
        remember(&numbers, 0..3);
        numbers.forget([&Text::from("1"), &Text::from("9")]);
        assert_eq!([0, 1, 2, 3].map(|index| find(&numbers, index)), [Some(0), None, Some(2), None]);
    }

    #[test]
    fn the_oldest_go_where_there_is_no_room() {
        let numbers = NodeNumbers::default();
        remember(&numbers, 0..2 * GENERATION);
        assert_eq!(find(&numbers, 0), Some(0));
        remember(&numbers, 2 * GENERATION..2 * GENERATION + 1);
        assert_eq!(find(&numbers, 0), None);
        assert_eq!(find(&numbers, GENERATION), i64::try_from(GENERATION).ok());
        assert_eq!(find(&numbers, 2 * GENERATION), i64::try_from(2 * GENERATION).ok());
        let held = numbers.look_up();
        assert_eq!(held.generations.young.len() + held.generations.old.len(), GENERATION + 1);
    }
}
