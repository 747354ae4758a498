//! [`LoadError`]: why there is no value.

use std::sync::Arc;
use std::time::Duration;

use atg_core::{Error, ErrorKind};

/// Why a value could not be had; shared by all who waited for it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader's own error.
    #[error("{0}")]
    Failed(Arc<E>),
    /// The loader took longer than it may.
    #[error("no value within {0:?}; raise the load time-out, or see what the loader waits for")]
    TimedOut(Duration),
    /// The loader panicked.
    #[error("the loader panicked: {0}")]
    Panicked(Arc<str>),
    /// Another caller's load, which this one shared, said that there is no such thing.
    #[error("there is no such thing")]
    Absent,
    /// The runtime shut down before the loader ended.
    #[error("the load was given up: the runtime shuts down")]
    GivenUp,
}

// Without asking that E is.
impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Failed(error) => Self::Failed(error.clone()),
            Self::TimedOut(after) => Self::TimedOut(*after),
            Self::Panicked(message) => Self::Panicked(message.clone()),
            Self::Absent => Self::Absent,
            Self::GivenUp => Self::GivenUp,
        }
    }
}

impl<E> LoadError<E> {
    /// The loader's own error, if it is one.
    pub fn loader_error(&self) -> Option<&E> {
        match self {
            Self::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// What the caches of this family load fails with the family's own error, which one caller gets and
/// others share.
impl From<LoadError<Error>> for Error {
    fn from(error: LoadError<Error>) -> Self {
        let Some(cause) = error.loader_error() else {
            let kind = match error {
                LoadError::TimedOut(_) => ErrorKind::Timeout,
                LoadError::Panicked(_) => ErrorKind::Internal,
                LoadError::Absent => ErrorKind::NotFound,
                _ => ErrorKind::Unavailable,
            };
            return Self::new(kind, "load value", error.to_string());
        };
        let own = Self::new(cause.kind(), "load value", cause.report());
        let own = own.with_retryable(cause.is_retryable());
        match cause.retry_after() {
            Some(delay) => own.with_retry_after(delay),
            None => own,
        }
    }
}
