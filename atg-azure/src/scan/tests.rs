mod broken;
mod columns;
mod envelopes;
mod property;
mod relations;

use atg_core::{Resource, Text};
use serde_json::{Value, json};

use super::{Answer, Scanner};

pub(super) use property::any_json;

const GROUP: &str = "/subscriptions/S1/resourceGroups/Web";

fn scan(body: &str) -> Answer {
    Scanner::default().scan(&Text::from(body)).unwrap_or_else(|error| panic!("{error}: {body}"))
}

fn list(items: impl Into<Value>) -> Answer {
    scan(&json!({ "value": items.into() }).to_string())
}

/// The one resource of a list of one item.
fn one(item: impl Into<Value>) -> Resource {
    let mut answer = list(vec![item.into()]);
    assert_eq!(answer.skipped, []);
    answer.resources.pop().unwrap()
}

/// A resource's id in the group.
fn id(tail: &str) -> String {
    format!("{GROUP}/providers/{tail}")
}

/// A resource's references: relation, target as spelled, path.
fn references(resource: &Resource) -> Vec<(String, String, String)> {
    let texts = |reference: &atg_core::Reference| {
        let target = reference.target.as_str().replace(GROUP, "~");
        (reference.relation.to_string(), target, reference.path.to_string())
    };
    resource.references.iter().map(texts).collect()
}

/// The same as [`references`], from texts.
fn expected(references: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let owned = |(a, b, c): &(&str, &str, &str)| ((*a).into(), (*b).into(), (*c).into());
    references.iter().map(owned).collect()
}
