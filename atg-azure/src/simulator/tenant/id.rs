//! [`Target`]: what an id points at, and the ways Azure spells one id.

use super::Tenant;
use super::names::Name;
use super::random::{Guid, salted};
use super::spell::Spell;
use super::unit::{Position, Unit};

/// The salt of a resource's service principal.
const PRINCIPAL: u64 = 0xA11;
/// The salt of its application.
const CLIENT: u64 = 0xA12;

/// How an id is spelled; Azure takes all of them for the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spelling {
    /// `/subscriptions/…/resourceGroups/Web/providers/Microsoft.Compute/…`
    Usual,
    /// `/resourcegroups/`
    LowerWord,
    /// The group's name in capitals.
    UpperGroup,
    /// `/providers/microsoft.compute/`
    LowerNamespace,
    /// All of it in lower case: the canonical key.
    Key,
}

/// A resource of the tenant, or a child of one that has no record of its own.
#[derive(Debug, Clone, Copy)]
pub(super) struct Target<'t> {
    pub(super) tenant: &'t Tenant,
    pub(super) unit: Unit,
    pub(super) position: Position,
    /// The child's collection and name: `("subnets", "snet-app")`.
    pub(super) child: Option<(&'static str, &'static str)>,
}

impl Target<'_> {
    /// A child of this resource.
    pub(super) fn child(self, collection: &'static str, name: &'static str) -> Self {
        Self { child: Some((collection, name)), ..self }
    }

    /// The resource whose child this is.
    pub(super) fn without_child(self) -> Self {
        Self { child: None, ..self }
    }

    /// The resource's own name.
    pub(super) fn name(&self) -> Name<'_> {
        Name { unit: &self.unit, position: self.position }
    }

    /// The object id of the resource's managed identity.
    pub(super) fn principal(&self) -> Guid {
        Guid::of(self.seed(), PRINCIPAL)
    }

    /// The application id of the resource's managed identity.
    pub(super) fn client(&self) -> Guid {
        Guid::of(self.seed(), CLIENT)
    }

    fn seed(&self) -> u64 {
        salted(self.tenant.spec.seed, self.unit.index(self.position))
    }

    /// Appends the id.
    pub(super) fn write_id(&self, spelling: Spelling, out: &mut String) {
        let start = out.len();
        write_group_id(self.tenant, &self.unit, spelling, out);
        self.write_path(self.position, spelling, out);
        if let Some((collection, name)) = self.child {
            ("/", collection, "/", name).spell(out);
        }
        if spelling == Spelling::Key {
            out[start..].make_ascii_lowercase();
        }
    }

    /// Appends what follows the resource group; a nested type starts with what it hangs on.
    fn write_path(&self, position: Position, spelling: Spelling, out: &mut String) {
        let blueprint = position.slot().blueprint;
        if let Some(parent) = blueprint.parent {
            self.write_path(parent, spelling, out);
            let word = blueprint.resource_type.rsplit('/').next().unwrap_or_default();
            ("/", word).spell(out);
        } else {
            out.push_str("/providers/");
            let start = out.len();
            out.push_str(blueprint.resource_type);
            if spelling == Spelling::LowerNamespace {
                let end = out[start..].find('/').map_or(out.len(), |length| start + length);
                out[start..end].make_ascii_lowercase();
            }
        }
        ("/", Name { unit: &self.unit, position }).spell(out);
    }
}

/// Appends the id of a unit's resource group.
pub(super) fn write_group_id(tenant: &Tenant, unit: &Unit, spelling: Spelling, out: &mut String) {
    ("/subscriptions/", tenant.subscription_id(unit.subscription)).spell(out);
    out.push_str(match spelling {
        Spelling::LowerWord | Spelling::Key => "/resourcegroups/",
        _ => "/resourceGroups/",
    });
    let start = out.len();
    unit.group_name().spell(out);
    match spelling {
        Spelling::UpperGroup => out[start..].make_ascii_uppercase(),
        Spelling::Key => out[start..].make_ascii_lowercase(),
        _ => {}
    }
}
