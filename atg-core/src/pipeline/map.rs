//! Resource → node, the relationships its record names, and the shared nodes they point at.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use serde_json::Value as Json;

use crate::{
    Labels, NamedBy, Node, RESOURCE_LABEL, Relationship, RelationshipSet, Resource, ResourceId,
    Text, UNRESOLVED_LABEL, labels, type_label,
};

/// Which nodes are made beside the resources themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MapOptions {
    /// A node for each region and a `LOCATED_IN` relationship for each resource; default true.
    pub locations: bool,
    /// A node for each tag (name and value) and `TAGGED` relationships; default true.
    pub tags: bool,
}

impl Default for MapOptions {
    fn default() -> Self {
        Self { locations: true, tags: true }
    }
}

/// What one resource becomes.
#[derive(Debug, Clone)]
pub struct Mapped {
    /// Its node.
    pub node: Node,
    /// Everything its record names.
    pub relationships: RelationshipSet,
}

/// Turns resources into graph rows; one for each reading task.
///
/// Containment comes from the id: the parent `CONTAINS` the resource, named by the resource.
/// Declared references become relationships of their type. The region and each tag become
/// relationships to nodes that all resources share.
#[derive(Debug)]
pub struct Mapper {
    options: MapOptions,
    tenant_id: Text,
    labels: HashMap<Text, Labels, RandomState>,
    locations: HashMap<Text, ResourceId, RandomState>,
    tags: HashMap<Text, ResourceId, RandomState>,
}

/// Bounds the tables of shared ids in a tenant where every resource has a tag of its own.
const MOST_SHARED_IDS: usize = 4_096;

const CONTAINS: Text = Text::from_static("CONTAINS");
const LOCATED_IN: Text = Text::from_static("LOCATED_IN");
const TAGGED: Text = Text::from_static("TAGGED");
const REFERENCES: &str = "REFERENCES";
const PATH: Text = Text::from_static("path");

impl Mapper {
    /// A mapper; `tenant_id` goes to every node whose record does not name its tenant.
    pub fn new(options: MapOptions, tenant_id: Text) -> Self {
        Self {
            options,
            tenant_id,
            labels: HashMap::default(),
            locations: HashMap::default(),
            tags: HashMap::default(),
        }
    }

    /// Maps one resource. About 1 µs and a few allocations.
    pub fn map(&mut self, resource: Resource) -> Mapped {
        let mut relationships = Vec::with_capacity(resource.references.len() + 4);
        if let Some(parent) = resource.id.parent() {
            let mut contains = Relationship::new(parent, CONTAINS, resource.id.clone());
            contains.named_by = NamedBy::Target;
            relationships.push(contains);
        }
        add_references(&resource, &mut relationships);
        let location = self.add_location(&resource, &mut relationships);
        self.add_tags(&resource, &mut relationships);
        let node = self.node(resource, location);
        let relationships = RelationshipSet::complete(node.id.clone(), relationships);
        Mapped { node, relationships }
    }

    /// Returns the canonical name of the region.
    fn add_location(&mut self, resource: &Resource, out: &mut Vec<Relationship>) -> Text {
        if resource.location.is_empty() {
            return Text::new();
        }
        let id = remembered(&mut self.locations, &resource.location, |spelled| {
            ResourceId::named("location", &canonical_location(spelled))
        });
        let name = id.spelled().slice_ref(id.name());
        if self.options.locations {
            out.push(Relationship::new(resource.id.clone(), LOCATED_IN, id));
        }
        name
    }

    fn add_tags(&mut self, resource: &Resource, out: &mut Vec<Relationship>) {
        if !self.options.tags || resource.tags.is_empty() {
            return;
        }
        // A source may hand over anything as tags; what is no object has no tags.
        let Ok(Json::Object(tags)) = serde_json::from_str(&resource.tags) else {
            return;
        };
        for (name, value) in tags {
            let text = match value {
                Json::String(value) => format!("{name}={value}"),
                Json::Null => format!("{name}="),
                other => format!("{name}={other}"),
            };
            let id = remembered(&mut self.tags, &text, |text| ResourceId::named("tag", text));
            out.push(Relationship::new(resource.id.clone(), TAGGED, id));
        }
    }

    fn node(&mut self, resource: Resource, location: Text) -> Node {
        let labels = remembered(&mut self.labels, &resource.resource_type, resource_labels);
        let slice = |part: Option<&str>| {
            part.map_or_else(Text::new, |part| resource.id.spelled().slice_ref(part))
        };
        let parts = resource.id.parts();
        Node {
            labels,
            resource_group: slice(parts.resource_group),
            subscription_id: slice(parts.subscription),
            tenant_id: if resource.tenant_id.is_empty() {
                self.tenant_id.clone()
            } else {
                resource.tenant_id
            },
            resource_type: resource.resource_type,
            name: resource.name,
            location,
            kind: resource.kind,
            sku: resource.sku,
            provisioning_state: resource.provisioning_state,
            tags: resource.tags,
            properties: resource.properties,
            additional: resource.additional,
            synthetic: false,
            scale_operation_id: Text::new(),
            template_source_id: Text::new(),
            columns: Vec::new(),
            id: resource.id,
        }
    }
}

fn add_references(resource: &Resource, relationships: &mut Vec<Relationship>) {
    let mut seen =
        HashSet::with_capacity_and_hasher(resource.references.len(), RandomState::default());
    for reference in &resource.references {
        let repeated = !seen.insert((reference.relation.as_str(), reference.target.key().as_str()));
        if repeated || reference.target == resource.id {
            continue;
        }
        let mut one = Relationship::new(
            resource.id.clone(),
            reference.relation.clone(),
            reference.target.clone(),
        );
        // A rule's path is known from the rule; only a found one says something new.
        if reference.relation == REFERENCES && !reference.path.is_empty() {
            one.properties.push((PATH, reference.path.clone().into()));
        }
        relationships.push(one);
    }
}

/// The node for something that a relationship points at and that is no ARM resource: a region,
/// a tag, a principal, a host. `None` for ARM ids.
pub fn shared_node(id: &ResourceId) -> Option<Node> {
    if id.is_arm() {
        return None;
    }
    let mut kind = id.resource_type();
    if let Some(first) = kind.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    Some(Node::new(id.clone(), labels([RESOURCE_LABEL.into(), Text::from(kind)])))
}

/// The node for something that a record refers to and that no scope has delivered.
pub fn unresolved_node(id: &ResourceId) -> Node {
    if let Some(node) = shared_node(id) {
        return node;
    }
    let names = [RESOURCE_LABEL.into(), UNRESOLVED_LABEL.into(), type_label(&id.resource_type())];
    // Which of the references came first, and so whose spelling, is chance.
    Node::new(id.canonical(), labels::<_, Text>(names))
}

/// A region's canonical name: `West Europe` and `westeurope` are one.
fn canonical_location(spelled: &str) -> String {
    spelled.chars().filter(|c| !c.is_whitespace()).map(|c| c.to_ascii_lowercase()).collect()
}

fn resource_labels(resource_type: &str) -> Labels {
    labels::<_, Text>([RESOURCE_LABEL.into(), type_label(resource_type)])
}

/// What `make` gives for a text, made once while there is room in the table.
fn remembered<V: Clone>(
    table: &mut HashMap<Text, V, RandomState>,
    text: &str,
    make: impl FnOnce(&str) -> V,
) -> V {
    if let Some(value) = table.get(text) {
        return value.clone();
    }
    if table.len() >= MOST_SHARED_IDS {
        table.clear();
    }
    let value = make(text);
    table.insert(text.into(), value.clone());
    value
}

#[cfg(test)]
mod tests {
    use super::{MapOptions, Mapper, shared_node, unresolved_node};
    use crate::{NamedBy, Resource, ResourceId, Text};

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    fn resource() -> Resource {
        let mut resource =
            Resource::new(id("/subscriptions/S/resourceGroups/G/providers/Microsoft.Web/sites/a"));
        resource.location = "West Europe".into();
        resource.tags = r#"{"env":"Prod","n":1}"#.into();
        resource
            .with_reference("RUNS_ON", id("/subscriptions/S/resourceGroups/G/providers/A.B/c/d"))
            .with_reference("RUNS_ON", id("/subscriptions/s/resourcegroups/g/providers/a.b/c/D"))
    }

    #[test]
    fn a_record_names_parent_references_region_and_tags_once() {
        let mapped = Mapper::new(MapOptions::default(), "T".into()).map(resource());
        let found: Vec<_> = mapped
            .relationships
            .relationships
            .iter()
            .map(|one| (one.relation.as_str(), one.target.name(), one.named_by))
            .collect();
        assert_eq!(
            found,
            [
                ("CONTAINS", "a", NamedBy::Target),
                ("RUNS_ON", "d", NamedBy::Source),
                ("LOCATED_IN", "westeurope", NamedBy::Source),
                ("TAGGED", "env=Prod", NamedBy::Source),
                ("TAGGED", "n=1", NamedBy::Source),
            ]
        );
        assert_eq!(mapped.node.location, "westeurope");
        assert_eq!(mapped.node.tenant_id, "T");
        assert_eq!(&*mapped.node.labels, [Text::from("Resource"), "web_sites".into()]);
    }

    #[test]
    fn regions_and_tags_can_be_left_out() {
        let options = MapOptions { locations: false, tags: false };
        let mapped = Mapper::new(options, Text::new()).map(resource());
        assert_eq!(mapped.relationships.relationships.len(), 2);
        assert_eq!(mapped.node.location, "westeurope");
    }

    #[test]
    fn placeholders_say_what_they_are() {
        let subnet = unresolved_node(&id(
            "/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/v/subnets/s",
        ));
        assert!(subnet.labels.contains(&Text::from("Unresolved")));
        assert_eq!(subnet.resource_type, "microsoft.network/virtualnetworks/subnets");
        let tag = shared_node(&ResourceId::named("tag", "a=B")).unwrap();
        assert_eq!(&*tag.labels, [Text::from("Resource"), "Tag".into()]);
        assert_eq!(tag.name, "a=B");
    }
}
