use atg_core::ErrorKind;

use super::ServiceError;

fn code_and_message(body: &str) -> (Option<String>, String) {
    let error = ServiceError::parse(400, body);
    (error.detail.code, error.detail.message)
}

fn pair(code: &str, message: &str) -> (Option<String>, String) {
    ((!code.is_empty()).then(|| code.to_owned()), message.to_owned())
}

#[test]
fn every_form_is_read() {
    for (body, expected) in [
        (r#"{"error":{"code":"A","message":"b"}}"#, pair("A", "b")),
        (r#"{"error":{"message":"b"}}"#, pair("", "b")),
        (r#"{"code":"A","message":null}"#, pair("A", "")),
        (r#"{"Code":"A","Message":"b"}"#, pair("A", "b")),
        (r#"{"odata.error":{"code":"A","message":{"lang":"en","value":"b"}}}"#, pair("A", "b")),
        (r#"{"error":"invalid_grant","error_description":"b"}"#, pair("invalid_grant", "b")),
        (r#"{"error":{"code":409,"message":"b"}}"#, pair("409", "b")),
        (r#"{"error":null,"message":"b"}"#, pair("", "b")),
        (r#""only text""#, pair("", "only text")),
        ("", pair("", "")),
        ("[1]", pair("", "[1]")),
        ("{\"error\":{\"code\":\"A\"", pair("", "{\"error\":{\"code\":\"A\"")),
    ] {
        assert_eq!(code_and_message(body), expected, "{body}");
    }
}

#[test]
fn a_page_of_html_keeps_its_text() {
    let page = "<html><head><STYLE>p{}</style><script>if (a<b) {}</script></head>\n<body><h1>502 Bad\n\
                Gateway</h1><hr/>proxy</body></html>";
    assert_eq!(code_and_message(page), pair("", "502 Bad Gateway proxy"));
    let long = format!("<p>{}", "é ".repeat(500));
    assert_eq!(code_and_message(&long).1.chars().count(), 200);
    assert_eq!(code_and_message("<unclosed <script>").1, "");
}

#[test]
fn the_deepest_error_is_the_cause() {
    let body = r#"{"error":{"code":"BadRequest","message":"ask","details":[
        {"code":"InvalidQuery","message":"wrong."},
        {"code":"ParserFailure","message":"no","line":1,"characterPositionInLine":7},{}]}}"#;
    let error = ServiceError::parse(400, body);
    assert_eq!(error.deepest().code.as_deref(), Some("ParserFailure"));
    assert!(error.has_code("invalidquery"));
    assert_eq!(
        error.to_string(),
        "Azure answered 400 BadRequest: ask; cause ParserFailure: no (line 1, character 7)"
    );
    let inner = r#"{"error":{"code":"A","innererror":{"code":"B","innererror":{"code":"C"}}}}"#;
    assert_eq!(ServiceError::parse(500, inner).deepest().code.as_deref(), Some("C"));
}

#[test]
fn status_and_code_decide_the_kind() {
    let kind = |status, code: &str| {
        ServiceError::parse(status, format!(r#"{{"error":{{"code":"{code}"}}}}"#)).kind()
    };
    for (status, code, expected) in [
        (401, "", (ErrorKind::Unauthenticated, false)),
        (403, "AuthorizationFailed", (ErrorKind::PermissionDenied, false)),
        (404, "", (ErrorKind::NotFound, false)),
        (408, "", (ErrorKind::Timeout, true)),
        (504, "", (ErrorKind::Timeout, true)),
        (409, "OperationNotAllowed", (ErrorKind::Conflict, false)),
        (409, "AnotherOperationInProgress", (ErrorKind::Conflict, true)),
        (429, "TooManyRequests", (ErrorKind::Throttled, true)),
        (429, "RetryableErrorDueToAnotherOperation", (ErrorKind::Conflict, true)),
        (400, "", (ErrorKind::InvalidInput, false)),
        (422, "", (ErrorKind::InvalidInput, false)),
        (503, "ServerTimeout", (ErrorKind::Unavailable, true)),
        (200, "RateLimiting", (ErrorKind::Throttled, true)),
        (200, "ExpiredAuthenticationToken", (ErrorKind::Unauthenticated, false)),
        (200, "AuthorizationFailed", (ErrorKind::PermissionDenied, false)),
        (200, "GatewayTimeout", (ErrorKind::Timeout, true)),
        (200, "Odd", (ErrorKind::InvalidData, false)),
    ] {
        assert_eq!(kind(status, code), expected, "{status} {code}");
    }
}

#[test]
fn the_error_says_what_to_do_and_holds_no_token() {
    let token = format!("eyJ{}.{}.x-_", "a".repeat(40), "b".repeat(40));
    let body = format!(r#"{{"error":{{"code":"X","message":"bad 'Bearer {token}', sorry"}}}}"#);
    let error = ServiceError::parse(401, &body).into_error("list resources");
    assert!(error.message().contains("bad 'Bearer [token]', sorry; sign in again"), "{error}");
    assert!(!error.report().contains("aaaa") && !error.is_retryable());
    let denied = ServiceError::parse(403, "").into_error("list resources");
    assert!(denied.message().contains("Reader role"), "{denied}");
    let throttled = ServiceError::parse(429, "").into_error("list resources");
    assert_eq!(throttled.message(), "Azure answered 429");
    assert!(throttled.is_retryable());
}
