//! Tags: each has a generation, entries remember those they were made with, and a tag is
//! invalidated by one more, however many entries have it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Fewer tags than this are never looked through for unused ones.
const FEW: usize = 1_024;

/// A tag and its generation.
#[derive(Debug)]
struct Tag {
    name: Box<str>,
    generation: AtomicU64,
}

/// The tags of one entry, with the generations it was made with.
#[derive(Debug)]
pub(super) struct Stamps(Vec<(Arc<Tag>, u64)>);

impl Stamps {
    /// Whether no tag was invalidated since.
    pub(super) fn are_current(&self) -> bool {
        self.0.iter().all(|(tag, stamp)| tag.generation.load(Ordering::Acquire) == *stamp)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.0.iter().map(|(tag, _)| tag.name.to_string()).collect()
    }
}

/// All tags that entries have.
#[derive(Debug, Default)]
pub(super) struct Tags(RwLock<Table>);

#[derive(Debug, Default)]
struct Table {
    tags: HashMap<Box<str>, Arc<Tag>, foldhash::fast::RandomState>,
    /// At how many unused ones are looked for.
    full: usize,
}

impl Tags {
    /// The current generations of these tags; in a box, for most entries have none.
    pub(super) fn stamps(&self, names: &[String]) -> Option<Box<Stamps>> {
        if names.is_empty() {
            return None;
        }
        let stamp = |tag: Arc<Tag>| {
            let generation = tag.generation.load(Ordering::Acquire);
            (tag, generation)
        };
        Some(Box::new(Stamps(names.iter().map(|name| stamp(self.tag(name))).collect())))
    }

    fn tag(&self, name: &str) -> Arc<Tag> {
        if let Some(tag) = self.read().tags.get(name) {
            return tag.clone();
        }
        let mut table = self.write();
        if table.tags.len() >= table.full.max(FEW) {
            table.tags.retain(|_, tag| Arc::strong_count(tag) > 1);
            table.full = table.tags.len() * 2;
        }
        let new = || Arc::new(Tag { name: name.into(), generation: AtomicU64::new(0) });
        table.tags.entry(name.into()).or_insert_with(new).clone()
    }

    // Every change leaves the table whole.
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes every entry out of date that has this tag.
    pub(super) fn invalidate(&self, name: &str) {
        if let Some(tag) = self.read().tags.get(name) {
            tag.generation.fetch_add(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, Tags};

    #[test]
    fn an_invalidation_reaches_all_with_the_tag_and_no_later_ones() {
        let tags = Tags::default();
        let names = ["a".to_owned(), "b".to_owned()];
        let both = tags.stamps(&names).unwrap();
        let other = tags.stamps(&names[..1]).unwrap();
        tags.invalidate("b");
        tags.invalidate("unknown");
        assert!(!both.are_current() && other.are_current());
        assert!(tags.stamps(&names).unwrap().are_current());
        assert!(tags.stamps(&[]).is_none());
    }

    #[test]
    fn unused_tags_do_not_pile_up() {
        let tags = Tags::default();
        let kept = tags.stamps(&["kept".to_owned()]).unwrap();
        for number in 0..10 * FEW {
            tags.stamps(&[format!("tag {number}")]);
        }
        assert!(tags.read().tags.len() <= FEW);
        tags.invalidate("kept");
        assert!(!kept.are_current());
    }
}
