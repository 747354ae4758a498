//! The end of an item, and the end of a page: from places in the answer to resources.

use atg_core::{Reference, Resource, ResourceId, Skipped, Text};

use super::Answer;
use super::Shape;
use super::arena::{FrozenText, Span};
use super::envelope::Outcome;
use super::intern::KnownType;
use super::item::{Column, Item, Pass};
use super::kind::{container_type, type_of_id};
use super::references::{Captured, DraftReference, Own, trimmed};
use super::walk::{MAX_DEPTH, Raw};
use crate::service_error::ServiceError;

/// How much of a broken id is shown.
const SHOWN: usize = 200;

/// A resource whose texts are still places.
#[derive(Debug)]
pub(super) struct Draft {
    spelled: Span,
    key: Span,
    resource_type: Text,
    name: Span,
    location: Span,
    kind: Span,
    sku: Span,
    tenant_id: Span,
    provisioning_state: Span,
    tags: Span,
    properties: Span,
    additional: Span,
    references: usize,
}

impl Pass<'_, '_> {
    /// Ends an item: it becomes a draft, or is skipped.
    pub(super) fn finish(&mut self, item: &Item) {
        match self.draft(item) {
            Ok(draft) => self.buffers.drafts.push(draft),
            Err(why) => self.skip(Some(item), &why),
        }
    }

    /// Names an item that is no resource.
    pub(super) fn skip(&mut self, item: Option<&Item>, why: &str) {
        let raw = item.map(|item| item.column(Column::Id)).unwrap_or_default();
        let id = if self.walker.cursor.byte(raw.start) == b'"' {
            self.walker.cursor.decoded(raw.as_string()).chars().take(SHOWN).collect()
        } else {
            String::new()
        };
        let id = if id.is_empty() { format!("items[{}]", self.items) } else { id };
        self.skipped.push(Skipped { id: id.into(), why: why.into() });
    }

    fn draft(&mut self, item: &Item) -> Result<Draft, String> {
        if item.too_deep {
            return Err(format!("it nests deeper than {MAX_DEPTH} levels"));
        }
        let spelled = self.id(item)?;
        let known = self.known_type(item, spelled)?;
        let key = self.text.lower(spelled);
        let references_from = self.buffers.references.len();
        let own = Own { spelled, source: known.key, references_from };
        let captured = self.references(item, &own);
        let sku = item.column(Column::Sku);
        let properties = item.column(Column::Properties);
        let tags = item.column(Column::Tags);
        Ok(Draft {
            spelled,
            key,
            resource_type: known.text,
            name: self.name(item, &captured, spelled),
            location: self.string(item, Column::Location),
            kind: self.string(item, Column::Kind),
            sku: self.sku(sku, &captured),
            tenant_id: self.string(item, Column::TenantId),
            provisioning_state: captured.provisioning_state,
            tags: if tags.compact_length() > 2 { self.json(tags) } else { Span::default() },
            properties: self.json(properties),
            additional: self.additional(item, &captured),
            references: self.buffers.references.len() - references_from,
        })
    }

    fn id(&mut self, item: &Item) -> Result<Span, String> {
        let raw = item.column(Column::Id);
        if raw.end == 0 {
            return Err("it has no id".to_owned());
        }
        if self.walker.cursor.byte(raw.start) != b'"' {
            return Err("its id is not a string".to_owned());
        }
        let spelled = self.text.string(raw.as_string());
        Ok(spelled.first(trimmed(self.text.get(spelled)).len()))
    }

    fn known_type(&mut self, item: &Item, spelled: Span) -> Result<KnownType, String> {
        let rules = self.walker.rules;
        let id = self.text.get(spelled);
        if let Some(container) = container_type(id) {
            return Ok(self.interned.type_of(container, rules));
        }
        let record = self.walker.cursor.decoded(item.column(Column::Type).as_string());
        if record.is_empty() {
            return Ok(self.interned.type_of(&type_of_id(id)?, rules));
        }
        Ok(self.interned.type_of(&record, rules))
    }

    fn string(&mut self, item: &Item, column: Column) -> Span {
        self.text.string(item.column(column).as_string())
    }

    fn json(&mut self, raw: Raw) -> Span {
        self.text.json(raw.start, raw.end, raw.spaced())
    }

    fn name(&mut self, item: &Item, captured: &Captured, spelled: Span) -> Span {
        let raw = item.column(Column::Name);
        let name = match self.walker.cursor.byte(raw.start) {
            b'"' => self.text.string(raw.as_string()),
            b'{' => captured.name_value,
            _ => Span::default(),
        };
        if !name.is_empty() {
            return name;
        }
        let last = self.text.get(spelled).rsplit('/').next().map_or(0, str::len);
        spelled.last(last)
    }

    fn sku(&mut self, raw: Raw, captured: &Captured) -> Span {
        match self.walker.cursor.byte(raw.start) {
            _ if raw.end == 0 => Span::default(),
            b'"' => self.text.string(raw.as_string()),
            b'{' if raw.compact_length() <= 2 => Span::default(),
            b'{' if !captured.sku_name.is_empty() => captured.sku_name,
            _ => self.json(raw),
        }
    }

    /// The members that are no columns, as one object. A SKU of more than a name is one of them.
    fn additional(&mut self, item: &Item, captured: &Captured) -> Span {
        let sku = item.column(Column::Sku);
        // `{"name":` and `}` around the name and its quotes.
        let rich = captured.sku_length.is_some_and(|name| sku.compact_length() > name + 11);
        let start = self.text.mark();
        if rich {
            self.text.append("{\"sku\":");
            self.text.append_json(sku.start, sku.end, sku.spaced());
        }
        for index in item.members_from..self.buffers.members.len() {
            let Some(member) = self.buffers.members.get(index).copied() else { break };
            self.text.append(if self.text.mark() == start { "{" } else { "," });
            self.text.append_json(member.key.start - 1, member.key.end + 1, false);
            self.text.append(":");
            self.text.append_json(member.value.start, member.value.end, member.value.spaced());
        }
        if self.text.mark() > start {
            self.text.append("}");
        }
        self.text.since(start)
    }

    /// Ends the page: the arena is complete, and the drafts become resources.
    pub(super) fn freeze(self, outcome: Outcome) -> Answer {
        let Self { buffers, answer, text, mut skipped, items, .. } = self;
        let (arena, arena_bytes) = text.freeze();
        let text = FrozenText { answer, arena };
        let mut resources = Vec::with_capacity(buffers.drafts.len());
        let mut references = buffers.references.drain(..);
        for draft in buffers.drafts.drain(..) {
            let mut named = Vec::with_capacity(draft.references);
            let own = references.by_ref().take(draft.references);
            named.extend(own.filter_map(|reference| reference.freeze(&text)));
            match draft.freeze(&text, named) {
                Ok(resource) => resources.push(resource),
                Err(skip) => skipped.push(skip),
            }
        }
        let error =
            (outcome.shape == Shape::Error).then(|| ServiceError::parse(200, answer.as_str()));
        Answer {
            shape: outcome.shape,
            resources,
            skipped,
            next_link: outcome.next_link,
            skip_token: outcome.skip_token,
            total_records: outcome.total_records,
            result_truncated: outcome.result_truncated,
            items,
            bytes: answer.len() + arena_bytes,
            error,
        }
    }
}

impl Draft {
    fn freeze(
        self,
        text: &FrozenText<'_>,
        references: Vec<Reference>,
    ) -> Result<Resource, Skipped> {
        let spelled = text.get(self.spelled);
        let id = ResourceId::from_parts(spelled.clone(), text.get(self.key)).map_err(|error| {
            let shown: String = spelled.chars().take(SHOWN).collect();
            Skipped { id: shown.into(), why: error.message().into() }
        })?;
        Ok(Resource {
            id,
            resource_type: self.resource_type,
            name: text.get(self.name),
            location: text.get(self.location),
            kind: text.get(self.kind),
            sku: text.get(self.sku),
            tenant_id: text.get(self.tenant_id),
            provisioning_state: text.get(self.provisioning_state),
            tags: text.get(self.tags),
            properties: text.get(self.properties),
            additional: text.get(self.additional),
            references,
        })
    }
}

impl DraftReference {
    fn freeze(self, text: &FrozenText<'_>) -> Option<Reference> {
        let (spelled, key) = (text.get(self.spelled), text.get(self.key));
        let target = if key.starts_with('/') {
            ResourceId::from_parts(spelled, key)
        } else {
            ResourceId::from_stored(key)
        };
        Some(Reference { relation: self.relation, target: target.ok()?, path: self.path })
    }
}
