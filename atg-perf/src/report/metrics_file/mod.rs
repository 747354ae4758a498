//! [`MetricsFile`]: the reports of many runs, one a line.

mod lines;
mod lock;
mod tail;

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};

use super::RunReport;

/// The longest line that is written or read, in bytes.
const LONGEST_LINE: usize = 16 << 20;
const DEFAULT_WAIT: Duration = Duration::from_secs(10);
const APPEND: &str = "append metrics";
const READ: &str = "read metrics";

/// A file of reports, one JSON object a line, to which many processes append across runs.
///
/// - **A line** holds all of a report but its timelines, which are for the page of one run: some
///   kilobytes.
/// - **Appending is exclusive**: it holds the system's lock on the file, and writes a line at once.
///   A line that could not be written in full (no space) is taken back.
/// - **A torn last line**, left by a process that was killed, is moved to `FILE.torn` by the next
///   append, whose own line then begins at a line's beginning. If only its end of line is missing,
///   it is completed instead.
/// - **Nothing else is touched**: a file that does not begin with a JSON object, blanks aside, or
///   whose last line has no end and is not the beginning of one, is refused as it is.
/// - **Waiting is bounded**: for a lock that another holds, 10 s unless told otherwise, with a
///   warning in the log. Calls block their thread; in async code use
///   `spawn_blocking`.
/// - **Killed, not crashed**: an appended line survives the end of the process at once, and a loss
///   of power once the system has written it.
///
/// ```
/// # let directory = std::env::temp_dir().join(format!("atg-metrics-{}", std::process::id()));
/// # std::fs::create_dir_all(&directory).unwrap();
/// # let path = directory.join("metrics.jsonl");
/// use atg_perf::report::{Environment, MetricsFile, RunReport};
///
/// let file = MetricsFile::new(path);
/// file.append(&RunReport::new("scan", Environment::detect(std::time::SystemTime::now())))?;
/// assert_eq!(file.read()?.named("scan").len(), 1);
/// # std::fs::remove_dir_all(&directory).unwrap();
/// # Ok::<(), atg_core::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct MetricsFile {
    path: PathBuf,
    wait: Duration,
}

/// What a metrics file holds.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct MetricsContents {
    /// The reports, in the order they were appended.
    pub reports: Vec<RunReport>,
    /// How many lines a newer version wrote; they are left out.
    pub newer: u64,
    /// How many other lines are no reports; they are left out.
    pub unreadable: u64,
    /// What is wrong with the first hundred of those.
    pub problems: Vec<UnreadableLine>,
}

/// A line that is no report.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnreadableLine {
    /// The line's number, from 1.
    pub line: u64,
    /// What is wrong with it.
    pub why: String,
}

impl MetricsContents {
    /// The reports of runs called `name`, in the order they were appended.
    pub fn named(&self, name: &str) -> Vec<&RunReport> {
        self.reports.iter().filter(|report| report.name == name).collect()
    }
}

impl MetricsFile {
    /// The file at `path`; it need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), wait: DEFAULT_WAIT }
    }

    /// Waits so long for a lock that another process holds. Default: 10 s; at most an hour.
    #[must_use]
    pub fn with_lock_wait(mut self, wait: Duration) -> Self {
        self.wait = wait.min(Duration::from_secs(3_600));
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Appends a report, all but its timelines, and makes the file where there is none.
    ///
    /// # Errors
    /// [`ErrorKind::Conflict`] if another process holds the lock for too long,
    /// [`ErrorKind::InvalidInput`] for a path that is not a file that can be written or a report of
    /// more than 16 MiB, [`ErrorKind::InvalidData`] for a file that is no metrics file, which stays
    /// as it is, [`ErrorKind::ResourceExhausted`] if there is no space.
    pub fn append(&self, report: &RunReport) -> Result<()> {
        let line = line_of(report)?;
        let mut file = self.open()?;
        self.write(&mut file, &line).map_err(|error| self.failed(APPEND, error))
    }

    /// Does all that [`append`](Self::append) does but for the line: makes the file where there is
    /// none, waits for its lock, puts a torn line aside. To be called before long work.
    ///
    /// # Errors
    /// Those of `append`.
    pub fn prepare(&self) -> Result<()> {
        self.open().map(drop)
    }

    fn open(&self) -> Result<File> {
        self.check_kind(APPEND)?;
        let mut options = OpenOptions::new();
        let mut file = options
            .read(true)
            .append(true)
            .create(true)
            .open(&self.path)
            .map_err(|error| self.failed(APPEND, error))?;
        lock::take(&file, lock::Mode::Exclusive, self.wait)
            .map_err(|error| self.failed(APPEND, error))?;
        tail::mend(&mut file, &self.path)?;
        Ok(file)
    }

    fn write(&self, file: &mut File, line: &[u8]) -> io::Result<()> {
        let before = file.metadata()?.len();
        file.write_all(line).inspect_err(|_| {
            if let Err(error) = file.set_len(before) {
                let path = self.path.display();
                tracing::warn!(%path, %error, "half a line stays in the metrics file");
            }
        })
    }

    /// Reads all lines; a file of no bytes has none. Each line that is left out is counted, and
    /// named in the log.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`] if there is no file, [`ErrorKind::Conflict`] if another process holds
    /// the lock for too long, [`ErrorKind::InvalidInput`] for a path that cannot be read.
    pub fn read(&self) -> Result<MetricsContents> {
        self.check_kind(READ)?;
        let failed = |error| self.failed(READ, error);
        let file = File::open(&self.path).map_err(failed)?;
        lock::take(&file, lock::Mode::Shared, self.wait).map_err(failed)?;
        lines::read(file, &self.path).map_err(failed)
    }

    /// Opening a pipe would wait for its other end.
    fn check_kind(&self, operation: &'static str) -> Result<()> {
        match std::fs::metadata(&self.path) {
            Ok(found) if !found.is_file() => {
                let message = format!("{} is not a regular file", self.path.display());
                Err(Error::new(ErrorKind::InvalidInput, operation, message))
            }
            _ => Ok(()),
        }
    }

    fn failed(&self, operation: &'static str, error: io::Error) -> Error {
        let path = self.path.display();
        let (kind, message) = match error.kind() {
            io::ErrorKind::NotFound if operation == READ => {
                (ErrorKind::NotFound, format!("there is no file {path}"))
            }
            io::ErrorKind::WouldBlock => {
                let seconds = self.wait.as_secs_f64();
                let message = format!("another process still holds {path} after {seconds} s");
                (ErrorKind::Conflict, message)
            }
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => {
                (ErrorKind::ResourceExhausted, format!("there is no space for {path}"))
            }
            _ => (ErrorKind::InvalidInput, format!("{path} cannot be used; choose another path")),
        };
        Error::new(kind, operation, message).with_source(error)
    }
}

/// A report without its timelines as a line, its end included.
fn line_of(report: &RunReport) -> Result<Vec<u8>> {
    let mut report = report.clone();
    report.timelines.clear();
    let failed =
        |error| Error::new(ErrorKind::Internal, APPEND, "it is no JSON").with_source(error);
    let mut line = serde_json::to_vec(&report).map_err(failed)?;
    line.push(b'\n');
    if line.len() > LONGEST_LINE {
        let message = format!("the report has {} bytes, more than 16 MiB", line.len());
        return Err(Error::new(ErrorKind::InvalidInput, APPEND, message));
    }
    Ok(line)
}
