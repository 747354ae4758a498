//! [`Written`]: how much all processes together may have on disk.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::store;

/// What a byte of the file stands for.
const UNIT: u64 = 16 * 1_024;
const BLOCK: u64 = 4_096;

/// What a file of this length takes on disk: whole blocks of 4 KiB.
pub(super) fn weight(length: u64) -> u64 {
    length.max(1).checked_next_multiple_of(BLOCK).unwrap_or(u64::MAX)
}

/// An estimate of the bytes on disk: what the last sweep found and what was written since.
///
/// It is the length of a file to which every process appends a byte for each 16 KiB that it
/// wrote: appending needs no lock and is whole even where a process is killed.
#[derive(Debug)]
pub(super) struct Written {
    path: PathBuf,
    /// Bytes written by this handle. It begins somewhere within a unit, so that many short-lived
    /// processes that write less than one each are counted on average.
    own: AtomicU64,
}

impl Written {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, own: AtomicU64::new(store::unique() % UNIT) }
    }

    /// Adds what was written; the estimate, where this brought it up to date.
    pub(super) fn add(&self, bytes: u64) -> io::Result<Option<u64>> {
        let before = self.own.fetch_add(bytes, Relaxed);
        let units = before.saturating_add(bytes) / UNIT - before / UNIT;
        if units == 0 {
            return Ok(None);
        }
        let mut file = self.open()?;
        file.write_all(&vec![0; usize::try_from(units).unwrap_or_default()])?;
        Ok(Some(file.metadata()?.len().saturating_mul(UNIT)))
    }

    /// The estimate in units, before a sweep begins to count.
    pub(super) fn units(&self) -> io::Result<u64> {
        store::length(&self.path).map(Option::unwrap_or_default)
    }

    /// Replaces the estimate as it was before a sweep by what the sweep left; what was written
    /// meanwhile stays counted.
    pub(super) fn settle(&self, units_before: u64, left: u64) -> io::Result<()> {
        let file = self.open()?;
        let meanwhile = file.metadata()?.len().saturating_sub(units_before);
        file.set_len((left / UNIT).saturating_add(meanwhile))
    }

    fn open(&self) -> io::Result<File> {
        store::open_or_make(&self.path, store::private().append(true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_add_to_one_estimate() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("written");
        let [one, two] = [Written::new(path.clone()), Written::new(path)];
        assert_eq!(one.add(UNIT).unwrap(), Some(UNIT));
        assert_eq!(two.add(2 * UNIT).unwrap(), Some(3 * UNIT));
        assert_eq!(one.add(0).unwrap(), None);
        one.settle(2, 10 * UNIT).unwrap();
        assert_eq!(two.units().unwrap(), 11);
    }

    #[test]
    fn files_weigh_whole_blocks() {
        for (length, expected) in [(0, BLOCK), (1, BLOCK), (BLOCK, BLOCK), (BLOCK + 1, 2 * BLOCK)] {
            assert_eq!(weight(length), expected);
        }
        assert_eq!(weight(u64::MAX), u64::MAX);
    }
}
