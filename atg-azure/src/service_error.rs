//! [`ServiceError`]: what a service of Azure says went wrong, in all the forms they say it.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use atg_core::{Error, ErrorKind};
use serde_json::{Map, Value};

mod plain;

/// How much of a message is kept, in characters.
const LONGEST_MESSAGE: usize = 1000;

/// An answer that reports an error.
///
/// Reads `{"error": {…}}`, the error without its envelope, the form of `OData`, an error without a
/// code, an empty body and a proxy's HTML page. Keeps no token: what looks like one is cut out of
/// messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceError {
    /// The HTTP status.
    pub status: u16,
    /// What the body says; empty where it says nothing.
    pub detail: ErrorDetail,
}

/// One error of a body: the outermost, one of its details, or its inner one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ErrorDetail {
    /// The service's own code: `AuthorizationFailed`.
    pub code: Option<String>,
    /// For people; may be empty. At most 1,000 characters.
    pub message: String,
    /// What the error is about.
    pub target: Option<String>,
    /// What it consists of; Resource Graph keeps the real cause here.
    pub details: Vec<ErrorDetail>,
    /// What it was caused by.
    pub inner: Option<Box<ErrorDetail>>,
}

impl ServiceError {
    /// Reads the body of an answer with this status. Never fails: what has no known form becomes
    /// the message.
    pub fn parse(status: u16, body: impl AsRef<[u8]>) -> Self {
        let body = String::from_utf8_lossy(body.as_ref());
        let detail = match serde_json::from_str::<Value>(&body) {
            Ok(Value::Object(outer)) => ErrorDetail::of_body(&outer),
            Ok(Value::String(message)) => ErrorDetail::message(&message),
            _ => ErrorDetail::message(&plain::text(&body)),
        };
        Self { status, detail }
    }

    /// The outermost code.
    pub fn code(&self) -> Option<&str> {
        self.detail.code.as_deref()
    }

    /// The innermost error that says something: the cause.
    pub fn deepest(&self) -> &ErrorDetail {
        self.detail.deepest()
    }

    /// Whether this or an error within has the code, without regard to case.
    pub fn has_code(&self, code: &str) -> bool {
        self.detail.has_code(code)
    }

    /// What kind of failure it is, and whether the same request may succeed later.
    pub fn kind(&self) -> (ErrorKind, bool) {
        let another = ["RetryableErrorDueToAnotherOperation", "AnotherOperationInProgress"];
        let busy = another.iter().any(|code| self.has_code(code));
        match self.status {
            409 | 429 if busy => (ErrorKind::Conflict, true),
            401 => (ErrorKind::Unauthenticated, false),
            403 => (ErrorKind::PermissionDenied, false),
            404 => (ErrorKind::NotFound, false),
            408 | 504 => (ErrorKind::Timeout, true),
            409 => (ErrorKind::Conflict, false),
            429 => (ErrorKind::Throttled, true),
            400..=499 => (ErrorKind::InvalidInput, false),
            500..=599 => (ErrorKind::Unavailable, true),
            _ => self.kind_by_code(),
        }
    }

    /// For an error that came with a status of success.
    fn kind_by_code(&self) -> (ErrorKind, bool) {
        let any = |codes: &[&str]| codes.iter().any(|code| self.has_code(code));
        if any(&["RateLimiting", "TooManyRequests", "SubscriptionRequestsThrottled"]) {
            (ErrorKind::Throttled, true)
        } else if any(&["InvalidAuthenticationToken", "ExpiredAuthenticationToken"]) {
            (ErrorKind::Unauthenticated, false)
        } else if any(&["AuthorizationFailed", "LinkedAuthorizationFailed"]) {
            (ErrorKind::PermissionDenied, false)
        } else if any(&["ServerTimeout", "GatewayTimeout", "RequestTimeout"]) {
            (ErrorKind::Timeout, true)
        } else {
            (ErrorKind::InvalidData, false)
        }
    }

    /// The family's error, for an operation ("list resources"). The caller adds how long to wait.
    pub fn into_error(self, operation: impl Into<Cow<'static, str>>) -> Error {
        let (kind, retryable) = self.kind();
        let advice = match kind {
            ErrorKind::Unauthenticated => {
                "; sign in again, or give a token that is fresh and of this tenant and cloud"
            }
            ErrorKind::PermissionDenied => {
                "; ask for the Reader role on the scope, or leave the scope out"
            }
            _ => "",
        };
        Error::new(kind, operation, format!("{self}{advice}")).with_retryable(retryable)
    }
}

impl fmt::Display for ServiceError {
    /// The status, the outermost error and, where it says more, the deepest.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Azure answered {}", self.status)?;
        self.detail.write(f)?;
        let deepest = self.deepest();
        if !std::ptr::eq(deepest, &raw const self.detail) {
            f.write_str("; cause")?;
            deepest.write(f)?;
        }
        Ok(())
    }
}

impl ErrorDetail {
    fn message(text: &str) -> Self {
        Self { message: plain::without_tokens(text, LONGEST_MESSAGE), ..Self::default() }
    }

    fn of_body(outer: &Map<String, Value>) -> Self {
        match member(outer, &["error", "odata.error", "Error"]) {
            Some(Value::Object(error)) => Self::of(error),
            // The form of the sign-in service: a word, and a description beside it.
            Some(Value::String(code)) => {
                let message = string(outer, &["error_description", "message"]);
                Self { code: Some(code.clone()), ..Self::message(&message.unwrap_or_default()) }
            }
            _ => Self::of(outer),
        }
    }

    fn of(error: &Map<String, Value>) -> Self {
        let mut message = match member(error, &["message", "Message"]) {
            // OData: {"lang": …, "value": …}
            Some(Value::Object(text)) => string(text, &["value"]),
            _ => string(error, &["message", "Message"]),
        }
        .unwrap_or_default();
        let number = |name| error.get(name).and_then(Value::as_u64);
        if let (Some(line), Some(at)) = (number("line"), number("characterPositionInLine")) {
            let _ = write!(message, " (line {line}, character {at})");
        }
        let inner = match member(error, &["innererror", "innerError"]) {
            Some(Value::Object(inner)) => Some(Box::new(Self::of(inner))),
            _ => None,
        };
        Self {
            code: string(error, &["code", "Code"]).filter(|code| !code.is_empty()),
            target: string(error, &["target"]).filter(|target| !target.is_empty()),
            details: member(error, &["details"]).map(Self::list).unwrap_or_default(),
            inner,
            ..Self::message(&message)
        }
    }

    fn list(details: &Value) -> Vec<Self> {
        let objects = details.as_array().into_iter().flatten().filter_map(Value::as_object);
        objects.map(Self::of).collect()
    }

    /// The last detail that says something stands nearest to the cause; without details, the
    /// inner error does.
    fn deepest(&self) -> &Self {
        let next = self.details.iter().rev().find(|detail| !detail.is_empty());
        let next = next.or_else(|| self.inner.as_deref().filter(|inner| !inner.is_empty()));
        next.map_or(self, Self::deepest)
    }

    fn is_empty(&self) -> bool {
        let says_nothing = self.code.is_none() && self.message.is_empty();
        says_nothing && self.details.is_empty() && self.inner.is_none()
    }

    fn has_code(&self, code: &str) -> bool {
        self.code.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(code))
            || self.details.iter().any(|detail| detail.has_code(code))
            || self.inner.as_ref().is_some_and(|inner| inner.has_code(code))
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        Ok(())
    }
}

fn member<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| object.get(*name)).filter(|value| !value.is_null())
}

/// A string, or a number as one.
fn string(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    match member(object, names)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
