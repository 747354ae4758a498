//! A node as the server gives it back.

use std::collections::HashMap;
use std::fmt;

use atg_core::{Labels, Node, RESOURCE_LABEL, ResourceId, Text, Value, labels};
use serde::Deserialize;
use serde::de::{self, IgnoredAny, MapAccess, Visitor};

use super::errors::Try;
use super::names;
use super::node_rows::COLUMN_NAMES;
use super::pages::foreign;
use super::values::Stored;

/// Label sets by what the server says, so that nodes share them.
#[derive(Default)]
pub(super) struct LabelSets {
    sets: HashMap<String, Labels, foldhash::fast::RandomState>,
    /// A buffer for the key.
    key: String,
}

impl LabelSets {
    /// A node's own labels; the base label is one of them where it is a resource.
    fn get(&mut self, stored: &[&str], is_resource: bool) -> Labels {
        let own = || stored.iter().filter(|label| is_resource || **label != RESOURCE_LABEL);
        self.key.clear();
        for label in own() {
            self.key.push_str(label);
            // No label holds it.
            self.key.push('\0');
        }
        if let Some(labels) = self.sets.get(&self.key) {
            return labels.clone();
        }
        let labels = labels(own().copied());
        self.sets.insert(self.key.clone(), labels.clone());
        labels
    }
}

/// A node's properties.
#[derive(Default)]
pub(super) struct StoredNode<'a> {
    id: &'a str,
    spelled_id: Option<&'a str>,
    is_resource: Option<bool>,
    synthetic: bool,
    /// In the order of [`COLUMN_NAMES`].
    texts: [Text; COLUMN_NAMES.len()],
    columns: Vec<(Text, Value)>,
}

impl<'a> StoredNode<'a> {
    /// The key it is stored under.
    pub(super) fn id(&self) -> &'a str {
        self.id
    }

    /// The node, its columns sorted by name; fails where its id is none.
    pub(super) fn into_node(mut self, stored: &[&str], sets: &mut LabelSets) -> Try<Node> {
        let id = stored_id(self.spelled_id.unwrap_or(self.id))?;
        if id.key() != self.id {
            return Err(foreign(
                &format!("the key of the node {id}"),
                format!("it is {:?}", self.id),
            ));
        }
        self.columns.sort_by(|one, other| one.0.cmp(&other.0));
        let [
            resource_type,
            name,
            location,
            resource_group,
            subscription_id,
            tenant_id,
            kind,
            sku,
            provisioning_state,
            tags,
            properties,
            additional,
            scale_operation_id,
            template_source_id,
        ] = self.texts;
        Ok(Node {
            id,
            labels: sets.get(stored, self.is_resource.unwrap_or(true)),
            resource_type,
            name,
            location,
            resource_group,
            subscription_id,
            tenant_id,
            kind,
            sku,
            provisioning_state,
            tags,
            properties,
            additional,
            synthetic: self.synthetic,
            scale_operation_id,
            template_source_id,
            columns: self.columns,
        })
    }

    /// Takes one property over.
    fn take<A: MapAccess<'a>>(&mut self, property: &str, map: &mut A) -> Result<(), A::Error> {
        match property {
            "id" => self.id = map.next_value()?,
            "spelled_id" => self.spelled_id = map.next_value()?,
            "is_resource" => self.is_resource = map.next_value()?,
            "synthetic" => self.synthetic = map.next_value()?,
            _ => {
                if let Some(text) = self.column(property) {
                    *text = map.next_value::<&str>()?.into();
                } else if let Some(name) = names::column_of(property) {
                    let Stored(value) = map.next_value()?;
                    self.columns.extend(value.map(|value| (name, value)));
                } else {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }

    /// The text column that a property is, or of which it holds a text too long for the index.
    fn column(&mut self, property: &str) -> Option<&mut Text> {
        let place = |name: &str| COLUMN_NAMES.iter().position(|column| *column == name);
        let long =
            || property.strip_suffix("_long").filter(|_| names::column_of(property).is_none());
        let place = place(property).or_else(|| place(long()?))?;
        self.texts.get_mut(place)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for StoredNode<'a> {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = StoredNode<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a node's properties")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut node = StoredNode::default();
        while let Some(property) = map.next_key::<&str>()? {
            node.take(property, &mut map)?;
        }
        Ok(node)
    }
}

/// An id as the server holds it.
pub(super) fn stored_id(text: &str) -> Try<ResourceId> {
    ResourceId::from_stored(text).map_err(|error| foreign(&format!("the id {text:?}"), error))
}

#[cfg(test)]
mod tests {
    use atg_core::labels;

    use super::LabelSets;

    #[test]
    fn equal_label_sets_are_shared_and_the_base_label_counts_only_for_resources() {
        let mut sets = LabelSets::default();
        let one = sets.get(&["vm", "Resource"], true);
        assert_eq!(one, labels(["Resource", "vm"]));
        assert!(std::sync::Arc::ptr_eq(&one, &sets.get(&["vm", "Resource"], true)));
        assert_eq!(sets.get(&["vm", "Resource"], false), labels(["vm"]));
        assert_eq!(sets.get(&["Resource"], false), labels([""; 0]));
    }
}
