//! The one error of the family: what kind, in which operation, from which cause.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

/// A result with the family's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// What kind of failure an [`Error`] is; callers match on this.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// The caller asked for something that makes no sense: an option, an address, an id.
    InvalidInput,
    /// What came from outside is not what it must be: broken JSON, a foreign file.
    InvalidData,
    /// The thing asked for does not exist.
    NotFound,
    /// Nobody is signed in, or the token is expired or refused.
    Unauthenticated,
    /// Signed in, but not allowed.
    PermissionDenied,
    /// The other side asks to slow down; see [`Error::retry_after`].
    Throttled,
    /// The other side fails or cannot be reached; later may succeed.
    Unavailable,
    /// No answer in time.
    Timeout,
    /// Another writer was faster, or a lock could not be had.
    Conflict,
    /// No space, no memory, or a bound was reached.
    ResourceExhausted,
    /// The store may only be read.
    ReadOnly,
    /// The caller cancelled.
    Cancelled,
    /// Not built, or not supported by this implementation.
    Unsupported,
    /// A failure that should not exist: a bug.
    Internal,
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidInput => "invalid input",
            Self::InvalidData => "invalid data",
            Self::NotFound => "not found",
            Self::Unauthenticated => "not signed in",
            Self::PermissionDenied => "permission denied",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timed out",
            Self::Conflict => "conflict",
            Self::ResourceExhausted => "out of resources",
            Self::ReadOnly => "read-only",
            Self::Cancelled => "cancelled",
            Self::Unsupported => "not supported",
            Self::Internal => "internal error",
        })
    }
}

/// A failure: its kind, the operation that failed, what to know about it, and its cause.
///
/// `Display` names the operation and the message and never repeats [`source`]; walk the chain,
/// or use [`Error::report`], for the whole story. No error holds a secret.
///
/// [`source`]: std::error::Error::source
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    operation: Cow<'static, str>,
    message: Cow<'static, str>,
    retryable: bool,
    retry_after: Option<Duration>,
    source: Option<Source>,
}

impl Error {
    /// A failure of `kind` in `operation` ("read page", "open graph"), with a message that says
    /// what happened and, where it can, what to do.
    pub fn new(
        kind: ErrorKind,
        operation: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self(Box::new(Inner {
            kind,
            operation: operation.into(),
            message: message.into(),
            retryable: matches!(
                kind,
                ErrorKind::Throttled
                    | ErrorKind::Unavailable
                    | ErrorKind::Timeout
                    | ErrorKind::Conflict
            ),
            retry_after: None,
            source: None,
        }))
    }

    /// The same failure with its cause.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Source>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// The same failure, to be tried again after `delay` at the earliest.
    #[must_use]
    pub fn with_retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// The same failure, with whoever knows better deciding whether to try again.
    #[must_use]
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.0.retryable = retryable;
        self
    }

    /// What kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was being done.
    pub fn operation(&self) -> &str {
        &self.0.operation
    }

    /// What happened, without the operation and without the cause.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// Whether the same call may succeed later. By default true for `Throttled`, `Unavailable`,
    /// `Timeout` and `Conflict`.
    pub fn is_retryable(&self) -> bool {
        self.0.retryable
    }

    /// How long the other side asked to wait before the next try.
    pub fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// The whole chain in one line, for people: this error, then each cause.
    pub fn report(&self) -> String {
        use fmt::Write as _;
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let _ = write!(text, ": {error}");
            cause = error.source();
        }
        text
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("operation", &self.0.operation)
            .field("message", &self.0.message)
            .field("retry_after", &self.0.retry_after)
            .field("source", &self.0.source)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.0.operation, self.0.message, self.0.kind)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source.as_ref().map(|source| &**source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::{Error, ErrorKind};

    #[test]
    fn display_leaves_the_cause_to_the_chain() {
        let error = Error::new(ErrorKind::Unavailable, "read page", "the host did not answer")
            .with_source(std::io::Error::other("connection reset"));
        assert_eq!(error.to_string(), "read page: the host did not answer (unavailable)");
        assert!(error.report().ends_with(": connection reset"));
        assert!(error.is_retryable());
        assert!(!error.with_retryable(false).is_retryable());
    }
}
