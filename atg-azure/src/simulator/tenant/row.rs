//! A resource's record in the words of each face.

use super::face::Face;
use super::id::Target;
use super::models::{Envelope, Identity, Location};
use super::place::{Place, Time};
use super::random::mix;
use super::spell::Spell;
use super::tags::Words;
use super::writer::Writer;

/// Writes the record of the resource that stands here.
pub(super) fn write(place: &Place<'_>, w: &mut Writer<'_>) {
    let envelope = (place.slot.blueprint.envelope)(place);
    w.record(place.hash, |w| match w.face() {
        Face::ResourceGraph => graph_row(place, &envelope, w),
        Face::Get => {
            common(place, &envelope, w);
            properties(place, w);
        }
        Face::Summary => common(place, &envelope, w),
    });
}

/// The columns of Resource Graph, in its order.
fn graph_row(place: &Place<'_>, envelope: &Envelope, w: &mut Writer<'_>) {
    own_id(place, w);
    w.text("name", place.name());
    w.text("type", Lower(place.slot.blueprint.resource_type));
    w.text("tenantId", place.tenant.tenant_id());
    w.text("kind", envelope.kind);
    w.text("location", location(place, envelope));
    w.text("resourceGroup", Lower(place.unit.group_name()));
    w.text("subscriptionId", place.tenant.subscription_id(place.unit.subscription));
    match managed_by(place, envelope) {
        Some(target) => w.refer_text("managedBy", "ATTACHED_TO", target),
        None => w.text("managedBy", ""),
    }
    w.optional("sku", envelope.sku);
    w.optional("plan", envelope.plan);
    properties(place, w);
    w.tags(place.hash, Words::of_unit(&place.unit));
    identity(place, envelope, w);
    w.optional("zones", envelope.zones);
    w.raw(r#""extendedLocation":null"#);
}

/// What Resource Manager's own records have beside the properties.
fn common(place: &Place<'_>, envelope: &Envelope, w: &mut Writer<'_>) {
    own_id(place, w);
    match place.slot.blueprint.parent {
        // The generic list names a nested resource by its whole path.
        Some(parent) if w.face() == Face::Summary => {
            w.text("name", (place.at(parent).name(), "/", place.name()));
        }
        _ => w.text("name", place.name()),
    }
    w.text("type", place.slot.blueprint.resource_type);
    w.text("location", location(place, envelope));
    w.tags(place.hash, Words::of_unit(&place.unit));
    w.optional("sku", envelope.sku);
    if !envelope.kind.is_empty() {
        w.text("kind", envelope.kind);
    }
    w.optional("plan", envelope.plan);
    identity(place, envelope, w);
    if let Some(target) = managed_by(place, envelope) {
        w.refer_text("managedBy", "ATTACHED_TO", target);
    }
    w.optional("zones", envelope.zones);
    if envelope.system_data {
        system_data(place, w);
    }
}

fn own_id(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("id", OwnId(place));
}

fn properties(place: &Place<'_>, w: &mut Writer<'_>) {
    let blueprint = place.slot.blueprint;
    let absent = blueprint.sometimes_bare
        && place.tenant.spec.null_properties
        && place.hash.is_multiple_of(4);
    if absent {
        w.member("properties", "null");
    } else {
        w.object("properties", |w| (blueprint.properties)(place, w));
    }
}

fn managed_by<'t>(place: &Place<'t>, envelope: &Envelope) -> Option<Target<'t>> {
    envelope.managed_by.filter(|&position| place.has(position)).map(|position| place.at(position))
}

fn identity(place: &Place<'_>, envelope: &Envelope, w: &mut Writer<'_>) {
    match envelope.identity {
        Identity::None => w.optional("identity", ""),
        Identity::System => w.object("identity", |w| {
            w.text("type", "SystemAssigned");
            w.principal("principalId", "HAS_PRINCIPAL", place.own().principal());
            w.text("tenantId", place.tenant.tenant_id());
        }),
        Identity::User(position) => w.object("identity", |w| {
            let identity = place.at(position);
            w.text("type", "UserAssigned");
            w.object("userAssignedIdentities", |w| {
                w.refer_key("USES_IDENTITY", identity, |w| {
                    w.text("principalId", identity.principal());
                    w.text("clientId", identity.client());
                });
            });
        }),
    }
}

fn system_data(place: &Place<'_>, w: &mut Writer<'_>) {
    let user = ("user", place.number(90, 40), "@contoso.example");
    w.object("systemData", |w| {
        w.text("createdBy", user);
        w.text("createdByType", "User");
        w.text("createdAt", Time(mix(place.hash)));
        w.text("lastModifiedBy", place.guid(91));
        w.text("lastModifiedByType", "Application");
        w.text("lastModifiedAt", Time(mix(place.hash)));
    });
}

/// The location as the record spells it.
pub(super) fn location(place: &Place<'_>, envelope: &Envelope) -> &'static str {
    match envelope.location {
        Location::Region => place.unit.region.name,
        Location::RegionDisplay => place.unit.region.display,
        Location::Global(spelled) => spelled,
    }
}

struct OwnId<'a>(&'a Place<'a>);

impl Spell for OwnId<'_> {
    fn spell(&self, out: &mut String) {
        self.0.own().write_id(self.0.own_spelling(), out);
    }
}

/// A piece of text in lower case.
struct Lower<T>(T);

impl<T: Spell> Spell for Lower<T> {
    fn spell(&self, out: &mut String) {
        let start = out.len();
        self.0.spell(out);
        out[start..].make_ascii_lowercase();
    }
}
