//! [`Node`]: one node of the property graph, ready for a sink.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::value::{columns_size, detached_columns, update_columns, update_text};
use crate::{ResourceId, Text, Value};

/// The label every node has that stands for something in Azure.
pub const RESOURCE_LABEL: &str = "Resource";

/// The label of a node that a record referred to and that no scope has delivered.
pub const UNRESOLVED_LABEL: &str = "Unresolved";

/// The labels of a node, sorted and without repetition; cheap to clone, for thousands of nodes
/// share one set.
pub type Labels = Arc<[Text]>;

/// Makes a label set: sorted, without repetition.
pub fn labels<I: IntoIterator<Item = T>, T: Into<Text>>(names: I) -> Labels {
    let mut names: Vec<Text> = names.into_iter().map(Into::into).collect();
    names.sort_unstable();
    names.dedup();
    names.into()
}

/// The label made from a canonical type: `microsoft.compute/virtualmachines` becomes
/// `compute_virtualmachines`; another vendor's namespace is kept whole. Only lower-case letters,
/// digits and `_` come out, whatever goes in.
pub fn type_label(resource_type: &str) -> Text {
    let lower = resource_type.to_ascii_lowercase();
    let text = lower.strip_prefix("microsoft.").unwrap_or(&lower);
    let label: String =
        text.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if label.starts_with(|c: char| c.is_ascii_alphabetic()) {
        label.into()
    } else {
        format!("type_{label}").into()
    }
}

/// One node: its key, labels, the family's common columns, and the full body as JSON.
///
/// Absent columns are empty texts; a store keeps them as null.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Node {
    /// The id as spelled and the canonical key, which is what identifies the node.
    pub id: ResourceId,
    /// Labels: [`RESOURCE_LABEL`] and one made from the type, at least.
    pub labels: Labels,
    /// The canonical type, lower case.
    pub resource_type: Text,
    /// The name.
    pub name: Text,
    /// The region's canonical name, lower case without blanks: `westeurope`.
    pub location: Text,
    /// The resource group's name, from the id.
    pub resource_group: Text,
    /// The subscription's id, from the id.
    pub subscription_id: Text,
    /// The tenant's id.
    pub tenant_id: Text,
    /// The kind.
    pub kind: Text,
    /// The SKU's name.
    pub sku: Text,
    /// `Succeeded`, `Failed`, …
    pub provisioning_state: Text,
    /// The tags as a JSON object.
    pub tags: Text,
    /// The body as JSON.
    pub properties: Text,
    /// All other members of the record as a JSON object.
    pub additional: Text,
    /// Whether a scale-up made the node; false for what was read.
    pub synthetic: bool,
    /// The scale-up that made the node.
    pub scale_operation_id: Text,
    /// The key of the node this one was copied from.
    pub template_source_id: Text,
    /// Further columns of the caller's own, by name; names distinct.
    pub columns: Vec<(Text, Value)>,
}

impl Node {
    /// A node with an id and labels and otherwise empty; type, name, group and subscription come
    /// from the id.
    pub fn new(id: ResourceId, labels: Labels) -> Self {
        let slice = |part: Option<&str>| part.map_or_else(Text::new, |p| id.spelled().slice_ref(p));
        let parts = id.parts();
        Self {
            resource_type: id.resource_type().into(),
            name: slice(Some(id.name())),
            resource_group: slice(parts.resource_group),
            subscription_id: slice(parts.subscription),
            labels,
            location: Text::new(),
            tenant_id: Text::new(),
            kind: Text::new(),
            sku: Text::new(),
            provisioning_state: Text::new(),
            tags: Text::new(),
            properties: Text::new(),
            additional: Text::new(),
            synthetic: false,
            scale_operation_id: Text::new(),
            template_source_id: Text::new(),
            columns: Vec::new(),
            id,
        }
    }

    /// The text columns with their names, in the one order every sink uses; `id` is not among
    /// them.
    pub fn text_columns(&self) -> [(&'static str, &Text); 14] {
        [
            ("type", &self.resource_type),
            ("name", &self.name),
            ("location", &self.location),
            ("resource_group", &self.resource_group),
            ("subscription_id", &self.subscription_id),
            ("tenant_id", &self.tenant_id),
            ("kind", &self.kind),
            ("sku", &self.sku),
            ("provisioning_state", &self.provisioning_state),
            ("tags", &self.tags),
            ("properties", &self.properties),
            ("additional", &self.additional),
            ("scale_operation_id", &self.scale_operation_id),
            ("template_source_id", &self.template_source_id),
        ]
    }

    /// A 64-bit hash (XXH3) of everything the node holds, its spelling and labels included;
    /// never 0. Equal nodes have equal hashes on every machine and in every run.
    pub fn content_hash(&self) -> u64 {
        let mut state = Xxh3::new();
        update_text(&mut state, self.id.as_str());
        for label in self.labels.iter() {
            update_text(&mut state, label);
        }
        for (_, text) in self.text_columns() {
            update_text(&mut state, text);
        }
        state.update(&[u8::from(self.synthetic)]);
        update_columns(&mut state, &self.columns);
        state.digest().max(1)
    }

    /// About how many bytes of text the node holds.
    pub fn size(&self) -> usize {
        let text: usize = self.text_columns().iter().map(|(_, text)| text.len()).sum();
        text + self.id.as_str().len() + columns_size(&self.columns) + size_of::<Self>()
    }

    /// Why no store takes this node, if so: a custom column no store can hold.
    pub fn problem(&self) -> Option<String> {
        self.columns.iter().find_map(|(name, value)| {
            value.problem().map(|problem| format!("column {name:?} holds {problem}"))
        })
    }

    /// A copy with buffers of its own; see [`Text::detached`].
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            id: self.id.detached(),
            labels: self.labels.clone(),
            resource_type: self.resource_type.detached(),
            name: self.name.detached(),
            location: self.location.detached(),
            resource_group: self.resource_group.detached(),
            subscription_id: self.subscription_id.detached(),
            tenant_id: self.tenant_id.detached(),
            kind: self.kind.detached(),
            sku: self.sku.detached(),
            provisioning_state: self.provisioning_state.detached(),
            tags: self.tags.detached(),
            properties: self.properties.detached(),
            additional: self.additional.detached(),
            synthetic: self.synthetic,
            scale_operation_id: self.scale_operation_id.detached(),
            template_source_id: self.template_source_id.detached(),
            columns: detached_columns(&self.columns),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Node, labels, type_label};
    use crate::ResourceId;

    fn node() -> Node {
        let id = ResourceId::parse("/subscriptions/S/resourceGroups/G/providers/A.B/c/d").unwrap();
        Node::new(id, labels(["Resource", "a_b_c"]))
    }

    #[test]
    fn the_hash_sees_every_column() {
        let base = node().content_hash();
        assert_eq!(base, node().content_hash());
        let mut other = node();
        other.properties = "{}".into();
        assert_ne!(base, other.content_hash());
        let mut moved = node();
        moved.kind = "x".into();
        let mut beside = node();
        beside.sku = "x".into();
        assert_ne!(moved.content_hash(), beside.content_hash());
        let mut custom = node();
        custom.columns.push(("x".into(), 1.into()));
        assert_ne!(base, custom.content_hash());
    }

    #[test]
    fn labels_come_from_types_and_are_safe() {
        assert_eq!(type_label("Microsoft.Sql/servers/databases"), "sql_servers_databases");
        assert_eq!(type_label("datadog.x/y`z"), "datadog_x_y_z");
        assert_eq!(type_label("1/ß"), "type_1__");
    }
}
