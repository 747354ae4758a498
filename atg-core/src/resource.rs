//! [`Resource`]: one record as a source read it.

use serde::{Deserialize, Serialize};

use crate::{ResourceId, Text};

/// One resource as a source read it: its common columns, its body, and what it refers to.
///
/// Every text is a slice of the page it came in. Absent columns are empty texts. The pipeline
/// turns a resource into a [`Node`](crate::Node) and its
/// [`RelationshipSet`](crate::RelationshipSet).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Resource {
    /// The id: spelling and canonical key.
    pub id: ResourceId,
    /// The canonical type, lower case: `microsoft.compute/virtualmachines`.
    pub resource_type: Text,
    /// The name as the record has it; else the id's last name.
    pub name: Text,
    /// The region as the record spells it: `westeurope`, `West Europe`, `global`.
    pub location: Text,
    /// The kind, where the type has kinds: `StorageV2`, `functionapp,linux`.
    pub kind: Text,
    /// The SKU's name; its raw JSON where it has none.
    pub sku: Text,
    /// The tenant, where the record names it.
    pub tenant_id: Text,
    /// `Succeeded`, `Failed`, `Updating`, …
    pub provisioning_state: Text,
    /// The tags as one JSON object, compact; empty where there are none.
    pub tags: Text,
    /// The `properties` member as JSON, compact; empty where the record has none.
    pub properties: Text,
    /// Every other member of the record (`identity`, `zones`, `plan`, `etag`, …) as one JSON
    /// object, compact; empty where there is none. Nothing that was read is lost.
    pub additional: Text,
    /// What the record refers to, in the record's order; may repeat.
    pub references: Vec<Reference>,
}

impl Resource {
    /// A resource with an id and nothing else; its type and name come from the id.
    pub fn new(id: ResourceId) -> Self {
        Self {
            resource_type: id.resource_type().into(),
            name: id.spelled().slice_ref(id.name()),
            id,
            location: Text::new(),
            kind: Text::new(),
            sku: Text::new(),
            tenant_id: Text::new(),
            provisioning_state: Text::new(),
            tags: Text::new(),
            properties: Text::new(),
            additional: Text::new(),
            references: Vec::new(),
        }
    }

    /// The same resource with a body.
    #[must_use]
    pub fn with_properties(mut self, json: impl Into<Text>) -> Self {
        self.properties = json.into();
        self
    }

    /// The same resource with one more reference.
    #[must_use]
    pub fn with_reference(mut self, relation: impl Into<Text>, target: ResourceId) -> Self {
        self.references.push(Reference { relation: relation.into(), target, path: Text::new() });
        self
    }

    /// About how many bytes of text the resource holds; what the pipeline's bound on bytes counts.
    pub fn size(&self) -> usize {
        self.id.as_str().len()
            + self.tags.len()
            + self.properties.len()
            + self.additional.len()
            + std::mem::size_of::<Self>()
            + self.references.len() * std::mem::size_of::<Reference>()
    }
}

/// A reference from one record to another node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reference {
    /// The relationship's type in the field's upper snake case: `IN_SUBNET`.
    pub relation: Text,
    /// What is referred to.
    pub target: ResourceId,
    /// Where in the record the reference stands: `properties.ipConfigurations[].id`; may be
    /// empty. Kept on the relationship as the property `path`.
    pub path: Text,
}
