//! Stencils: what a copy takes over from the template, with holes for its own subscriptions.
//!
//! A text is searched once, however many copies are made of it; a text without holes is shared
//! by all copies.

use atg_core::{NamedBy, Node, Relationship, ResourceId, Result, Text, Value};

use super::filler::{Filler, Hole, holes};
use super::template::{Home, Template};

/// A text with its holes.
#[derive(Debug)]
struct Stencil {
    text: Text,
    holes: Vec<Hole>,
}

impl Stencil {
    /// The text with a hole at every reference.
    fn of_references(text: Text, template: &Template) -> Self {
        Self { holes: holes(&text, template), text }
    }

    /// The text with one hole, where it is a subscription's id and nothing else.
    fn of_whole(text: Text, template: &Template) -> Self {
        let hole = |subscription| Hole { place: 0..text.len(), subscription };
        let holes = template.subscriptions.number(&text).map(hole).into_iter().collect();
        Self { text, holes }
    }

    fn fill(&self, filler: &mut Filler<'_>) -> Result<Text> {
        filler.fill(&self.text, &self.holes)
    }
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

    fn fill(&self, filler: &mut Filler<'_>) -> Result<ResourceId> {
        if self.holes.is_empty() {
            return Ok(self.id.clone());
        }
        // The key is the spelling in lower case: the same holes.
        let key = filler.fill(self.id.key(), &self.holes)?;
        let spelled = if self.id.spelled() == self.id.key() {
            key.clone()
        } else {
            filler.fill(self.id.spelled(), &self.holes)?
        };
        ResourceId::from_parts(spelled, key)
    }

    fn fill_source(&self, filler: &mut Filler<'_>) -> Result<ResourceId> {
        if let Some((source, copy)) = &filler.last_source
            && source == self.id.key()
        {
            return Ok(copy.clone());
        }
        let copy = self.fill(filler)?;
        filler.last_source = Some((self.id.key().clone(), copy.clone()));
        Ok(copy)
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
    fn new(values: Vec<(Text, Value)>, template: &Template) -> Self {
        let has_holes = values.iter().any(|(_, value)| refers(value, template));
        Self { values, has_holes }
    }

    fn fill(&self, filler: &mut Filler<'_>) -> Result<Vec<(Text, Value)>> {
        if !self.has_holes {
            return Ok(self.values.clone());
        }
        let rewritten = |(name, value): &(Text, Value)| Ok((name.clone(), refer(value, filler)?));
        self.values.iter().map(rewritten).collect()
    }
}

/// Whether a value refers to a subscription of the template.
pub(super) fn refers(value: &Value, template: &Template) -> bool {
    match value {
        Value::Text(text) => template.references(text).next().is_some(),
        Value::List(items) => items.iter().any(|item| refers(item, template)),
        _ => false,
    }
}

fn refer(value: &Value, filler: &mut Filler<'_>) -> Result<Value> {
    Ok(match value {
        Value::Text(text) => {
            Value::Text(Stencil::of_references(text.clone(), filler.template).fill(filler)?)
        }
        Value::List(items) => {
            Value::List(items.iter().map(|item| refer(item, filler)).collect::<Result<_>>()?)
        }
        other => other.clone(),
    })
}

/// A node of the template.
#[derive(Debug)]
pub(super) struct NodeStencil {
    /// What every copy has just so; what has holes is taken out of it.
    node: Node,
    size: usize,
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
    pub(super) fn new(mut node: Node, template: &Template) -> Option<Self> {
        let id = IdStencil::new(&node.id, template);
        if !id.is_copied() {
            return None;
        }
        let size = node.size();
        let whole = |text: &mut Text| Stencil::of_whole(std::mem::take(text), template);
        let references = |text: &mut Text| Stencil::of_references(std::mem::take(text), template);
        Some(Self {
            id,
            size,
            subscription_id: whole(&mut node.subscription_id),
            name: whole(&mut node.name),
            tags: references(&mut node.tags),
            properties: references(&mut node.properties),
            additional: references(&mut node.additional),
            sku: references(&mut node.sku),
            columns: ValuesStencil::new(std::mem::take(&mut node.columns), template),
            node,
        })
    }

    /// One copy.
    pub(super) fn fill(&self, filler: &mut Filler<'_>) -> Result<Node> {
        Ok(Node {
            id: self.id.fill(filler)?,
            subscription_id: self.subscription_id.fill(filler)?,
            name: self.name.fill(filler)?,
            tags: self.tags.fill(filler)?,
            properties: self.properties.fill(filler)?,
            additional: self.additional.fill(filler)?,
            sku: self.sku.fill(filler)?,
            columns: self.columns.fill(filler)?,
            synthetic: true,
            scale_operation_id: filler.operation.clone(),
            template_source_id: self.id.id.key().clone(),
            ..self.node.clone()
        })
    }

    /// About how many bytes a copy holds.
    pub(super) fn size(&self) -> usize {
        self.size
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
    pub(super) fn new(mut relationship: Relationship, template: &Template) -> Option<Self> {
        if !is_template_relationship(&relationship, template) {
            return None;
        }
        relationship.named_by = copied_claims(&relationship, template);
        Some(Self {
            source: IdStencil::new(&relationship.source, template),
            target: IdStencil::new(&relationship.target, template),
            properties: ValuesStencil::new(std::mem::take(&mut relationship.properties), template),
            relationship,
        })
    }

    /// One copy.
    pub(super) fn fill(&self, filler: &mut Filler<'_>) -> Result<Relationship> {
        Ok(Relationship {
            source: self.source.fill_source(filler)?,
            relation: self.relationship.relation.clone(),
            target: self.target.fill(filler)?,
            named_by: self.relationship.named_by,
            properties: self.properties.fill(filler)?,
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

/// The claims that a copy of a relationship has: where one end is shared, the copied end's alone,
/// or reading the shared end's record again, which names no copy, would withdraw the copies'.
pub(super) fn copied_claims(relationship: &Relationship, template: &Template) -> NamedBy {
    let copied = |id| template.home(id) == Home::Template;
    match (copied(&relationship.source), copied(&relationship.target)) {
        (true, false) => NamedBy::Source,
        (false, true) => NamedBy::Target,
        _ => relationship.named_by,
    }
}

/// Whether a relationship is a part of the template.
pub(super) fn is_template_relationship(relationship: &Relationship, template: &Template) -> bool {
    let homes = [template.home(&relationship.source), template.home(&relationship.target)];
    homes.contains(&Home::Template) && !homes.contains(&Home::Elsewhere)
}
