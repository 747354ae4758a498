//! Stencils: what a copy takes over from the template, with holes for its own subscriptions.
//!
//! A text is searched once, however many copies are made of it; a text without holes is shared
//! by all copies.

use atg_core::{Node, Relationship, ResourceId, Result, Text, Value};

use super::template::{Home, Template};

/// A place in a text where a subscription's id stands.
#[derive(Debug)]
struct Hole {
    start: usize,
    end: usize,
    subscription: usize,
}

/// A text with its holes.
#[derive(Debug)]
struct Stencil {
    text: Text,
    holes: Vec<Hole>,
}

impl Stencil {
    /// The text with a hole at every reference.
    fn of_references(text: &Text, template: &Template) -> Self {
        Self { text: text.clone(), holes: holes(text, template) }
    }

    /// The text with one hole, where it is a subscription's id and nothing else.
    fn of_whole(text: &Text, template: &Template) -> Self {
        let hole = |subscription| Hole { start: 0, end: text.len(), subscription };
        let holes = template.subscriptions.number(text).map(hole).into_iter().collect();
        Self { text: text.clone(), holes }
    }

    fn fill(&self, ids: &[String]) -> Text {
        fill(&self.text, &self.holes, ids)
    }
}

fn holes(text: &str, template: &Template) -> Vec<Hole> {
    let hole = |(place, subscription): (std::ops::Range<usize>, usize)| Hole {
        start: place.start,
        end: place.end,
        subscription,
    };
    template.references(text).map(hole).collect()
}

fn fill(text: &Text, holes: &[Hole], ids: &[String]) -> Text {
    if holes.is_empty() {
        return text.clone();
    }
    let id = |hole: &Hole| ids.get(hole.subscription).map_or("", String::as_str);
    let removed: usize = holes.iter().map(|hole| hole.end - hole.start).sum();
    let added: usize = holes.iter().map(|hole| id(hole).len()).sum();
    let mut filled = String::with_capacity(text.len() - removed + added);
    let mut done = 0;
    for hole in holes {
        filled.push_str(text.get(done..hole.start).unwrap_or_default());
        filled.push_str(id(hole));
        done = hole.end;
    }
    filled.push_str(text.get(done..).unwrap_or_default());
    filled.into()
}

/// An id with its holes; a shared node's has none.
#[derive(Debug)]
pub(super) struct IdStencil {
    id: ResourceId,
    holes: Vec<Hole>,
}

impl IdStencil {
    fn new(id: &ResourceId, template: &Template) -> Self {
        let copied = template.home(id) == Home::Template;
        let holes = if copied { holes(id.key(), template) } else { Vec::new() };
        Self { id: id.clone(), holes }
    }

    fn is_copied(&self) -> bool {
        !self.holes.is_empty()
    }

    fn fill(&self, ids: &[String]) -> Result<ResourceId> {
        if self.holes.is_empty() {
            return Ok(self.id.clone());
        }
        // The key is the spelling in lower case: the same holes.
        let key = fill(self.id.key(), &self.holes, ids);
        let spelled = if self.id.spelled() == self.id.key() {
            key.clone()
        } else {
            fill(self.id.spelled(), &self.holes, ids)
        };
        ResourceId::from_parts(spelled, key)
    }
}

/// Named values that may refer to subscriptions. They are few and short, so they are searched
/// anew for each copy where any has a hole.
#[derive(Debug)]
struct ValuesStencil {
    values: Vec<(Text, Value)>,
    has_holes: bool,
}

impl ValuesStencil {
    fn new(values: &[(Text, Value)], template: &Template) -> Self {
        let has_holes = values.iter().any(|(_, value)| refers(value, template));
        Self { values: values.to_vec(), has_holes }
    }

    fn fill(&self, template: &Template, ids: &[String]) -> Vec<(Text, Value)> {
        if !self.has_holes {
            return self.values.clone();
        }
        let rewritten = |(name, value): &(Text, Value)| (name.clone(), refer(value, template, ids));
        self.values.iter().map(rewritten).collect()
    }
}

fn refers(value: &Value, template: &Template) -> bool {
    match value {
        Value::Text(text) => template.references(text).next().is_some(),
        Value::List(items) => items.iter().any(|item| refers(item, template)),
        _ => false,
    }
}

fn refer(value: &Value, template: &Template, ids: &[String]) -> Value {
    match value {
        Value::Text(text) => Value::Text(Stencil::of_references(text, template).fill(ids)),
        Value::List(items) => {
            Value::List(items.iter().map(|item| refer(item, template, ids)).collect())
        }
        other => other.clone(),
    }
}

/// A node of the template.
#[derive(Debug)]
pub(super) struct NodeStencil {
    node: Node,
    id: IdStencil,
    subscription_id: Stencil,
    name: Stencil,
    tags: Stencil,
    properties: Stencil,
    additional: Stencil,
    sku: Stencil,
    columns: ValuesStencil,
}

impl NodeStencil {
    /// The stencil of a node, where it is copied.
    pub(super) fn new(node: Node, template: &Template) -> Option<Self> {
        let id = IdStencil::new(&node.id, template);
        let references = |text: &Text| Stencil::of_references(text, template);
        id.is_copied().then(|| Self {
            id,
            subscription_id: Stencil::of_whole(&node.subscription_id, template),
            name: Stencil::of_whole(&node.name, template),
            tags: references(&node.tags),
            properties: references(&node.properties),
            additional: references(&node.additional),
            sku: references(&node.sku),
            columns: ValuesStencil::new(&node.columns, template),
            node,
        })
    }

    /// The copy whose subscriptions are called `ids`.
    pub(super) fn fill(
        &self,
        template: &Template,
        operation: &Text,
        ids: &[String],
    ) -> Result<Node> {
        Ok(Node {
            id: self.id.fill(ids)?,
            subscription_id: self.subscription_id.fill(ids),
            name: self.name.fill(ids),
            tags: self.tags.fill(ids),
            properties: self.properties.fill(ids),
            additional: self.additional.fill(ids),
            sku: self.sku.fill(ids),
            columns: self.columns.fill(template, ids),
            synthetic: true,
            scale_operation_id: operation.clone(),
            template_source_id: self.node.id.key().clone(),
            ..self.node.clone()
        })
    }

    /// About how many bytes a copy holds.
    pub(super) fn size(&self) -> usize {
        self.node.size()
    }
}

/// A relationship of the template.
#[derive(Debug)]
pub(super) struct RelationshipStencil {
    relationship: Relationship,
    source: IdStencil,
    target: IdStencil,
    properties: ValuesStencil,
}

impl RelationshipStencil {
    /// The stencil of a relationship, where it is copied: one end at least is, and no end lives
    /// in another copy.
    pub(super) fn new(relationship: Relationship, template: &Template) -> Option<Self> {
        if !is_template_relationship(&relationship, template) {
            return None;
        }
        Some(Self {
            source: IdStencil::new(&relationship.source, template),
            target: IdStencil::new(&relationship.target, template),
            properties: ValuesStencil::new(&relationship.properties, template),
            relationship,
        })
    }

    /// The copy whose subscriptions are called `ids`.
    pub(super) fn fill(&self, template: &Template, ids: &[String]) -> Result<Relationship> {
        Ok(Relationship {
            source: self.source.fill(ids)?,
            relation: self.relationship.relation.clone(),
            target: self.target.fill(ids)?,
            named_by: self.relationship.named_by,
            properties: self.properties.fill(template, ids),
        })
    }

    /// The end of a copy of it that is copied: what it is written under, so that no shared node
    /// is touched.
    pub(super) fn owner<'r>(&self, copy: &'r Relationship) -> &'r ResourceId {
        if self.source.is_copied() { &copy.source } else { &copy.target }
    }

    /// About how many bytes a copy holds.
    pub(super) fn size(&self) -> usize {
        self.relationship.size()
    }
}

/// Whether a relationship is a part of the template.
pub(super) fn is_template_relationship(relationship: &Relationship, template: &Template) -> bool {
    let homes = [template.home(&relationship.source), template.home(&relationship.target)];
    homes.contains(&Home::Template) && !homes.contains(&Home::Elsewhere)
}
