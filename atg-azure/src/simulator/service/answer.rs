//! Answers: JSON bodies, and failures in Azure's envelope.

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, WWW_AUTHENTICATE};
use http::{Response, StatusCode};
use serde_json::{Value, json};

/// A whole answer.
pub(crate) type Answer = Response<Bytes>;

/// An answer of this status, content type and body.
pub(crate) fn answer(status: StatusCode, kind: &'static str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    answer
}

/// A JSON answer, 200.
pub(crate) fn ok(body: String) -> Answer {
    answer(StatusCode::OK, "application/json; charset=utf-8", body)
}

/// Sets a header; a value that HTTP cannot carry is left out.
pub(crate) fn set_header(answer: &mut Answer, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(HeaderName::from_static(name), value);
    }
}

/// A text as JSON, with its quotes.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// A refusal in Azure's words: a status, a code, and for some the real cause in the details.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Failure {
    status: StatusCode,
    code: &'static str,
    message: String,
    details: Vec<Value>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), details: Vec::new() }
    }

    pub(crate) fn bad_request(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn not_found(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    pub(crate) fn unauthenticated(code: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, code, message)
    }

    pub(crate) fn denied(scope: &str) -> Self {
        let message = format!("This principal may not read '{scope}', or its role is too new.");
        Self::new(StatusCode::FORBIDDEN, "AuthorizationFailed", message)
    }

    /// The same failure with a further detail.
    pub(crate) fn with_detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    /// The failure as an answer.
    pub(crate) fn into_answer(self) -> Answer {
        let mut error = json!({"code": self.code, "message": self.message});
        if !self.details.is_empty() {
            error["details"] = Value::Array(self.details);
        }
        let body = json!({"error": error}).to_string();
        let mut answer = answer(self.status, "application/json; charset=utf-8", body);
        set_header(&mut answer, "x-ms-failure-cause", "gateway");
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = "Bearer authorization_uri=\"https://login.example/\", \
                             error=\"invalid_token\"";
            answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        answer
    }
}
