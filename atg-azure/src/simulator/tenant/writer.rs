//! [`Writer`]: writes a record's JSON and tells a visitor which relationships it wrote.

use super::face::Face;
use super::id::{Spelling, Target};
use super::oracle::NodeKind;
use super::place::Place;
use super::random::{Guid, mix};
use super::spell::Spell;
use super::{Tenant, tags};

/// What a relationship points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// A resource or container with a record of its own.
    Listed,
    /// Something that no listing names: a subnet, an ip configuration.
    Unlisted,
    /// A node without a record, that many may point at.
    Shared(NodeKind),
}

/// What is told of each relationship: its type, its target's key, and what that is.
pub(super) type Visitor<'a> = &'a mut dyn FnMut(&str, &str, Endpoint);

/// Appends JSON, member by member; commas come by themselves.
///
/// Texts are written as they are: what needs escapes is wrapped in
/// [`Escaped`](super::spell::Escaped).
pub(super) struct Writer<'a> {
    tenant: &'a Tenant,
    face: Face,
    out: &'a mut String,
    visitor: Option<Visitor<'a>>,
    /// The key of the relationship's target under way.
    key: String,
    /// Varies the spelling of references; moves on with each.
    seed: u64,
}

impl<'a> Writer<'a> {
    pub(super) fn new(tenant: &'a Tenant, face: Face, out: &'a mut String) -> Self {
        Self { tenant, face, out, visitor: None, key: String::new(), seed: 0 }
    }

    /// The same writer, telling a visitor of every relationship.
    pub(super) fn with_visitor(mut self, visitor: Visitor<'a>) -> Self {
        self.visitor = Some(visitor);
        self
    }

    pub(super) fn face(&self) -> Face {
        self.face
    }

    /// Whether the record is a row of Resource Graph.
    pub(super) fn for_graph(&self) -> bool {
        self.face == Face::ResourceGraph
    }

    // ---- values -------------------------------------------------------------------------

    /// A whole record: an object, whatever stands before it. The seed is the record's own.
    pub(super) fn record(&mut self, seed: u64, body: impl FnOnce(&mut Self)) {
        self.seed = seed;
        self.enclose('{', '}', body);
    }

    /// Members or items as they are, well-formed and without outer commas; may be empty.
    pub(super) fn raw(&mut self, json: &str) {
        if !json.is_empty() {
            self.separate();
            self.out.push_str(json);
        }
    }

    /// Members whose values are null, where the tenant has such.
    pub(super) fn nulls(&mut self, names: &[&str]) {
        if self.tenant.spec.null_properties {
            for name in names {
                self.member(name, "null");
            }
        }
    }

    /// A member whose value is a number or other text without quotes.
    pub(super) fn member(&mut self, name: &str, value: impl Spell) {
        self.name(name);
        value.spell(self.out);
    }

    /// A member whose value is a JSON text; an absent one is told as null by Resource Graph
    /// and not at all by the others.
    pub(super) fn optional(&mut self, name: &str, json: &str) {
        if !json.is_empty() {
            self.member(name, json);
        } else if self.for_graph() {
            self.member(name, "null");
        }
    }

    /// A member whose value is a text.
    pub(super) fn text(&mut self, name: &str, value: impl Spell) {
        self.name(name);
        self.quoted(value);
    }

    /// An item that is a text.
    pub(super) fn text_item(&mut self, value: impl Spell) {
        self.separate();
        self.quoted(value);
    }

    /// A member that is an object.
    pub(super) fn object(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        self.name(name);
        self.enclose('{', '}', body);
    }

    /// A member that is a list.
    pub(super) fn list(&mut self, name: &str, body: impl FnOnce(&mut Self)) {
        self.name(name);
        self.enclose('[', ']', body);
    }

    /// An item that is an object.
    pub(super) fn item(&mut self, body: impl FnOnce(&mut Self)) {
        self.separate();
        self.enclose('{', '}', body);
    }

    /// A member that holds a resource's tags; without any it is null, empty or absent.
    pub(super) fn tags(&mut self, seed: u64, words: tags::Words) {
        let mut tags = tags::of(seed, words).peekable();
        if tags.peek().is_none() && !seed.is_multiple_of(2) {
            self.optional("tags", "");
            return;
        }
        self.object("tags", |w| {
            for (name, value) in tags {
                w.text(name, super::spell::Escaped(value));
            }
        });
    }

    // ---- references ---------------------------------------------------------------------

    /// A member that is an id.
    pub(super) fn refer_text(&mut self, name: &str, relation: &str, target: Target<'_>) {
        self.name(name);
        self.id(target);
        self.tell(relation, target);
    }

    /// A member that is an object with an id and nothing else: the usual form.
    pub(super) fn refer(&mut self, name: &str, relation: &str, target: Target<'_>) {
        self.object(name, |w| w.refer_text("id", relation, target));
    }

    /// An item that is an object with an id and nothing else.
    pub(super) fn refer_item(&mut self, relation: &str, target: Target<'_>) {
        self.item(|w| w.refer_text("id", relation, target));
    }

    /// An item that is an id.
    pub(super) fn refer_text_item(&mut self, relation: &str, target: Target<'_>) {
        self.separate();
        self.id(target);
        self.tell(relation, target);
    }

    /// A member whose name is an id.
    pub(super) fn refer_key(
        &mut self,
        relation: &str,
        target: Target<'_>,
        body: impl FnOnce(&mut Self),
    ) {
        self.separate();
        self.id(target);
        self.out.push(':');
        self.enclose('{', '}', body);
        self.tell(relation, target);
    }

    /// A member that is an object with the id of a child; the relationship is to what has it.
    pub(super) fn refer_owner(&mut self, name: &str, relation: &str, child: Target<'_>) {
        self.object(name, |w| w.owner_id(relation, child));
    }

    /// An item that is an object with the id of a child; the relationship is to what has it.
    pub(super) fn refer_owner_item(&mut self, relation: &str, child: Target<'_>) {
        self.item(|w| w.owner_id(relation, child));
    }

    fn owner_id(&mut self, relation: &str, child: Target<'_>) {
        self.name("id");
        self.id(child);
        self.tell(relation, child.without_child());
    }

    /// An item for a child that the record holds inline, with its id, and its properties.
    pub(super) fn child(
        &mut self,
        place: &Place<'_>,
        collection: &'static str,
        name: &'static str,
        properties: impl FnOnce(&mut Self),
    ) {
        self.item(|w| {
            w.text("name", name);
            w.own_child("id", place, collection, name);
            w.object("properties", properties);
            w.text("type", (place.slot.blueprint.resource_type, "/", collection));
        });
    }

    /// A member that is the id of a child of the record itself, spelled as the record's own.
    pub(super) fn own_child(
        &mut self,
        member: &str,
        place: &Place<'_>,
        collection: &'static str,
        name: &'static str,
    ) {
        self.name(member);
        let child = place.own().child(collection, name);
        self.spelled_id(child, place.own_spelling());
        self.tell("CONTAINS", child);
    }

    /// A member that is the object id of an identity.
    pub(super) fn principal(&mut self, name: &str, relation: &str, id: Guid) {
        self.text(name, id);
        self.tell_spelled(relation, ("principal:", id), Endpoint::Shared(NodeKind::Principal));
    }

    /// A member that is the address of a storage account's blobs.
    pub(super) fn blob_host(&mut self, name: &str, relation: &str, account: Target<'_>) {
        let host = (account.name(), ".blob.core.windows.net");
        self.text(name, ("https://", host, "/"));
        self.tell_spelled(relation, ("host:", host), Endpoint::Shared(NodeKind::Host));
    }

    /// Tells of a relationship whose text stands in the record in some other form.
    pub(super) fn tell_spelled(&mut self, relation: &str, key: impl Spell, endpoint: Endpoint) {
        if let Some(visitor) = &mut self.visitor {
            self.key.clear();
            key.spell(&mut self.key);
            visitor(relation, &self.key, endpoint);
        }
    }

    fn tell(&mut self, relation: &str, target: Target<'_>) {
        if let Some(visitor) = &mut self.visitor {
            self.key.clear();
            target.write_id(Spelling::Key, &mut self.key);
            let listed = target.child.is_none();
            visitor(
                relation,
                &self.key,
                if listed { Endpoint::Listed } else { Endpoint::Unlisted },
            );
        }
    }

    // ---- text ---------------------------------------------------------------------------

    /// An id in one of Azure's spellings, most often the usual one.
    fn id(&mut self, target: Target<'_>) {
        self.seed = mix(self.seed);
        let spelling = match self.seed % 12 {
            _ if !self.tenant.spec.case_variation => Spelling::Usual,
            0 => Spelling::LowerWord,
            1 => Spelling::UpperGroup,
            2 => Spelling::LowerNamespace,
            3 => Spelling::Key,
            _ => Spelling::Usual,
        };
        self.spelled_id(target, spelling);
    }

    fn spelled_id(&mut self, target: Target<'_>, spelling: Spelling) {
        self.out.push('"');
        target.write_id(spelling, self.out);
        self.out.push('"');
    }

    fn name(&mut self, name: &str) {
        self.separate();
        self.quoted(name);
        self.out.push(':');
    }

    fn quoted(&mut self, value: impl Spell) {
        self.out.push('"');
        value.spell(self.out);
        self.out.push('"');
    }

    fn enclose(&mut self, open: char, close: char, body: impl FnOnce(&mut Self)) {
        self.out.push(open);
        body(self);
        self.out.push(close);
    }

    /// A comma, unless an object or a list has just begun.
    fn separate(&mut self) {
        if !matches!(self.out.as_bytes().last(), Some(b'{' | b'[') | None) {
            self.out.push(',');
        }
    }
}
