//! Opening the file: whose it is, pragmas, the pool of readers.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use atg_core::ErrorKind;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use super::errors::{Failure, Try};
use super::schema::{self, Found};
use super::settings::{Settings, Synchronous};

/// Bytes a page; large ones load about 1.7 times as fast as SQLite's 4 KiB.
pub(super) const PAGE_BYTES: u32 = 32 << 10;

/// Bytes of the smallest database there is.
const SMALLEST_DATABASE: u64 = 512;

/// Pages that the log holds before it is moved into the file.
const CHECKPOINT_PAGES: i64 = 4_000;

/// Kibibytes of pages that each reader keeps.
const READER_CACHE_KIB: i64 = 4 << 10;

/// Readers that are kept for the next call; more are opened as needed and closed after use.
const READERS_KEPT: usize = 4;

/// Opens the file for writing and makes it a graph where it is new.
pub(super) fn open_writer(settings: &Settings) -> Try<Connection> {
    check_path(settings)?;
    if settings.path.exists() {
        probe(settings)?;
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | NO_MUTEX;
    let mut connection = open(settings, flags)?;
    if connection.is_readonly("main")? {
        return Err(read_only());
    }
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    enter_wal(&connection, settings)?;
    let synchronous = match settings.synchronous {
        Synchronous::Full => "FULL",
        Synchronous::Normal => "NORMAL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    set_cache(&connection, settings.cache_bytes)?;
    if let Some(bytes) = settings.max_file_bytes {
        let pages = i64::try_from(bytes / u64::from(PAGE_BYTES)).unwrap_or(i64::MAX).max(1);
        connection.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if schema::inspect(&transaction)? == Found::Empty {
        schema::create(&transaction)?;
    }
    transaction.commit()?;
    Ok(connection)
}

/// Opens the file, which must be a graph, for reading.
pub(super) fn open_reader(settings: &Settings) -> Try<Connection> {
    let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_ONLY | NO_MUTEX)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    Ok(connection)
}

/// Looks at a file that will only be read.
pub(super) fn check_readable(settings: &Settings) -> Try<()> {
    check_path(settings)?;
    if !settings.path.exists() {
        let what = "the file does not exist; scan into it first, or check the path";
        return Err(Failure::Said(ErrorKind::NotFound, what.into()));
    }
    if schema::inspect(&open_reader(settings)?)? == Found::Empty {
        return Err(Failure::data("the file holds no graph yet; scan into it first"));
    }
    Ok(())
}

const NO_MUTEX: OpenFlags = OpenFlags::SQLITE_OPEN_NO_MUTEX;

fn open(settings: &Settings, flags: OpenFlags) -> Try<Connection> {
    let connection = Connection::open_with_flags(&settings.path, flags)?;
    connection.busy_timeout(settings.busy_timeout)?;
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

/// Sets how many bytes of pages a connection keeps; frees what is beyond.
pub(super) fn set_cache(connection: &Connection, bytes: usize) -> Try<()> {
    let kibibytes = i64::try_from(bytes >> 10).unwrap_or(i64::MAX);
    Ok(connection.pragma_update(None, "cache_size", -kibibytes)?)
}

/// Finds what is wrong with a path before SQLite says it less clearly. The file is not opened:
/// closing a second descriptor would drop the locks of other handles in this process.
fn check_path(settings: &Settings) -> Try<()> {
    let path = &settings.path;
    let said = |kind, what: String| Err(Failure::Said(kind, what));
    if path.as_os_str().is_empty() || path == Path::new(":memory:") {
        return said(ErrorKind::InvalidInput, "the path names no file; give one".into());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    if let Some(parent) = parent.filter(|parent| !parent.is_dir()) {
        let what = format!("there is no directory {}; create it first", parent.display());
        return said(ErrorKind::NotFound, what);
    }
    let Ok(metadata) = path.metadata() else { return Ok(()) };
    if metadata.is_dir() {
        let what = "the path is a directory; name a file in it";
        return said(ErrorKind::InvalidInput, what.into());
    }
    // SQLite takes so short a file for an empty one, and would write over it.
    if (1..SMALLEST_DATABASE).contains(&metadata.len()) {
        let what = "the file is not an SQLite database; choose another path, or move it away";
        return said(ErrorKind::InvalidData, what.into());
    }
    if metadata.permissions().readonly() && !settings.read_only {
        return Err(read_only());
    }
    Ok(())
}

fn read_only() -> Failure {
    let what = "the file is read-only; change its permissions, or open it read-only";
    Failure::Said(ErrorKind::ReadOnly, what.into())
}

/// Looks at an existing file through a connection that cannot write, so that a foreign file
/// stays as it is.
fn probe(settings: &Settings) -> Try<Found> {
    let found = open(settings, OpenFlags::SQLITE_OPEN_READ_ONLY | NO_MUTEX)
        .and_then(|connection| schema::inspect(&connection));
    match found {
        // A log of a killed process that only a writer can put in order.
        Err(failure)
            if matches!(failure.code(), Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen)) =>
        {
            let connection = open(settings, OpenFlags::SQLITE_OPEN_READ_WRITE | NO_MUTEX)?;
            schema::inspect(&connection)
        }
        other => other,
    }
}

/// Turns the log on. Two processes that do so at once refuse each other without waiting, so the
/// waiting is done here.
fn enter_wal(connection: &Connection, settings: &Settings) -> Try<()> {
    let begun = Instant::now();
    loop {
        let mode: rusqlite::Result<String> =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |r| r.get(0));
        match mode.map_err(Failure::from) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(_) => {
                let what = "the file system cannot hold SQLite's log; use a local disk";
                return Err(Failure::Said(ErrorKind::Unsupported, what.into()));
            }
            Err(failure)
                if failure.code() == Some(ErrorCode::DatabaseBusy)
                    && begun.elapsed() < settings.busy_timeout =>
            {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            Err(failure) => return Err(failure),
        }
    }
}

/// Connections for reading, so that reading waits for no writer.
#[derive(Debug, Default)]
pub(super) struct Readers(Mutex<Vec<Connection>>);

impl Readers {
    /// Runs `work` on a connection of its own, within one snapshot of the graph.
    pub(super) fn read<T>(
        &self,
        settings: &Settings,
        work: impl FnOnce(&Connection) -> Try<T>,
    ) -> Try<T> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => open_reader(settings)?,
        };
        let snapshot = connection.transaction()?;
        let result = work(&snapshot);
        drop(snapshot);
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < READERS_KEPT {
            kept.push(connection);
        }
        result
    }
}
