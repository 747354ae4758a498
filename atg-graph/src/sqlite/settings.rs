//! [`SqliteGraphBuilder`]: how a file is opened.

use std::path::{Path, PathBuf};
use std::time::Duration;

use atg_core::Result;
use xxhash_rust::xxh3::xxh3_128;

use super::SqliteGraph;

/// When a commit waits for the disk.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Synchronous {
    /// At every commit: what was written survives the loss of power.
    #[default]
    Full,
    /// Only when the log is moved into the file: what was written survives the death of the
    /// process, but the last commits may go with the power. The file stays whole. About a fifth
    /// faster.
    Normal,
}

/// Gives a key its 128-bit hash; replaced only by tests.
pub(super) type KeyHasher = fn(&str) -> u128;

/// All that was chosen for a file.
#[derive(Debug, Clone)]
pub(super) struct Settings {
    pub(super) path: PathBuf,
    pub(super) synchronous: Synchronous,
    pub(super) cache_bytes: usize,
    pub(super) busy_timeout: Duration,
    pub(super) node_rows: usize,
    pub(super) relationship_rows: usize,
    pub(super) max_file_bytes: Option<u64>,
    pub(super) read_only: bool,
    pub(super) hasher: KeyHasher,
}

/// Opens a [`SqliteGraph`] with other settings than the defaults.
///
/// ```
/// use atg_graph::sqlite::{SqliteGraph, Synchronous};
/// # let directory = tempfile::tempdir().unwrap();
/// # let path = directory.path().join("graph.sqlite");
/// let graph = SqliteGraph::builder(&path)
///     .synchronous(Synchronous::Normal)
///     .cache_bytes(128 << 20)
///     .open()?;
/// # Ok::<(), atg_core::Error>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is opened before `open`"]
pub struct SqliteGraphBuilder {
    settings: Settings,
}

impl SqliteGraphBuilder {
    pub(super) fn new(path: &Path) -> Self {
        Self {
            settings: Settings {
                path: path.to_owned(),
                synchronous: Synchronous::Full,
                cache_bytes: 32 << 20,
                busy_timeout: Duration::from_secs(5),
                node_rows: 20_000,
                relationship_rows: 20_000,
                max_file_bytes: None,
                read_only: false,
                hasher: |key| xxh3_128(key.as_bytes()),
            },
        }
    }

    /// When a commit waits for the disk; default [`Synchronous::Full`].
    pub fn synchronous(mut self, synchronous: Synchronous) -> Self {
        self.settings.synchronous = synchronous;
        self
    }

    /// Memory for the writer's pages, in bytes; 1 MiB or more (less is raised to it), default
    /// 32 MiB, beyond which loads gain nothing. Filled only as far as it is needed. Readers take
    /// up to 4 MiB each beside it.
    pub fn cache_bytes(mut self, bytes: usize) -> Self {
        self.settings.cache_bytes = bytes.max(1 << 20);
        self
    }

    /// How long a call waits for another process's lock before it fails with `Conflict`; up to
    /// 24 days, default 5 seconds, zero not to wait.
    pub fn busy_timeout(mut self, timeout: Duration) -> Self {
        self.settings.busy_timeout = timeout.min(Duration::from_millis(i32::MAX as u64));
        self
    }

    /// The batch sizes that [`GraphSink::profile`](atg_core::GraphSink::profile) asks for and that
    /// [`GraphSink::sizer`](atg_core::GraphSink::sizer) starts from, in nodes and in
    /// relationships; 1 or more (0 is raised to it), default 20,000 each. Larger batches take more
    /// memory; smaller ones wait for the disk more often.
    pub fn batch_rows(mut self, nodes: usize, relationships: usize) -> Self {
        self.settings.node_rows = nodes.max(1);
        self.settings.relationship_rows = relationships.max(1);
        self
    }

    /// The size beyond which the file does not grow, in bytes, rounded down to whole pages of
    /// 32 KiB; default none. A batch that needs more fails with `ResourceExhausted` and leaves
    /// nothing behind.
    pub fn max_file_bytes(mut self, bytes: u64) -> Self {
        self.settings.max_file_bytes = Some(bytes);
        self
    }

    /// Whether to open for reading only; default false. The file must exist then, and every
    /// writing call fails with `ReadOnly`.
    pub fn read_only(mut self, read_only: bool) -> Self {
        self.settings.read_only = read_only;
        self
    }

    #[cfg(test)]
    pub(super) fn hasher(mut self, hasher: KeyHasher) -> Self {
        self.settings.hasher = hasher;
        self
    }

    /// Opens the file, making it where it is missing. Blocks for some milliseconds.
    ///
    /// # Errors
    /// - `NotFound`: the directory, or when read-only the file, does not exist.
    /// - `InvalidData`: the file is no SQLite database, another application's, or damaged; it
    ///   is left as it is.
    /// - `Unsupported`: a newer version of this crate wrote the file.
    /// - `ReadOnly`: the file may not be written, and read-only was not asked for.
    /// - `InvalidInput`: the path is empty or a directory.
    /// - `Conflict`: another process held the file's lock for the whole busy timeout.
    pub fn open(self) -> Result<SqliteGraph> {
        SqliteGraph::with(self.settings)
    }
}
