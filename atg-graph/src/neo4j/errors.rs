//! Failures: the family's error, and what can be done about it.

use std::borrow::Cow;

use atg_core::{Error, ErrorKind};

use super::meaning::meaning;

/// What can be done about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// Another transaction was in the way: again soon.
    Transient,
    /// The server cannot be reached, did not answer, or does not serve now: again later, on a
    /// new connection.
    Connection,
    /// The server has not the memory, or not the time, for this much in one transaction: again
    /// with less.
    TooLarge,
    /// A constraint found that something is there already.
    Exists,
    /// One row, or the statement, may be the cause: the caller looks which.
    Row,
    /// Everything that trying again does not help.
    Fatal,
}

impl Class {
    /// Whether the rest of a batch may succeed without the part that is at fault.
    pub(super) fn is_of_the_batch(self) -> bool {
        matches!(self, Self::TooLarge | Self::Row)
    }
}

/// A failure: what can be done about it, and the error for the caller if nothing helps.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) class: Class,
    pub(super) error: Error,
}

pub(super) type Try<T> = Result<T, Failure>;

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        failure.error
    }
}

impl Failure {
    pub(super) fn new(class: Class, error: Error) -> Self {
        Self { class, error }
    }

    /// What the driver reported for `operation` on the server at `address` (without credentials).
    pub(super) fn driver(
        operation: &'static str,
        address: &impl ToString,
        error: neo4rs::Error,
    ) -> Self {
        let (class, kind, advice) = meaning(&error);
        let message = format!("{}: {advice}", address.to_string());
        let failure = Error::new(kind, operation, message)
            .with_retryable(matches!(class, Class::Transient | Class::Connection | Class::Exists));
        let error = match error {
            neo4rs::Error::IOError { detail } => failure.with_source(detail),
            error => failure.with_source(error),
        };
        Self { class, error }
    }

    /// Nothing came from the server at `address` for as long as `waited` says.
    pub(super) fn no_answer(
        operation: &'static str,
        address: &impl ToString,
        waited: impl Into<Cow<'static, str>>,
    ) -> Self {
        let message = format!("{}: {}", address.to_string(), waited.into());
        Self::new(Class::Connection, Error::new(ErrorKind::Timeout, operation, message))
    }

    /// Another writer was faster; the next try sees what it did.
    pub(super) fn overtaken(what: &'static str) -> Self {
        Self::new(Class::Transient, Error::new(ErrorKind::Conflict, "write to Neo4j", what))
    }

    /// The server's code (`Neo.ClientError…`), where it is the server that failed.
    pub(super) fn code(&self) -> Option<&str> {
        match std::error::Error::source(&self.error)?.downcast_ref() {
            Some(neo4rs::Error::Neo4j(error)) => Some(error.code()),
            _ => None,
        }
    }

    /// Whether the transaction was chosen as the victim of a deadlock.
    pub(super) fn is_deadlock(&self) -> bool {
        let named = |code: &str| code.ends_with(".DeadlockDetected");
        self.class == Class::Transient && self.code().is_some_and(named)
    }

    /// Whether the connection is as good as before: the server failed, not the way to it.
    pub(super) fn spares_connection(&self) -> bool {
        self.class != Class::Connection && self.code().is_some()
    }
}
