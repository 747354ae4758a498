use serde_json::json;

use super::super::Shape;
use super::{Answer, id, scan};

fn ids(answer: &Answer) -> Vec<&str> {
    answer.resources.iter().map(|resource| resource.name.as_str()).collect()
}

#[test]
fn a_list_says_where_it_goes_on() {
    let item = json!({"id": id("A/b/c")});
    for (link, expected) in [
        (json!("https://x/?a=1&b"), Some("https://x/?a=1&b")),
        (json!("/relative"), Some("/relative")),
        (json!(""), None),
        (json!(null), None),
        (json!(7), None),
    ] {
        let body = json!({"count": 1, "nextLink": link, "value": [item]}).to_string();
        let answer = scan(&body);
        assert_eq!((answer.shape, answer.items), (Shape::List, 1));
        assert_eq!(answer.next_link.as_deref(), expected);
    }
    let escaped = scan(r#"{"value":null,"nextLink":"https:\/\/x\u002f"}"#);
    assert_eq!(escaped.next_link.as_deref(), Some("https://x/"));
    assert_eq!((escaped.shape, escaped.items), (Shape::List, 0));
}

#[test]
fn resource_graph_in_any_order_and_either_format() {
    let (one, two) = (id("A/b/One"), id("A/b/Two"));
    let objects = json!({"$skipToken": "t\"", "totalRecords": 9, "resultTruncated": "false", "data": [
        {"id": one, "kind": "k", "subscriptionId": "S1", "resourceGroup": "web", "zones": [1],
         "properties": {"x": id("C/d/e")}},
        {"id": two, "kind": null, "subscriptionId": "S1", "resourceGroup": "web", "zones": null,
         "properties": null}
    ]});
    let columns: Vec<_> = ["id", "kind", "subscriptionId", "resourceGroup", "zones", "properties"]
        .map(|name| json!({"name": name, "type": "string"}))
        .into();
    let rows = json!([
        [one, "k", "S1", "web", [1], {"x": id("C/d/e")}],
        [two, null, "S1", "web", null, null]
    ]);
    let columns_first = format!(r#"{{"columns":{},"rows":{rows}}}"#, json!(columns));
    let rows_first = format!(r#"{{ "rows" : {rows}, "odd": [1], "columns":{}}}"#, json!(columns));
    let expected = scan(&objects.to_string());
    assert_eq!(ids(&expected), ["One", "Two"]);
    assert_eq!(expected.resources[0].additional, r#"{"zones":[1]}"#);
    assert_eq!(expected.resources[0].references.len(), 1);
    assert_eq!((expected.total_records, expected.result_truncated), (Some(9), Some(false)));
    assert_eq!(expected.skip_token.as_deref(), Some("t\""));
    for data in [columns_first, rows_first] {
        let answer = scan(&format!(r#"{{"resultTruncated":true,"data":{data},"$skipToken":"u"}}"#));
        assert_eq!(answer.shape, Shape::ResourceGraph);
        assert_eq!(answer.resources, expected.resources);
        assert_eq!(answer.skip_token.as_deref(), Some("u"));
        assert_eq!(answer.result_truncated, Some(true));
    }
}

#[test]
fn a_row_that_does_not_fit_is_skipped() {
    let answer = scan(&format!(
        r#"{{"data":{{"columns":[{{"name":"id"}},{{"name":"kind"}}],"rows":[["{0}"],["{0}","k"],["{0}","k",1],5]}}}}"#,
        id("A/b/c")
    ));
    assert_eq!((answer.resources.len(), answer.items), (1, 4));
    let skipped: Vec<_> = answer.skipped.iter().map(|skipped| &*skipped.id).collect();
    assert_eq!(skipped, ["items[0]", "items[2]", "items[3]"]);
}

#[test]
fn one_resource_also_with_a_lists_members() {
    let plain = scan(&json!({"id": id("A/b/c"), "properties": {}}).to_string());
    assert_eq!((plain.shape, plain.items), (Shape::Single, 1));
    for odd in ["value", "data", "error", "code"] {
        for inside in [json!([{"id": id("X/y/z")}]), json!({"q": 1}), json!("text")] {
            let body = json!({"id": id("A/b/c"), "type": "A/b", odd: inside, "message": "m"});
            let answer = scan(&body.to_string());
            assert_eq!((answer.shape, ids(&answer)), (Shape::Single, vec!["c"]), "{body}");
            assert!(answer.resources[0].additional.contains(odd), "{body}");
            assert_eq!(answer.next_link, None);
        }
    }
}

#[test]
fn a_repeated_list_counts_as_its_last() {
    let item = |name: &str| json!([{"id": id(&format!("A/b/{name}"))}, {}]);
    let answer = scan(&format!(r#"{{"value":{},"value":{}}}"#, item("one"), item("two")));
    assert_eq!((ids(&answer), answer.items, answer.skipped.len()), (vec!["two"], 2, 1));
    assert_eq!(scan(r#"{"value":[],"nextLink":"a","nextLink":null}"#).next_link, None);
}

#[test]
fn an_error_with_status_200_is_an_error() {
    for body in [
        r#"{"error":{"code":"TooManyRequests","message":"m"}}"#,
        r#"{"code":"TooManyRequests","message":null}"#,
    ] {
        let answer = scan(body);
        assert_eq!((answer.shape, answer.items), (Shape::Error, 0));
        assert_eq!(answer.error.unwrap().code(), Some("TooManyRequests"));
        assert_eq!(answer.skipped, []);
    }
    // Beside items too: they are not all there are.
    let list = scan(r#"{"value":[],"error":{"code":"x"}}"#);
    assert_eq!(list.shape, Shape::Error);
    assert_eq!(list.error.unwrap().code(), Some("x"));
}
