use atg_core::{Error, ErrorKind, Text};
use serde_json::json;

use super::super::{ScanError, Scanner};
use super::{id, list, scan};

#[test]
fn a_bad_item_never_loses_its_list() {
    let deep = format!("{}1{}", "[".repeat(300), "]".repeat(300));
    let body = format!(
        r#"{{"value":[{{"id":"{good}"}},7,{{}},{{"id":null}},{{"id":5}},{{"id":{{"id":"x"}}}},{{"id":""}},
            {{"id":"not an id"}},{{"id":"/subscriptions/s/x?y=1"}},{{"id":"{deep_id}","properties":{deep}}},
            {{"id":"{good}2"}}]}}"#,
        good = id("A/b/c"),
        deep_id = id("A/b/deep"),
    );
    let answer = scan(&body);
    let names: Vec<_> = answer.resources.iter().map(|resource| &*resource.name).collect();
    assert_eq!(names, ["c", "c2"]);
    assert_eq!((answer.items, answer.skipped.len()), (11, 9));
    let mut skipped: Vec<_> =
        answer.skipped.iter().map(|skipped| (&*skipped.id, &*skipped.why)).collect();
    skipped.sort_unstable();
    for (id, why) in [
        ("items[1]", "it is not an object"),
        ("items[2]", "it has no id"),
        ("items[3]", "it has no id"),
        ("items[4]", "its id is not a string"),
        ("items[5]", "its id is not a string"),
        (&*self::id("A/b/deep"), "it nests deeper than 128 levels"),
    ] {
        assert!(skipped.contains(&(id, why)), "{id}: {skipped:?}");
    }
    let why = |id: &str| skipped.iter().find(|(own, _)| *own == id).unwrap().1.to_owned();
    assert!(why("not an id").contains("does not start with '/'"));
    assert!(why("/subscriptions/s/x?y=1").contains("query"));
    assert!(why("items[6]").contains("not an Azure resource id"));
}

#[test]
fn an_item_may_nest_as_deep_as_the_bound() {
    let nested = |depth: usize| -> usize {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let item = format!(r#"{{"id":"{}","properties":{value}}}"#, id("A/b/c"));
        scan(&format!(r#"{{"value":[{item},{item}]}}"#)).resources.len()
    };
    assert_eq!((nested(100), nested(127), nested(130), nested(100_000)), (2, 2, 0, 0));
}

#[test]
fn what_is_not_an_object_is_an_error_that_says_so() {
    for (body, position) in [
        ("", 0),
        ("  ", 2),
        ("[]", 0),
        ("\"x\"", 0),
        ("null", 0),
        ("<html>", 0),
        ("{\"value\":[{]}", 11),
    ] {
        let error = Scanner::default().scan(&Text::from(body)).unwrap_err();
        assert_eq!(error.position, position, "{body}: {error}");
    }
    let error = Error::from(ScanError { position: 3, what: "it ends too early" });
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.is_retryable() && error.message().contains("it ends too early (byte 3)"));
}

#[test]
fn every_truncation_is_an_error() {
    let item = json!({"id": id("A/b/cé"), "name": "x\n", "tags": {"a": [1, true, null]}});
    for body in [
        json!({"value": [item, item], "nextLink": null}).to_string(),
        json!({"data": {"columns": [{"name": "id"}], "rows": [[id("A/b/c")]]}, "count": 1})
            .to_string(),
        item.to_string(),
    ] {
        let mut scanner = Scanner::default();
        for end in (0..body.len()).filter(|end| body.is_char_boundary(*end)) {
            assert!(scanner.scan(&Text::from(&body[..end])).is_err(), "{}", &body[..end]);
        }
        assert!(scanner.scan(&Text::from(body)).is_ok());
    }
}

#[test]
fn a_scanner_is_whole_again_after_an_error() {
    let mut scanner = Scanner::default();
    let broken = json!({"value": [{"id": id("A/b/c"), "x": id("D/e/f")}]}).to_string();
    let good = Text::from(broken.replace("D/e/f", "D/e/g"));
    let fresh = Scanner::default().scan(&good).unwrap().resources;
    scanner.scan(&Text::from(&broken[..broken.len() - 2])).unwrap_err();
    assert_eq!(scanner.scan(&good).unwrap().resources, fresh);
    assert_eq!(list(json!([{}])).skipped[0].id, "items[0]");
}
