//! Every recorded error through the parser of errors.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod recorded_support;

use atg_azure::scan::{Scanner, ServiceError, Shape};
use atg_core::{ErrorKind, Text};
use recorded_support::{Recorded, answers, folder};

fn body(answer: &Recorded) -> String {
    if answer.body.is_null() { String::new() } else { answer.body.to_string() }
}

#[test]
fn status_and_code_are_those_of_the_file() {
    let Some(folder) = folder() else { return };
    let all = answers(&folder, &["recorded/errors"]);
    assert_eq!(all.len(), 19);
    for answer in all {
        let mut parts = answer.name.split('_');
        let status: u16 = parts.next().unwrap().parse().unwrap();
        let code = parts.next().filter(|code| !matches!(*code, "nocode" | "empty"));
        let error = ServiceError::parse(answer.status, body(&answer));
        assert_eq!((error.status, error.code()), (status, code), "{}", answer.name);
        let error = error.into_error("read");
        assert!(error.message().starts_with(&format!("Azure answered {status}")), "{error}");
    }
}

#[test]
fn throttling_and_other_operations_are_told_apart() {
    let Some(folder) = folder() else { return };
    let mut throttled = 0;
    for answer in answers(&folder, &["docs-bodies", "recorded/errors"]) {
        let (kind, retryable) = ServiceError::parse(answer.status, body(&answer)).kind();
        match answer.status {
            429 => {
                assert_eq!((kind, retryable), (ErrorKind::Throttled, true), "{}", answer.name);
                throttled += 1;
            }
            409 => {
                assert_eq!(retryable, answer.name.contains("AnotherOperation"), "{}", answer.name);
            }
            _ => {}
        }
    }
    assert_eq!(throttled, 4);
}

#[test]
fn resource_graph_keeps_the_cause_in_its_details() {
    let Some(folder) = folder() else { return };
    let mut seen = 0;
    for answer in answers(&folder, &["recorded/graph", "transcribed"]) {
        if answer.status == 400 {
            let error = ServiceError::parse(400, body(&answer));
            assert_eq!(error.deepest().code.as_deref(), Some("ParserFailure"), "{}", answer.name);
            seen += 1;
        }
    }
    assert_eq!(seen, 2);
}

#[test]
fn an_error_with_a_status_of_success_is_still_an_error() {
    let Some(folder) = folder() else { return };
    let mut scanner = Scanner::default();
    for answer in answers(&folder, &["recorded/errors"]) {
        if answer.body.is_object() {
            let found = scanner.scan(&Text::from(body(&answer))).unwrap();
            assert_eq!(found.shape, Shape::Error, "{}", answer.name);
            let code = answer.body["error"]["code"].as_str().or(answer.body["code"].as_str());
            assert_eq!(found.error.unwrap().code(), code, "{}", answer.name);
            assert_eq!((found.items, found.resources.len()), (0, 0));
        }
    }
}
