//! [`FileCache`]: entries in files, which outlive the process and are shared with others.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation};
use bytes::Bytes;
use tokio::runtime::Handle;

use crate::TierStats;

mod counters;
mod entry;
mod layout;
mod lock;
mod settings;
mod store;
mod sweep;
mod tags;
mod tier;
mod written;

pub use lock::KeyLock;
pub use settings::FileCacheBuilder;

use tier::Tier;

/// A cache in a directory, a file for each key: it outlives the process, and any number of
/// processes use it at once. Clones share one handle.
///
/// - **Never a wrong value**: a file is written aside and renamed, so that a process killed at any
///   moment leaves at worst a temporary; whole keys are compared, and a checksum tells a damaged
///   file, which is a miss and goes. Nothing is synced: a power cut may lose what was written, and
///   undo an invalidation by tag.
/// - **Never an error**: once it is open, a full disk or a directory that may not be written to
///   makes misses, counted in [`TierStats::errors`] and logged once for each kind. Where an entry
///   cannot be removed that must not be served any more, this handle serves none as old as it.
/// - **Time** is wall time: an entry from the future is a miss and goes, counted as corrupt.
/// - **Tags** are invalidated in one write, for every process. A tag's generation is read when the
///   value is inserted: what is invalidated while the value is loaded, is for the caller to know.
/// - **Size** is bounded by a sweep, which the insert that passes the bound runs and waits for; it
///   takes what has expired, then the oldest.
/// - **Secrecy**: files and directories are their owner's alone (Unix); nothing is encrypted.
///   Let the directory be one that nobody else can make.
///
/// Reading a 10 KB entry takes some 10 microseconds and writing one 50 to 200, and is done in
/// place; walks and sweeps go to tokio's blocking threads where there is a runtime. Each tag makes
/// reading one small file longer.
///
/// ```
/// use std::time::Duration;
/// use atg_cache::FileCache;
/// use atg_core::{Cache as _, EntryOptions};
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// # let directory = tempfile::tempdir()?;
/// let cache = FileCache::builder(directory.path()).max_bytes(64 * 1_024 * 1_024).open()?;
/// let options = EntryOptions::ttl(Duration::from_secs(300));
/// cache.insert("vm_list:a", "answer".into(), options).await;
/// assert_eq!(cache.get("vm_list:a").await, Some("answer".into()));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct FileCache(Arc<Tier>);

impl FileCache {
    /// Starts a cache in this directory, which needs not exist; others may use it as well.
    pub fn builder(directory: impl Into<PathBuf>) -> FileCacheBuilder {
        FileCacheBuilder::new(directory.into())
    }

    /// The value under a key that has not expired, without a runtime. Blocks for some 10
    /// microseconds, and more for large values.
    pub fn get_blocking(&self, key: &str) -> Option<Bytes> {
        self.0.find(key).map(|found| found.value)
    }

    /// Keeps a value under a key, without a runtime. Blocks for some 50 to 200 microseconds; for
    /// the time of a [`sweep`](Self::sweep) where this passes the bound.
    pub fn insert_blocking(&self, key: &str, value: &[u8], options: EntryOptions) {
        if self.0.keep(key, value, options) {
            self.0.sweep();
        }
    }

    /// Removes what has expired, is damaged or was invalidated, the oldest where there is more
    /// than the bound allows, and what killed writers left. False where another sweep is running
    /// already, or this one failed.
    ///
    /// Opens every file, some 20 microseconds each. Inserts do this on their own when it is due.
    ///
    /// # Cancel safety
    /// Within a runtime it goes on to its end when this is dropped.
    pub async fn sweep(&self) -> bool {
        self.away(Tier::sweep).await.unwrap_or(false)
    }

    /// Waits at most this long for the turn at the work for a key, among all tasks and processes
    /// that use this directory; `None` where the time passed or there can be no locks: then do the
    /// work without. Keys share 64 turns: whoever holds one and takes another may wait in vain.
    ///
    /// Once it is had, look again before doing the work: whoever had the turn before has done it.
    /// A turn that is free costs some 10 microseconds; a waiter asks every 1 to 50 milliseconds,
    /// so turns are not given in order.
    ///
    /// # Panics
    /// Outside of a tokio runtime with time.
    ///
    /// # Cancel safety
    /// Dropping this gives up waiting.
    pub async fn lock_key(&self, key: &str, wait: Duration) -> Option<KeyLock> {
        let path = self.0.layout.lock(&lock::stripe(key));
        let taken = tokio::time::timeout(wait, lock::take(&path)).await.ok()?;
        taken.inspect_err(|error| self.0.counters.failed("lock", error)).ok()
    }

    /// What this handle did since it was opened. Entries and weight are what the last sweep of
    /// this handle found and what it did since; others' work shows with the next.
    pub fn stats(&self) -> TierStats {
        self.0.counters.stats()
    }

    /// Does long work on a thread that may block; `None` where the runtime is going down.
    async fn away<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Tier) -> T + Send + 'static,
    ) -> Option<T> {
        let tier = self.0.clone();
        match Handle::try_current() {
            Ok(runtime) => runtime.spawn_blocking(move || work(&tier)).await.ok(),
            Err(_) => Some(work(&tier)),
        }
    }

    /// The same for an invalidation, which may not go undone in silence.
    async fn forget<T: Default + Send + 'static>(
        &self,
        work: impl FnOnce(&Tier) -> T + Send + 'static,
    ) -> T {
        self.away(work).await.unwrap_or_else(|| {
            self.0.distrust(&std::io::ErrorKind::Interrupted.into());
            T::default()
        })
    }
}

#[async_trait]
impl Cache<Bytes> for FileCache {
    async fn get(&self, key: &str) -> Option<Bytes> {
        self.get_blocking(key)
    }

    async fn find(&self, key: &str) -> Option<Found<Bytes>> {
        self.0.find(key)
    }

    async fn insert(&self, key: &str, value: Bytes, options: EntryOptions) {
        if self.0.keep(key, &value, options) {
            self.sweep().await;
        }
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        match what {
            Invalidation::Glob(_) => {
                let what = what.clone();
                self.forget(move |tier| tier.invalidate(&what)).await
            }
            Invalidation::Key(_) | Invalidation::Tag(_) => self.0.invalidate(what),
        }
    }

    async fn clear(&self) {
        self.forget(Tier::clear).await;
    }
}
