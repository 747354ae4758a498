use std::collections::BTreeSet;

use atg_core::{ResourceId, Text};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::super::Scanner;

/// A string that may be an id.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[a-z/\\\\\"]{0,12}",
        "/subscriptions/[ab]/(resourceGroups|PROVIDERS)/[a-cA-C]{0,2}(/[xy]/[z/?]{1,2})?",
        "/Subscriptions/[ab]",
    ]
}

/// JSON of any form, with ids in it.
pub(crate) fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((any_text(), inner), 0..6)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// Every string below a value that is an id of something in a subscription, by a tree.
fn ids_in(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::String(text) => ids_in_text(text, found),
        Value::Array(list) => list.iter().for_each(|element| ids_in(element, found)),
        Value::Object(object) => {
            for (name, value) in object {
                ids_in_text(name, found);
                ids_in(value, found);
            }
        }
        _ => {}
    }
}

fn ids_in_text(text: &str, found: &mut BTreeSet<String>) {
    let Ok(id) = ResourceId::parse(text) else { return };
    let parts = id.parts();
    let inside = parts.resource_group.is_some() || parts.namespace.is_some();
    if parts.subscription.is_some_and(|name| !name.is_empty()) && inside {
        found.insert(id.key().to_string());
    }
}

proptest! {
    #[test]
    fn finds_the_ids_that_a_tree_finds(value in any_json(), pretty: bool) {
        let body = json!({"value": [{"properties": value, "id": "/subscriptions/own"}]});
        let text = if pretty { serde_json::to_string_pretty(&body).unwrap() } else { body.to_string() };
        let answer = Scanner::default().scan(&Text::from(text)).unwrap();
        let resource = &answer.resources[0];
        let found: BTreeSet<_> =
            resource.references.iter().map(|found| found.target.key().to_string()).collect();
        let mut expected = BTreeSet::new();
        ids_in(&value, &mut expected);
        prop_assert_eq!(found, expected);
        let properties = if value.is_null() { String::new() } else { value.to_string() };
        prop_assert_eq!(&*resource.properties, &properties);
    }

    #[test]
    fn no_text_makes_it_panic(text in any::<String>(), value in any_json(), cut in any::<prop::sample::Index>()) {
        let mut scanner = Scanner::default();
        let _ = scanner.scan(&Text::from(text));
        for body in [json!({"value": [value]}), json!({"data": value}), json!({"data": {"columns": value, "rows": value}}), value] {
            let body = body.to_string();
            if let Ok(answer) = scanner.scan(&Text::from(&*body)) {
                prop_assert_eq!(answer.items, answer.resources.len() + answer.skipped.len());
            }
            let end = cut.index(body.len());
            let _ = scanner.scan(&Text::from(body.get(..end).unwrap_or_default()));
        }
    }
}
