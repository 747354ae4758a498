//! What an item refers to, decided at its end.

use std::collections::hash_map::Entry;
use std::hash::BuildHasher;

use atg_core::Text;

use super::arena::Span;
use super::item::{Item, Pass};
use super::walk::{Candidate, Step, starts_in_subscription};
use crate::rules::{NodeId, Target, TypeKey, host_of, is_guid, without_child};

/// The item itself, as its references see it.
#[derive(Debug)]
pub(super) struct Own {
    pub(super) spelled: Span,
    pub(super) source: TypeKey,
    /// Where the item's references start.
    pub(super) references_from: usize,
}

/// A reference whose target is still a place.
#[derive(Debug)]
pub(super) struct DraftReference {
    pub(super) relation: Text,
    pub(super) spelled: Span,
    pub(super) key: Span,
    pub(super) path: Text,
}

/// Columns that stood inside other members.
#[derive(Debug, Default)]
pub(super) struct Captured {
    pub(super) provisioning_state: Span,
    pub(super) sku_name: Span,
    /// The length of the SKU's name as it stands in the answer.
    pub(super) sku_length: Option<usize>,
    pub(super) name_value: Span,
}

impl Pass<'_, '_> {
    /// Goes through the strings that were noted in the item.
    pub(super) fn references(&mut self, item: &Item, own: &Own) -> Captured {
        self.buffers.seen.clear();
        let mut captured = Captured::default();
        for index in item.candidates_from..self.walker.buffers.candidates.len() {
            let Some(candidate) = self.walker.buffers.candidates.get(index).copied() else { break };
            if !self.capture(&candidate, &mut captured) {
                self.reference(&candidate, own);
            }
        }
        captured
    }

    fn capture(&mut self, candidate: &Candidate, captured: &mut Captured) -> bool {
        let wanted = self.walker.rules.captures();
        let slot = match candidate.node {
            NodeId::NONE => return false,
            node if node == wanted.provisioning_state => &mut captured.provisioning_state,
            node if node == wanted.name_value => &mut captured.name_value,
            node if node == wanted.sku_name => {
                captured.sku_length = Some(candidate.text.end - candidate.text.start);
                &mut captured.sku_name
            }
            _ => return false,
        };
        *slot = self.text.string(candidate.text);
        true
    }

    fn reference(&mut self, candidate: &Candidate, own: &Own) {
        let rules = self.walker.rules;
        let value = self.text.string(candidate.text);
        match rules.find(candidate.node, own.source) {
            Some(rule) => {
                let Some((spelled, key)) = self.target(rule.target, value, own) else { return };
                if self.is_new(&rule.relation, key, own) {
                    let (relation, path) = (rule.relation.clone(), rule.path.clone());
                    let reference = DraftReference { relation, spelled, key, path };
                    self.buffers.references.push(reference);
                }
            }
            None => self.any_reference(candidate, value, own),
        }
    }

    /// The node that a rule's value means; `None` where the value is not of the rule's kind, or
    /// means the item itself.
    fn target(&mut self, target: Target, value: Span, own: &Own) -> Option<(Span, Span)> {
        match target {
            Target::ArmId | Target::Parent => {
                let id = trimmed(self.text.get(value));
                let id = if target == Target::Parent { without_child(id) } else { id };
                if !id.starts_with('/') || id.eq_ignore_ascii_case(self.text.get(own.spelled)) {
                    return None;
                }
                let spelled = value.first(id.len());
                Some((spelled, self.text.lower(spelled)))
            }
            Target::Principal => {
                is_guid(self.text.get(value)).then(|| self.named("principal", value))
            }
            Target::StorageHost => {
                let address = self.text.get(value);
                let host = host_of(address)?;
                let before = address.find("://")? + "://".len();
                let host = value.last(address.len() - before).first(host.len());
                Some(self.named("host", host))
            }
            Target::ResourceGroupName => self.group_named(value, own),
        }
    }

    fn named(&mut self, kind: &str, name: Span) -> (Span, Span) {
        let mark = self.text.mark();
        self.text.append(kind);
        self.text.append(":");
        self.text.append_span(name);
        let key = self.text.lower_since(mark);
        (key, key)
    }

    fn group_named(&mut self, name: Span, own: &Own) -> Option<(Span, Span)> {
        let text = self.text.get(name);
        let id = self.text.get(own.spelled);
        if text.is_empty() || text.contains('/') || !starts_in_subscription(id) {
            return None;
        }
        let subscription = id.match_indices('/').nth(2).map_or(id.len(), |(at, _)| at);
        let mark = self.text.mark();
        self.text.append_span(own.spelled.first(subscription));
        self.text.append("/resourceGroups/");
        self.text.append_span(name);
        let spelled = self.text.since(mark);
        Some((spelled, self.text.lower(spelled)))
    }

    /// A value that no rule names: a reference where it is the id of something in a subscription.
    fn any_reference(&mut self, candidate: &Candidate, value: Span, own: &Own) {
        let id = trimmed(self.text.get(value));
        let own_id = self.text.get(own.spelled);
        if !in_group_or_provider(id) || starts_with_segments(own_id, id) {
            return;
        }
        let relation = if starts_with_segments(id, own_id) { "CONTAINS" } else { "REFERENCES" };
        let spelled = value.first(id.len());
        let key = self.text.lower(spelled);
        if self.is_new(relation, key, own) {
            let path = self.path(candidate);
            self.buffers.references.push(DraftReference {
                relation: Text::from_static(relation),
                spelled,
                key,
                path,
            });
        }
    }

    /// Whether the item has no such reference yet.
    fn is_new(&mut self, relation: &str, key: Span, own: &Own) -> bool {
        let key = self.text.get(key);
        let references = &self.buffers.references;
        let same =
            |known: &DraftReference| known.relation == relation && self.text.get(known.key) == key;
        let hash = self.buffers.seen.hasher().hash_one((relation, key));
        match self.buffers.seen.entry(hash) {
            Entry::Vacant(entry) => {
                entry.insert(references.len());
                true
            }
            // The same hash is nearly always the same reference; else all have to be looked at.
            Entry::Occupied(entry) => {
                let own_references = references.get(own.references_from..).unwrap_or_default();
                !references.get(*entry.get()).is_some_and(same) && !own_references.iter().any(same)
            }
        }
    }

    /// The path of a candidate; a member name that is an id stands as `{key}`.
    fn path(&mut self, candidate: &Candidate) -> Text {
        let path = &mut self.buffers.path;
        path.clear();
        let (start, end) = candidate.steps;
        for step in self.walker.buffers.steps.get(start..end).unwrap_or_default() {
            match step {
                Step::Elements => path.push_str("[]"),
                Step::Member(name) => {
                    if !path.is_empty() {
                        path.push('.');
                    }
                    let name = self.walker.cursor.decoded(*name);
                    path.push_str(if name.starts_with('/') { "{key}" } else { &name });
                }
            }
        }
        self.interned.path(path)
    }
}

/// The id without its trailing slash. With two of them it is no id, and stays none.
pub(super) fn trimmed(id: &str) -> &str {
    id.strip_suffix('/').filter(|rest| !rest.ends_with('/')).unwrap_or(id)
}

/// Whether `id` is `start` or something below it.
fn starts_with_segments(id: &str, start: &str) -> bool {
    let (id, start) = (id.as_bytes(), start.as_bytes());
    matches!(id.get(start.len()), None | Some(b'/'))
        && id.get(..start.len()).is_some_and(|same| same.eq_ignore_ascii_case(start))
}

/// Whether an id names a resource group or a provider in a subscription, or anything below.
fn in_group_or_provider(id: &str) -> bool {
    if !starts_in_subscription(id) {
        return false;
    }
    let mut words = id.as_bytes().split(|byte| *byte == b'/').skip(2);
    let subscription = words.next().unwrap_or_default();
    let container = words.next().unwrap_or_default();
    let known: [&[u8]; 2] = [b"resourceGroups", b"providers"];
    !subscription.is_empty()
        && known.iter().any(|word| word.eq_ignore_ascii_case(container))
        && words.next().is_some_and(|name| !name.is_empty())
}
