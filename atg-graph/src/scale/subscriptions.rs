//! [`Subscriptions`]: the template's subscriptions, and those of its copies.

use std::collections::HashMap;

use atg_core::Text;
use foldhash::fast::RandomState;
use xxhash_rust::xxh3::xxh3_128;

/// The template's subscriptions, numbered in the order they were met.
#[derive(Debug, Default)]
pub(super) struct Subscriptions {
    numbers: HashMap<Text, usize, RandomState>,
    names: Vec<Text>,
}

impl Subscriptions {
    /// Adds a lower-case id, where it is not there.
    pub(super) fn add(&mut self, id: &str) {
        if self.names.last().is_some_and(|last| last == id) || self.numbers.contains_key(id) {
            return;
        }
        let name = Text::from(id);
        self.numbers.insert(name.clone(), self.names.len());
        self.names.push(name);
    }

    /// The number of an id, in any case.
    pub(super) fn number(&self, id: &str) -> Option<usize> {
        lookup(&self.numbers, id)
    }

    /// The id with a number.
    pub(super) fn name(&self, number: usize) -> Option<&Text> {
        self.names.get(number)
    }

    /// What the subscriptions are called in one copy, by number. The same operation gives the
    /// same copy the same ids in every run.
    pub(super) fn of_copy(&self, operation: &str, copy: u64) -> Vec<String> {
        self.names.iter().map(|name| guid(operation, copy, name)).collect()
    }
}

/// Whose subscription an id is: the copies' ids, all of them, to tell copies from the template.
#[derive(Debug)]
pub(super) struct CopiedSubscriptions {
    owners: HashMap<Text, (u64, usize), RandomState>,
}

impl CopiedSubscriptions {
    pub(super) fn of(subscriptions: &Subscriptions, operation: &str, copies: u64) -> Self {
        let mut owners = HashMap::default();
        for copy in 0..copies {
            let ids = subscriptions.of_copy(operation, copy);
            owners.extend(ids.into_iter().enumerate().map(|(at, id)| (id.into(), (copy, at))));
        }
        Self { owners }
    }

    /// The copy and the number of an id, in any case.
    pub(super) fn owner(&self, id: &str) -> Option<(u64, usize)> {
        lookup(&self.owners, id)
    }
}

fn lookup<T: Copy>(table: &HashMap<Text, T, RandomState>, id: &str) -> Option<T> {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return table.get(id.to_ascii_lowercase().as_str()).copied();
    }
    table.get(id).copied()
}

/// The id of a subscription's copy: a hash in the shape of a random (version 4) GUID.
fn guid(operation: &str, copy: u64, subscription: &str) -> String {
    let hash = xxh3_128(format!("{operation}\0{copy}\0{subscription}").as_bytes());
    let hash = hash & !(0xf << 76) | 0x4 << 76;
    let hash = hash & !(0x3 << 62) | 0x2 << 62;
    let hex = format!("{hash:032x}");
    let part = |from, to| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    use super::{CopiedSubscriptions, Subscriptions, guid};

    #[test]
    fn copies_have_ids_of_their_own_that_stay_the_same() {
        let one = guid("op", 0, "s1");
        assert_eq!(one, guid("op", 0, "s1"));
        let shape: Vec<_> = one.split('-').map(str::len).collect();
        assert_eq!(shape, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]));
        for other in [guid("op", 1, "s1"), guid("op", 0, "s2"), guid("op2", 0, "s1")] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn ids_are_found_again_in_any_case() {
        let mut subscriptions = Subscriptions::default();
        for id in ["s1", "s2", "s1", "s2"] {
            subscriptions.add(id);
        }
        assert_eq!((subscriptions.number("S1"), subscriptions.number("s2")), (Some(0), Some(1)));
        assert_eq!(subscriptions.number("s3"), None);
        let copies = CopiedSubscriptions::of(&subscriptions, "op", 3);
        let id = &subscriptions.of_copy("op", 2)[1];
        assert_eq!(copies.owner(&id.to_uppercase()), Some((2, 1)));
        assert_eq!(copies.owner("s1"), None);
    }
}
