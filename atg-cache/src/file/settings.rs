//! [`FileCacheBuilder`]: how a file cache is opened.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atg_core::{Error, ErrorKind, Result};

use super::FileCache;
use super::layout::Layout;
use super::store;
use super::tier::Tier;
use crate::Clock;

const DEFAULT_MAX_BYTES: u64 = 256 * 1_024 * 1_024;
/// How many of the largest entries fit in, unless told otherwise.
const LARGEST_ENTRIES: u64 = 8;

/// Collects how a [`FileCache`] is opened; see [`FileCache::builder`].
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct FileCacheBuilder {
    directory: PathBuf,
    max_bytes: u64,
    max_entry_bytes: Option<u64>,
    clock: Clock,
}

impl FileCacheBuilder {
    pub(super) fn new(directory: PathBuf) -> Self {
        let clock = Clock::system();
        Self { directory, max_bytes: DEFAULT_MAX_BYTES, max_entry_bytes: None, clock }
    }

    /// What all entries together may take on disk, in bytes, each file rounded up to blocks of
    /// 4 KiB. Default 256 MiB; 0 keeps nothing.
    ///
    /// It is passed by what is written while a sweep runs, and by some 16 KiB, for that is how
    /// finely processes tell each other what they wrote. Those that share a directory should
    /// agree: the smallest bound wins.
    pub fn max_bytes(mut self, bytes: u64) -> Self {
        self.max_bytes = bytes;
        self
    }

    /// The length of the longest entry that is kept, in bytes: 48, its key, 12 and a name for
    /// each tag, its value. Default, an eighth of `max_bytes`; more than `max_bytes` is as much.
    ///
    /// A longer one is rejected, and one that another process wrote is a miss.
    pub fn max_entry_bytes(mut self, bytes: u64) -> Self {
        self.max_entry_bytes = Some(bytes);
        self
    }

    /// The clock whose wall time entries are dated by. Default, the system's; another only in
    /// tests, for every process has to have the same.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Opens the cache: makes its directory where there is none, for its owner alone, and removes
    /// what killed writers left half-written. Some 10 microseconds, however much it holds.
    ///
    /// # Errors
    /// `PermissionDenied`, `ReadOnly`, `ResourceExhausted`, `InvalidInput` where something other
    /// than a directory is in the way, else `Unavailable`.
    pub fn open(self) -> Result<FileCache> {
        let directory = std::path::absolute(&self.directory)
            .map_err(|error| refused(&self.directory, error))?;
        let layout = Layout::new(&directory);
        store::make_directory(&layout.temporaries()).map_err(|error| refused(&directory, error))?;
        let largest = self.max_entry_bytes.unwrap_or(self.max_bytes / LARGEST_ENTRIES);
        let tier = Tier::new(layout, self.max_bytes, largest.min(self.max_bytes), self.clock);
        if let Err(error) = store::collect_temporaries(&tier.layout.temporaries()) {
            tier.counters.failed("collect", &error);
        }
        Ok(FileCache(Arc::new(tier)))
    }
}

/// What to do when the directory cannot be made.
fn refused(directory: &Path, error: io::Error) -> Error {
    let (kind, advice) = match error.kind() {
        io::ErrorKind::PermissionDenied => {
            (ErrorKind::PermissionDenied, "choose one that this user may write to")
        }
        io::ErrorKind::ReadOnlyFilesystem => {
            (ErrorKind::ReadOnly, "choose one on a file system that can be written to")
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            (ErrorKind::ResourceExhausted, "make room, or choose another")
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            (ErrorKind::InvalidInput, "something other than a directory is in the way")
        }
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidFilename => {
            (ErrorKind::InvalidInput, "no directory can have that name")
        }
        _ => (ErrorKind::Unavailable, "choose another, or go on without a file cache"),
    };
    let message = format!("the directory {} cannot be used; {advice}", directory.display());
    Error::new(kind, "open file cache", message).with_source(error)
}
