//! [`FileValue`]: a file, parsed once and again when it changes.

use std::fmt;
use std::fs::{self, Metadata};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use atg_core::{Error, ErrorKind, Result};
use xxhash_rust::xxh3::xxh3_128;

type Cause = Box<dyn std::error::Error + Send + Sync>;
type Parse<T> = dyn Fn(&[u8]) -> std::result::Result<T, Cause> + Send + Sync;

/// How old a file's last change must be before a later one is sure to have another time: the
/// coarsest clock of a file system in use ticks every 2 seconds (FAT), others within 10 ms.
const SETTLED: Duration = Duration::from_secs(2);

/// What a file holds, parsed once, and again when its time of change, size or inode differs.
///
/// A version that cannot be read or parsed keeps the value there was, and [`problem`] says what is
/// wrong with it; it is logged once. A hit is one `stat` of the file. Within 2 seconds after a
/// change the file is read at each call, for a further change might not show; it is parsed only if
/// its bytes differ.
///
/// [`problem`]: Self::problem
///
/// ```
/// use atg_cache::FileValue;
/// # let directory = tempfile::tempdir()?;
/// # let path = directory.path().join("limits.json");
/// std::fs::write(&path, "[1, 2]")?;
/// let limits: FileValue<Vec<u32>> =
///     FileValue::new(&path, |bytes| serde_json::from_slice(bytes).map_err(Into::into));
/// assert_eq!(*limits.get()?, [1, 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FileValue<T> {
    path: PathBuf,
    parse: Box<Parse<T>>,
    state: Mutex<State<T>>,
}

struct State<T> {
    stamp: Option<Stamp>,
    content: u128,
    value: Option<Arc<T>>,
    problem: Option<Arc<Error>>,
}

/// What tells one version of a file from another, and whether it surely does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    modified: Option<SystemTime>,
    size: u64,
    inode: u64,
    settled: bool,
}

impl Stamp {
    fn of(metadata: &Metadata) -> Self {
        let modified = metadata.modified().ok();
        let now = SystemTime::now();
        // A date in the future will not come again soon either.
        let distance = |modified: SystemTime| {
            now.duration_since(modified).unwrap_or_else(|error| error.duration())
        };
        let settled = modified.is_some_and(|modified| distance(modified) > SETTLED);
        Self { modified, size: metadata.len(), inode: inode(metadata), settled }
    }

    fn is_still(&self, metadata: &Metadata) -> bool {
        self.settled
            && self.size == metadata.len()
            && self.inode == inode(metadata)
            && self.modified == metadata.modified().ok()
    }
}

#[cfg(unix)]
fn inode(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::ino(metadata)
}

#[cfg(not(unix))]
fn inode(_metadata: &Metadata) -> u64 {
    0
}

impl<T> fmt::Debug for FileValue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileValue").field("path", &self.path).finish_non_exhaustive()
    }
}

impl<T> FileValue<T> {
    /// The value of a file, by a parser of its bytes; nothing is read yet.
    pub fn new(
        path: impl Into<PathBuf>,
        parse: impl Fn(&[u8]) -> std::result::Result<T, Cause> + Send + Sync + 'static,
    ) -> Self {
        let state = State { stamp: None, content: 0, value: None, problem: None };
        Self { path: path.into(), parse: Box::new(parse), state: Mutex::new(state) }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The value of the file as it is, or as it was last when it could be parsed. Callers at the
    /// same time wait for one of them to read.
    ///
    /// # Errors
    /// Where it never could: `NotFound`, `PermissionDenied`, `InvalidData` for what the parser
    /// refuses, `Unavailable` otherwise.
    pub fn get(&self) -> Result<Arc<T>> {
        // Every change leaves the state whole.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let read = match fs::metadata(&self.path) {
            Ok(metadata) => {
                if state.stamp.is_some_and(|stamp| stamp.is_still(&metadata)) {
                    return state.current(&self.path);
                }
                fs::read(&self.path).map(|bytes| (Stamp::of(&metadata), bytes))
            }
            Err(error) => Err(error),
        };
        match read {
            Ok((stamp, bytes)) => self.take(&mut state, stamp, &bytes),
            Err(error) => {
                state.stamp = None;
                state.content = 0;
                state.note(unreadable(&self.path, error));
            }
        }
        state.current(&self.path)
    }

    /// What is wrong with the file as [`get`](Self::get) last found it, if anything.
    pub fn problem(&self) -> Option<Arc<Error>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).problem.clone()
    }

    fn take(&self, state: &mut State<T>, stamp: Stamp, bytes: &[u8]) {
        let content = xxh3_128(bytes);
        let known = state.stamp.is_some() && state.content == content;
        if !known {
            let parsed = catch_unwind(AssertUnwindSafe(|| (self.parse)(bytes)));
            match parsed.unwrap_or_else(|_| Err("the parser panicked".into())) {
                Ok(value) => {
                    state.value = Some(Arc::new(value));
                    state.problem = None;
                }
                Err(cause) => state.note(malformed(&self.path, cause)),
            }
        }
        state.content = content;
        state.stamp = Some(stamp);
    }
}

impl<T> State<T> {
    fn current(&self, path: &Path) -> Result<Arc<T>> {
        let problem = || match &self.problem {
            Some(problem) => Error::new(problem.kind(), READ, problem.report()),
            None => unreadable(path, std::io::Error::other("it was never read")),
        };
        self.value.clone().ok_or_else(problem)
    }

    /// Keeps what is wrong, and logs it if that is new.
    fn note(&mut self, problem: Error) {
        let report = problem.report();
        if self.problem.as_ref().is_none_or(|known| known.report() != report) {
            tracing::warn!(error = report, "the last good version stays in use, if there was one");
        }
        self.problem = Some(Arc::new(problem));
    }
}

const READ: &str = "read configuration file";

fn unreadable(path: &Path, error: std::io::Error) -> Error {
    let kind = match error.kind() {
        std::io::ErrorKind::NotFound => ErrorKind::NotFound,
        std::io::ErrorKind::PermissionDenied => ErrorKind::PermissionDenied,
        _ => ErrorKind::Unavailable,
    };
    Error::new(kind, READ, format!("{} cannot be read", path.display())).with_source(error)
}

fn malformed(path: &Path, cause: Cause) -> Error {
    let message = format!("{} is not what it must be", path.display());
    Error::new(ErrorKind::InvalidData, READ, message).with_source(cause)
}
