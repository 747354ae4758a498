//! [`Origins`]: what the copies were copied from.

use atg_core::{Node, Relationship, ResourceId};

use super::stencil::{copied_claims, is_template_relationship};
use super::subscriptions::CopiedSubscriptions;
use super::template::{Home, Template, subscription_of};

/// Leads from the copies of one operation back to its template.
#[derive(Debug)]
pub(super) struct Origins<'a> {
    template: &'a Template,
    copied: CopiedSubscriptions,
}

/// What a relationship is to an operation.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// A part of the template: what its copies look like, as the template spells it.
    Template(Shown),
    /// A part of one copy, as the template spells it.
    Copy(u64, Shown),
    /// It touches a copy, and has no place there.
    Astray,
    /// None of these.
    Other,
}

/// A relationship as a text, and its claims.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) identity: String,
    pub(super) claims: u8,
}

impl<'a> Origins<'a> {
    pub(super) fn new(template: &'a Template, operation: &str, copies: u64) -> Self {
        let subscriptions = &template.subscriptions;
        Self { template, copied: CopiedSubscriptions::of(subscriptions, operation, copies) }
    }

    /// The copy an id belongs to, and the key it was copied from.
    pub(super) fn of_id(&self, id: &ResourceId) -> Option<(u64, String)> {
        let key = id.key();
        let (copy, _) = self.copied.owner(subscription_of(id)?)?;
        let mut origin = String::with_capacity(key.len());
        let mut done = 0;
        for (place, (_, number)) in
            self.template.references_to(key, |found| self.copied.owner(found))
        {
            origin.push_str(key.get(done..place.start)?);
            origin.push_str(self.template.subscriptions.name(number)?);
            done = place.end;
        }
        origin.push_str(key.get(done..)?);
        Some((copy, origin))
    }

    /// The same for a node; `None` also where the node itself names another origin.
    pub(super) fn of_node(&self, node: &Node) -> Option<(u64, String)> {
        self.of_id(&node.id).filter(|(_, origin)| *node.template_source_id == **origin)
    }

    /// What a relationship is a part of.
    pub(super) fn part(&self, one: &Relationship) -> Part {
        let copy = match (self.of_id(&one.source), self.of_id(&one.target)) {
            (None, None) => {
                return if is_template_relationship(one, self.template) {
                    let claims = copied_claims(one, self.template).bits();
                    Part::Template(shown(one.source.key(), one, one.target.key(), claims))
                } else {
                    Part::Other
                };
            }
            (Some((copy, source)), None) => {
                self.shared(&one.target).map(|target| (copy, source, target))
            }
            (None, Some((copy, target))) => {
                self.shared(&one.source).map(|source| (copy, source, target))
            }
            (Some((copy, source)), Some((other, target))) => {
                (copy == other).then_some((copy, source, target))
            }
        };
        copy.map_or(Part::Astray, |(copy, source, target)| {
            Part::Copy(copy, shown(&source, one, &target, one.named_by.bits()))
        })
    }

    fn shared(&self, id: &ResourceId) -> Option<String> {
        (self.template.home(id) == Home::Shared).then(|| id.key().to_string())
    }
}

fn shown(source: &str, one: &Relationship, target: &str, claims: u8) -> Shown {
    Shown { identity: format!("{source}\0{}\0{target}", one.relation), claims }
}
