//! The same facts as the scanner finds, read in the plainest way: a tree, and the rules' own file.

use std::collections::BTreeSet;
use std::path::Path;

use atg_core::ResourceId;
use serde_json::{Map, Value};

/// A rule as the rules' file has it.
pub(crate) struct DomRule {
    source: String,
    steps: Vec<String>,
    relation: String,
    note: String,
}

/// What an item refers to: relation and target key.
pub(crate) type References = BTreeSet<(String, String)>;

/// Reads the rules' file, and adds the one rule that the crate has beyond it.
pub(crate) fn rules(folder: &Path) -> Vec<DomRule> {
    let text = std::fs::read_to_string(folder.join("relations.json")).unwrap();
    let file: Vec<Map<String, Value>> = serde_json::from_str(&text).unwrap();
    assert_eq!(file.len(), 115);
    let text = |rule: &Map<String, Value>, name: &str| rule[name].as_str().unwrap().to_owned();
    let mut rules: Vec<_> = file
        .iter()
        .map(|rule| {
            let relation = text(rule, "relation");
            rule_of(
                &text(rule, "source"),
                &text(rule, "path"),
                relation.split(' ').next().unwrap(),
                &format!("{relation} {}", text(rule, "target")),
            )
        })
        .collect();
    let endpoint = "properties.primaryEndpoints.blob";
    rules.push(rule_of("Microsoft.Storage/storageAccounts", endpoint, "HAS_ENDPOINT", "host name"));
    rules
}

fn rule_of(source: &str, path: &str, relation: &str, note: &str) -> DomRule {
    let steps = path.to_lowercase().replace("[]", ".[]").split('.').map(str::to_owned).collect();
    let (source, relation) = (source.to_lowercase(), relation.to_owned());
    DomRule { source, steps, relation, note: note.to_owned() }
}

/// The items of an answer, as objects.
pub(crate) fn items(body: &Value) -> Vec<Map<String, Value>> {
    let objects = |list: &Vec<Value>| list.iter().filter_map(|i| i.as_object().cloned()).collect();
    if let Some(list) = body["value"].as_array().or(body["data"].as_array()) {
        return objects(list);
    }
    if let (Some(columns), Some(rows)) =
        (body["data"]["columns"].as_array(), body["data"]["rows"].as_array())
    {
        let names: Vec<_> =
            columns.iter().map(|c| c["name"].as_str().unwrap().to_owned()).collect();
        let row =
            |row: &Value| names.iter().cloned().zip(row.as_array().unwrap().clone()).collect();
        return rows.iter().map(row).collect();
    }
    vec![body.as_object().unwrap().clone()]
}

/// An item's id key and references; `None` where it has no id.
pub(crate) fn resource(
    item: &Map<String, Value>,
    rules: &[DomRule],
) -> Option<(String, References)> {
    let id = ResourceId::parse(item.get("id")?.as_str()?).ok()?;
    let mut walk = Walk { own: &id, source: source_of(&id, item), rules, found: References::new() };
    for (name, value) in item.iter().filter(|(name, _)| *name != "id") {
        walk.value(&mut vec![name.to_lowercase()], value);
    }
    Some((id.key().to_string(), walk.found))
}

fn source_of(id: &ResourceId, item: &Map<String, Value>) -> String {
    let own = id.resource_type();
    let containers = [
        "microsoft.resources/subscriptions",
        "microsoft.resources/subscriptions/resourcegroups",
        "microsoft.management/managementgroups",
        "microsoft.resources/tenants",
    ];
    match item.get("type").and_then(Value::as_str) {
        Some(text) if !containers.contains(&own.as_str()) => text.to_lowercase(),
        _ => own,
    }
}

struct Walk<'a> {
    own: &'a ResourceId,
    source: String,
    rules: &'a [DomRule],
    found: References,
}

impl Walk<'_> {
    fn value(&mut self, path: &mut Vec<String>, value: &Value) {
        match value {
            Value::String(text) => self.text(path, text, false),
            Value::Array(list) => {
                for element in list {
                    path.push("[]".to_owned());
                    self.value(path, element);
                    path.pop();
                }
            }
            Value::Object(object) => {
                for (name, value) in object {
                    path.push(name.to_lowercase());
                    self.text(path, name, true);
                    self.value(path, value);
                    path.pop();
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, path: &[String], text: &str, is_name: bool) {
        let fits = |rule: &&DomRule| {
            is_name == rule.steps.last().is_some_and(|last| last == "{key}")
                && rule.steps.len() == path.len()
                && rule.steps.iter().zip(path).all(|(rule, own)| rule == "{key}" || rule == own)
        };
        let here: Vec<_> = self.rules.iter().filter(fits).collect();
        let of = |source: &str| here.iter().find(|rule| rule.source == source);
        match of(&self.source).or_else(|| of("*")) {
            Some(rule) => {
                let target = self.target(&rule.note, text);
                let target = target.filter(|target| target != self.own.key().as_str());
                self.found.extend(target.map(|target| (rule.relation.clone(), target)));
            }
            None => self.any(text),
        }
    }

    fn target(&self, note: &str, text: &str) -> Option<String> {
        if note.contains("Entra") {
            let parts: Vec<usize> = text.split('-').map(str::len).collect();
            let hex = text.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
            return (hex && parts == [8, 4, 4, 4, 12])
                .then(|| format!("principal:{}", text.to_lowercase()));
        }
        if note.contains("host name") {
            let host = text.strip_prefix("https://")?.split('/').next()?;
            return Some(format!("host:{}", host.to_lowercase()));
        }
        if note.contains("name->RG") {
            let group =
                format!("/subscriptions/{}/resourceGroups/{text}", self.own.subscription_id()?);
            return Some(group.to_lowercase());
        }
        let id = ResourceId::parse(text).ok()?;
        let is_child = id.parent().is_some_and(|parent| parent.resource_type().contains('/'))
            && id.resource_type().split('/').count() > 2;
        if note.contains("strip") && is_child {
            return Some(id.parent()?.key().to_string());
        }
        Some(id.key().to_string())
    }

    fn any(&mut self, text: &str) {
        let Ok(id) = ResourceId::parse(text) else { return };
        if id.subscription_id().is_none_or(str::is_empty) {
            return;
        }
        let parts = id.parts();
        if parts.resource_group.is_none() && parts.namespace.is_none() {
            return;
        }
        let (key, own) = (id.key().as_str(), self.own.key().as_str());
        if key == own || own.starts_with(&format!("{key}/")) {
            return;
        }
        let below = key.starts_with(&format!("{own}/"));
        let relation = if below { "CONTAINS" } else { "REFERENCES" };
        self.found.insert((relation.to_owned(), key.to_owned()));
    }
}
