//! What must be there, and how far it is by the server's list of indexes.

use atg_core::{Error, ErrorKind, Text};
use serde::Deserialize;

use super::OPERATION;
use crate::neo4j::errors::{Class, Failure, Try};
use crate::neo4j::names::quoted;
use crate::neo4j::statements::BASE_LABEL;

/// A constraint or an index that must be there.
#[derive(Debug, Clone)]
pub(in crate::neo4j) struct Wanted {
    name: String,
    entity: Entity,
    label: String,
    properties: &'static [&'static str],
    /// Whether it is the constraint that the property is unique, which has an index.
    unique: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Entity {
    Node,
    Relationship,
}

/// An index as the server lists it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::neo4j) struct Index {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    state: String,
    entity_type: Entity,
    labels_or_types: Option<Vec<String>>,
    properties: Option<Vec<String>>,
    /// The constraint that it serves.
    owning_constraint: Option<String>,
    failure_message: Option<String>,
}

/// How far something wanted is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Online,
    Filling,
    /// Its index is there and the constraint is not: it is being made, or that was cut short. To
    /// make it finishes what was cut short, or does nothing.
    WithoutConstraint {
        filled: bool,
    },
    Missing,
}

/// The property that is unique among the relationships of a type.
const RELATIONSHIP_KEY: &[&str] = &["relationship_key"];

impl Wanted {
    /// An index over properties of nodes.
    pub(in crate::neo4j) fn of_nodes(name: &str, properties: &'static [&'static str]) -> Self {
        let (name, label) = (name.to_owned(), BASE_LABEL.to_owned());
        Self { name, entity: Entity::Node, label, properties, unique: false }
    }

    /// The constraint that a property of nodes is unique.
    pub(in crate::neo4j) fn unique_of_nodes(
        name: &str,
        properties: &'static [&'static str],
    ) -> Self {
        Self { unique: true, ..Self::of_nodes(name, properties) }
    }

    /// The constraint that a relationship is there once among those of its type.
    pub(in crate::neo4j) fn unique_of_type(relation: &str) -> Self {
        Self {
            name: format!("atg_relationship_{}", relation.to_ascii_lowercase()),
            entity: Entity::Relationship,
            label: relation.to_owned(),
            properties: RELATIONSHIP_KEY,
            unique: true,
        }
    }

    /// The command that makes it; the server does nothing where the name is taken, whatever by.
    pub(super) fn command(&self) -> String {
        let (name, label) = (quoted(&self.name), quoted(&self.label));
        let pattern = match self.entity {
            Entity::Node => format!("(e:{label})"),
            Entity::Relationship => format!("()-[e:{label}]-()"),
        };
        let properties: Vec<String> =
            self.properties.iter().map(|property| format!("e.{property}")).collect();
        let properties = properties.join(", ");
        if self.unique {
            format!(
                "CREATE CONSTRAINT {name} IF NOT EXISTS FOR {pattern} \
                 REQUIRE {properties} IS UNIQUE"
            )
        } else {
            format!("CREATE INDEX {name} IF NOT EXISTS FOR {pattern} ON ({properties})")
        }
    }

    /// What is on more than one node or relationship that must be unique; followed by a `RETURN`
    /// of `value` and `times`.
    pub(super) fn doubles(&self) -> String {
        let label = quoted(&self.label);
        let pattern = match self.entity {
            Entity::Node => format!("(e:{label})"),
            Entity::Relationship => format!("()-[e:{label}]->()"),
        };
        let property = self.properties.first().copied().unwrap_or_default();
        format!(
            "MATCH {pattern} WHERE e.{property} IS NOT NULL \
             WITH e.{property} AS value, count(*) AS times WHERE times > 1"
        )
    }

    /// The failure of the constraint where so many values are there more than once.
    pub(super) fn refused_doubles(&self, count: u64) -> Failure {
        let what = match self.entity {
            Entity::Node => "nodes labelled",
            Entity::Relationship => "relationships of the type",
        };
        refused(format!(
            "{count} values of {} are each on several {what} {}; leave one of each, \
             then try again; list them by: {} RETURN value, times",
            self.properties.join(", "),
            self.label,
            self.doubles()
        ))
    }

    /// What it is called.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The failure of a constraint where there is an index that it cannot take over.
    pub(super) fn in_the_way(&self, index: &str) -> Failure {
        refused(format!(
            "the index {0} is in the way of the uniqueness constraint {1}; \
             run DROP INDEX {0}, then try again",
            quoted(index),
            self.name
        ))
    }

    /// How far it is; fails where it can never be.
    pub(super) fn status(&self, indexes: &[Index]) -> Try<Status> {
        let mut like = indexes.iter().filter(|index| index.serves(self));
        if let Some(index) = like.clone().find(|index| !self.unique || index.is_unique()) {
            return index.status();
        }
        if let Some(index) = like.next() {
            // While a constraint is made, or where that was cut short, its index has no owner.
            return match index.status()? {
                status if index.name == self.name => {
                    Ok(Status::WithoutConstraint { filled: status == Status::Online })
                }
                Status::Online => Err(self.in_the_way(&index.name)),
                unfinished => Ok(unfinished),
            };
        }
        if indexes.iter().any(|index| index.is_called(&self.name)) {
            return Err(name_taken(self));
        }
        Ok(Status::Missing)
    }
}

impl Index {
    /// Whether it is over what is wanted, and of the kind that seeks, sorts and constrains.
    fn serves(&self, wanted: &Wanted) -> bool {
        let labels = self.labels_or_types.as_deref().unwrap_or_default();
        let properties = self.properties.as_deref().unwrap_or_default();
        self.kind == "RANGE"
            && self.entity_type == wanted.entity
            && labels == [wanted.label.as_str()]
            && properties == wanted.properties
    }

    /// Only constraints of uniqueness, alone or as a part of a key, have an index.
    fn is_unique(&self) -> bool {
        self.owning_constraint.is_some()
    }

    fn is_called(&self, name: &str) -> bool {
        self.name == name || self.owning_constraint.as_deref() == Some(name)
    }

    fn status(&self) -> Try<Status> {
        match self.state.as_str() {
            "ONLINE" => Ok(Status::Online),
            "FAILED" => Err(refused(format!(
                "the server could not fill the index {0} ({1}); repair what it holds, \
                 run DROP INDEX {0}, then try again",
                quoted(&self.name),
                self.failure_message.as_deref().and_then(|text| text.lines().next()).unwrap_or("?")
            ))),
            _ => Ok(Status::Filling),
        }
    }

    /// The relationship type that it keeps from having a relationship twice.
    pub(in crate::neo4j) fn unique_type(&self) -> Option<Text> {
        let [relation] = self.labels_or_types.as_deref()? else { return None };
        let properties = self.properties.as_deref().unwrap_or_default();
        let is_ours = self.entity_type == Entity::Relationship
            && self.is_unique()
            && properties == RELATIONSHIP_KEY;
        is_ours.then(|| relation.as_str().into())
    }
}

/// What stands in the way is in the database.
fn refused(message: String) -> Failure {
    Failure::new(Class::Fatal, Error::new(ErrorKind::InvalidData, OPERATION, message))
}

pub(super) fn name_taken(wanted: &Wanted) -> Failure {
    refused(format!(
        "the database has another constraint or index by the name {}; SHOW CONSTRAINTS and \
         SHOW INDEXES show it; drop or rename it",
        wanted.name
    ))
}

#[cfg(test)]
mod tests {
    use atg_core::ErrorKind;

    use super::{Entity, Index, Status, Wanted};

    fn wanted() -> Wanted {
        Wanted::unique_of_nodes("atg_resource_id", &["id"])
    }

    fn index(change: impl FnOnce(&mut Index)) -> Index {
        let mut index = Index {
            name: "one".to_owned(),
            kind: "RANGE".to_owned(),
            state: "ONLINE".to_owned(),
            entity_type: Entity::Node,
            labels_or_types: Some(vec!["Resource".to_owned()]),
            properties: Some(vec!["id".to_owned()]),
            owning_constraint: Some("one".to_owned()),
            failure_message: None,
        };
        change(&mut index);
        index
    }

    fn refusal(index: Index) -> String {
        let error = wanted().status(&[index]).unwrap_err().error;
        assert_eq!(error.kind(), ErrorKind::InvalidData);
        error.message().to_owned()
    }

    #[test]
    fn only_an_index_over_the_same_serves_whatever_its_name() {
        assert_eq!(wanted().status(&[index(|_| {})]).unwrap(), Status::Online);
        let others = [
            index(|one| one.kind = "TEXT".to_owned()),
            index(|one| one.entity_type = Entity::Relationship),
            index(|one| one.labels_or_types = None),
            index(|one| one.properties = Some(vec!["id".to_owned(), "x".to_owned()])),
        ];
        assert_eq!(wanted().status(&others).unwrap(), Status::Missing);
        let filling = index(|one| one.state = "POPULATING".to_owned());
        assert_eq!(wanted().status(&[filling]).unwrap(), Status::Filling);
    }

    #[test]
    fn an_unfinished_constraint_is_in_nobodys_way() {
        let unfinished = |name: &str| {
            index(|one| {
                one.name = name.to_owned();
                one.state = "POPULATING".to_owned();
                one.owning_constraint = None;
            })
        };
        let ours = wanted().status(&[unfinished("atg_resource_id")]).unwrap();
        assert_eq!(ours, Status::WithoutConstraint { filled: false });
        assert_eq!(wanted().status(&[unfinished("theirs")]).unwrap(), Status::Filling);
    }

    #[test]
    fn what_is_in_the_way_is_named_with_the_remedy() {
        let plain = refusal(index(|one| one.owning_constraint = None));
        assert!(plain.contains("DROP INDEX `one`"), "{plain}");
        let failed = refusal(index(|one| {
            one.state = "FAILED".to_owned();
            one.failure_message = Some("too large\n\tat".to_owned());
        }));
        assert!(failed.contains("(too large)"), "{failed}");
        let by_another = index(|one| {
            one.name = "atg_resource_id".to_owned();
            one.owning_constraint = None;
        });
        let status = wanted().status(&[by_another]).unwrap();
        assert_eq!(status, Status::WithoutConstraint { filled: true });
        let taken = refusal(index(|one| {
            one.properties = None;
            one.owning_constraint = Some("atg_resource_id".to_owned());
        }));
        assert!(taken.contains("by the name atg_resource_id"), "{taken}");
    }

    #[test]
    fn a_type_is_seen_by_its_constraint() {
        let of_type = |constraint: Option<&str>| {
            index(|one| {
                one.entity_type = Entity::Relationship;
                one.labels_or_types = Some(vec!["USES".to_owned()]);
                one.properties = Some(vec!["relationship_key".to_owned()]);
                one.owning_constraint = constraint.map(str::to_owned);
            })
        };
        assert_eq!(of_type(Some("x")).unique_type(), Some("USES".into()));
        assert_eq!(of_type(None).unique_type(), None);
        assert_eq!(index(|_| {}).unique_type(), None);
    }
}
