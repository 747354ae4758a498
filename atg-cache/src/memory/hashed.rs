//! Keys that are hashed once, however many maps they are looked up in.

use std::borrow::Borrow;
use std::hash::{BuildHasherDefault, Hash, Hasher};

/// A stored key and its hash.
#[derive(Debug, Clone)]
pub(super) struct StoredKey {
    pub(super) hash: u64,
    pub(super) text: Box<str>,
}

/// A key that is looked up, and its hash.
#[derive(Debug, Clone, Copy)]
pub(super) struct Hashed<'a> {
    pub(super) hash: u64,
    pub(super) text: &'a str,
}

impl Hashed<'_> {
    pub(super) fn stored(self) -> StoredKey {
        StoredKey { hash: self.hash, text: self.text.into() }
    }
}

/// What both have in common, so that either finds the other in a map.
pub(super) trait HashedKey {
    fn parts(&self) -> (u64, &str);
}

impl HashedKey for StoredKey {
    fn parts(&self) -> (u64, &str) {
        (self.hash, &self.text)
    }
}

impl HashedKey for Hashed<'_> {
    fn parts(&self) -> (u64, &str) {
        (self.hash, self.text)
    }
}

impl Hash for dyn HashedKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.parts().0);
    }
}

// Whole keys are compared; no hash decides.
impl PartialEq for dyn HashedKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts().1 == other.parts().1
    }
}

impl Eq for dyn HashedKey + '_ {}

impl<'a> Borrow<dyn HashedKey + 'a> for StoredKey {
    fn borrow(&self) -> &(dyn HashedKey + 'a) {
        self
    }
}

impl Hash for StoredKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl PartialEq for StoredKey {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for StoredKey {}

/// Takes the one number it is given for the hash.
#[derive(Debug, Default)]
pub(super) struct PassThrough(u64);

impl Hasher for PassThrough {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _bytes: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// Makes [`PassThrough`].
pub(super) type BuildPassThrough = BuildHasherDefault<PassThrough>;
