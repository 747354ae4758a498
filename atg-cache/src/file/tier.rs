//! [`Tier`]: what one open directory does, without a runtime.

use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use atg_core::{EntryOptions, Found, Invalidation, glob_matches};
use bytes::Bytes;

use super::counters::{Counters, Reason};
use super::entry::{self, Header};
use super::layout::Layout;
use super::store::{self, Identity, Opened};
use super::written::{Written, weight};
use crate::Clock;

#[derive(Debug)]
pub(super) struct Tier {
    pub(super) layout: Layout,
    pub(super) max_bytes: u64,
    pub(super) max_entry_bytes: u64,
    pub(super) clock: Clock,
    pub(super) counters: Counters,
    pub(super) written: Written,
    /// Entries made up to this wall millisecond are not served: one of them should have gone and
    /// could not be removed.
    distrusted: AtomicU64,
}

impl Tier {
    pub(super) fn new(layout: Layout, max_bytes: u64, max_entry_bytes: u64, clock: Clock) -> Self {
        let written = Written::new(layout.written());
        let (counters, distrusted) = (Counters::default(), AtomicU64::new(0));
        Self { layout, max_bytes, max_entry_bytes, clock, counters, written, distrusted }
    }

    /// The value under a key, and how it is kept.
    pub(super) fn find(&self, key: &str) -> Option<Found<Bytes>> {
        let found = self.look_up(key).unwrap_or_else(|error| {
            self.counters.failed("read", &error);
            None
        });
        let counter = if found.is_some() { &self.counters.hits } else { &self.counters.misses };
        counter.add(1);
        found
    }

    fn look_up(&self, key: &str) -> io::Result<Option<Found<Bytes>>> {
        let path = self.layout.entry(key);
        let Some(mut file) = Opened::open(&path)? else { return Ok(None) };
        if file.identity.length > self.max_entry_bytes {
            return Ok(None);
        }
        let Some((header, value)) = entry::decode(file.read()?) else {
            self.take(&path, &file.identity, Reason::Corrupt);
            return Ok(None);
        };
        if header.key != key || header.created <= self.distrusted.load(Ordering::Acquire) {
            return Ok(None);
        }
        let now = self.clock.wall();
        if let Some(reason) = self.why_not(&header, now)? {
            self.take(&path, &file.identity, reason);
            return Ok(None);
        }
        Ok(Some(Found { value, options: Some(header.options(now)) }))
    }

    /// Why an entry may not be served now; `None` where it may.
    pub(super) fn why_not(&self, header: &Header, now: u64) -> io::Result<Option<Reason>> {
        if now < header.created {
            return Ok(Some(Reason::Corrupt));
        }
        if header.expires.is_some_and(|expires| expires <= now) {
            return Ok(Some(Reason::Expired));
        }
        for (tag, generation) in &header.tags {
            if self.generation(tag)? != Some(*generation) {
                return Ok(Some(Reason::Invalidated));
            }
        }
        Ok(None)
    }

    /// Keeps a value, or else sees to it that the one before is not served any more. True where
    /// there may now be more on disk than there should be.
    pub(super) fn keep(&self, key: &str, value: &[u8], options: EntryOptions) -> bool {
        let path = self.layout.entry(key);
        match self.put(&path, key, value, options) {
            Ok(Some(estimate)) => return estimate > self.max_bytes,
            Ok(None) => self.counters.rejected.add(1),
            Err(error) => self.counters.failed("write", &error),
        }
        match store::remove(&path) {
            Ok(Some(length)) => self.gone(length, Reason::Replaced),
            Ok(None) => {}
            Err(error) => self.distrust(&error),
        }
        false
    }

    /// Writes an entry; what may be on disk then, as far as this could tell, or `None` where the
    /// entry is not to be kept.
    fn put(
        &self,
        path: &Path,
        key: &str,
        value: &[u8],
        options: EntryOptions,
    ) -> io::Result<Option<u64>> {
        // Read before the value gets its name: an invalidation from here on makes the entry a
        // miss. One that came while the value was loaded is not seen.
        let tags = self.generations(options.tags)?;
        let header = Header::new(key, options.time_to_live, self.clock.wall(), tags);
        let Some(head) = header.and_then(|header| header.encode(value)) else { return Ok(None) };
        let length = (head.len() as u64).saturating_add(value.len() as u64);
        if length > self.max_entry_bytes {
            return Ok(None);
        }
        let before = store::length(path)?;
        // Counted first: what cannot be counted is not kept, for it would have no bound.
        let growth = weight(length).saturating_sub(before.map_or(0, weight));
        let estimate = self.written.add(growth)?;
        store::write(&self.layout.temporaries(), path, &[&head, value])?;
        self.counters.inserted.add(1);
        if let Some(before) = before {
            self.gone(before, Reason::Replaced);
        }
        self.counters.came(weight(length));
        Ok(Some(estimate.unwrap_or_default()))
    }

    /// Invalidates; how many entries went, 0 for a tag. Where an entry could not be removed,
    /// this handle serves none that exists now.
    pub(super) fn invalidate(&self, what: &Invalidation) -> u64 {
        let gone = match what {
            Invalidation::Key(key) => self.remove(&self.layout.entry(key)),
            Invalidation::Glob(glob) => self.remove_matching(glob),
            Invalidation::Tag(tag) => self.renew(tag).map(|_| 0),
        };
        gone.unwrap_or_else(|error| {
            self.distrust(&error);
            0
        })
    }

    /// Removes every entry.
    pub(super) fn clear(&self) {
        let namespaces = self.layout.namespaces();
        let cleared = namespaces.and_then(|all| Layout::each_file(&all, |path| self.remove(path)));
        if let Err(error) = cleared {
            self.distrust(&error);
        }
    }

    fn remove_matching(&self, glob: &str) -> io::Result<u64> {
        Layout::each_file(&self.layout.namespaces_of(glob)?, |path| {
            let Some(mut file) = Opened::open(path)? else { return Ok(0) };
            match file.read_header()? {
                Some(header) if glob_matches(glob, &header.key) => self.remove(path),
                // A damaged header makes a miss in any case.
                _ => Ok(0),
            }
        })
    }

    fn remove(&self, path: &Path) -> io::Result<u64> {
        let Some(length) = store::remove(path)? else { return Ok(0) };
        self.gone(length, Reason::Invalidated);
        Ok(1)
    }

    /// Removes an entry that was met and is not to be served, and counts why.
    pub(super) fn take(&self, path: &Path, identity: &Identity, reason: Reason) -> bool {
        self.counters.count(reason);
        match store::remove_same(path, identity) {
            Ok(removed) => {
                if removed {
                    self.counters.went(weight(identity.length));
                }
                removed
            }
            Err(error) => {
                self.counters.failed("remove", &error);
                false
            }
        }
    }

    fn gone(&self, length: u64, reason: Reason) {
        self.counters.count(reason);
        self.counters.went(weight(length));
    }

    pub(super) fn distrust(&self, error: &io::Error) {
        self.counters.failed("remove", error);
        self.distrusted.fetch_max(self.clock.wall(), Ordering::AcqRel);
    }
}
