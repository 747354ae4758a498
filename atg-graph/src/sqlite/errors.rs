//! Mapping SQLite's failures, once, to the family's error.

use std::path::Path;

use atg_core::{Error, ErrorKind};
use rusqlite::ErrorCode;
use rusqlite::types::FromSqlError;

/// A failure inside this module, before it is told which file and operation it belongs to.
#[derive(Debug)]
pub(super) enum Failure {
    /// SQLite failed.
    Sqlite(rusqlite::Error),
    /// What the file holds, or what was asked for, is wrong.
    Said(ErrorKind, String),
}

pub(super) type Try<T> = std::result::Result<T, Failure>;

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<FromSqlError> for Failure {
    fn from(error: FromSqlError) -> Self {
        Self::Sqlite(error.into())
    }
}

impl Failure {
    /// The file holds something that this version cannot have written.
    pub(super) fn data(what: impl Into<String>) -> Self {
        Self::Said(ErrorKind::InvalidData, what.into())
    }

    /// SQLite's code, where it is SQLite that failed.
    pub(super) fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            Self::Said(..) => None,
        }
    }

    /// The error for the caller: what failed, on which file, and what to do.
    pub(super) fn at(self, path: &Path, operation: &'static str) -> Error {
        let path = path.display();
        match self {
            Self::Said(kind, what) => Error::new(kind, operation, format!("{path}: {what}")),
            Self::Sqlite(error) => {
                let write_failed =
                    error.sqlite_error().is_some_and(|cause| cause.extended_code == WRITE_FAILED);
                let (kind, advice) =
                    if write_failed { WRITE } else { meaning(error.sqlite_error_code()) };
                Error::new(kind, operation, format!("{path}: {advice}"))
                    .with_retryable(kind == ErrorKind::Conflict)
                    .with_source(error)
            }
        }
    }
}

/// `SQLITE_IOERR_WRITE`: a write failed for another reason than a full disk.
const WRITE_FAILED: std::ffi::c_int = 778;

const WRITE: (ErrorKind, &str) = (
    ErrorKind::ResourceExhausted,
    "a write failed: the disk failed, or a limit on the size of files was reached; check the disk, \
     or raise the limit (ulimit -f)",
);

fn meaning(code: Option<ErrorCode>) -> (ErrorKind, &'static str) {
    match code {
        Some(ErrorCode::NotADatabase) => (
            ErrorKind::InvalidData,
            "the file is not an SQLite database; choose another path, or move it away",
        ),
        Some(ErrorCode::DatabaseCorrupt) => (
            ErrorKind::InvalidData,
            "the file is damaged; restore it from a copy, or move it away and scan again",
        ),
        Some(ErrorCode::DiskFull) => (
            ErrorKind::ResourceExhausted,
            "no space is left for the file; free space on its disk, or raise its size limit",
        ),
        Some(ErrorCode::OutOfMemory) => (
            ErrorKind::ResourceExhausted,
            "SQLite got no memory; use smaller batches or a smaller cache",
        ),
        Some(ErrorCode::TooBig) => {
            (ErrorKind::InvalidData, "a row is larger than SQLite can hold (1 GB)")
        }
        Some(ErrorCode::ReadOnly) => (
            ErrorKind::ReadOnly,
            "the file or its directory cannot be written; change its permissions, or open it \
             read-only",
        ),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
            ErrorKind::Conflict,
            "another process held the file's lock for the whole busy timeout; try again, or \
             raise the timeout",
        ),
        Some(ErrorCode::PermissionDenied | ErrorCode::AuthorizationForStatementDenied) => {
            (ErrorKind::PermissionDenied, "access to the file is denied; check its permissions")
        }
        Some(ErrorCode::CannotOpen) => (
            ErrorKind::PermissionDenied,
            "the file cannot be opened; check the permissions of it and of its directory, where \
             SQLite keeps its log",
        ),
        Some(ErrorCode::SystemIoFailure | ErrorCode::FileLockingProtocolFailed) => {
            (ErrorKind::Unavailable, "the disk or its file system failed; see the cause")
        }
        _ => (ErrorKind::Internal, "SQLite failed; see the cause"),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use atg_core::ErrorKind;

    use super::{Failure, WRITE_FAILED};

    #[test]
    fn a_failed_write_names_both_causes() {
        let cause = rusqlite::ffi::Error::new(WRITE_FAILED);
        let failure = Failure::from(rusqlite::Error::SqliteFailure(cause, None));
        let error = failure.at(Path::new("graph.sqlite"), "write nodes");
        assert_eq!(error.kind(), ErrorKind::ResourceExhausted);
        for part in ["graph.sqlite", "the disk failed", "limit on the size of files"] {
            assert!(error.message().contains(part), "{error}");
        }
    }
}
