//! [`Place`]: one resource of the tenant, as its description sees it.

use super::Tenant;
use super::id::{Spelling, Target};
use super::names::Name;
use super::random::{Guid, salted};
use super::spell::{Padded, Spell};
use super::unit::{Position, SLOTS, Slot, Unit, choose};

/// Where a resource stands, and the source of its seeded choices: the same salt gives the same
/// choice for the same resource.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'t> {
    pub(super) tenant: &'t Tenant,
    pub(super) unit: Unit,
    pub(super) slot: &'static Slot,
    pub(super) hash: u64,
}

impl<'t> Place<'t> {
    pub(super) fn new(tenant: &'t Tenant, index: u64) -> Self {
        Self {
            tenant,
            unit: Unit::of(tenant, tenant.layout.unit_of(index)),
            slot: &SLOTS[tenant.layout.slot_of(index)],
            hash: salted(tenant.spec.seed, index),
        }
    }

    /// The resource itself.
    pub(super) fn own(&self) -> Target<'t> {
        self.at(self.slot.position)
    }

    /// The resource's own name.
    pub(super) fn name(&self) -> Name<'_> {
        Name { unit: &self.unit, position: self.slot.position }
    }

    /// Another resource of the same unit; ask [`Self::has`] first where it comes later.
    pub(super) fn at(&self, position: Position) -> Target<'t> {
        Target { tenant: self.tenant, unit: self.unit, position, child: None }
    }

    /// A subnet of the unit's network.
    pub(super) fn subnet(&self, name: &'static str) -> Target<'t> {
        self.at(Position::VirtualNetwork).child("subnets", name)
    }

    /// A resource of the subscription's first unit, which all units share.
    pub(super) fn shared(&self, position: Position) -> Target<'t> {
        let first = self.unit.number - self.unit.local_number;
        Target { unit: Unit::of(self.tenant, first), ..self.at(position) }
    }

    /// Whether the unit has this position.
    pub(super) fn has(&self, position: Position) -> bool {
        self.unit.has(position)
    }

    /// How the resource's own record spells its id.
    pub(super) fn own_spelling(&self) -> Spelling {
        if self.tenant.spec.case_variation { self.slot.blueprint.spelling } else { Spelling::Usual }
    }

    /// A number below `bound`.
    pub(super) fn number(&self, salt: u64, bound: u64) -> u64 {
        salted(self.hash, salt) % bound
    }

    /// One of the items.
    pub(super) fn pick<T: Copy>(&self, salt: u64, items: &[T]) -> T {
        choose(salted(self.hash, salt), items)
    }

    /// A GUID.
    pub(super) fn guid(&self, salt: u64) -> Guid {
        Guid::of(self.hash, salt)
    }

    /// An instant of the last years.
    pub(super) fn time(&self, salt: u64) -> Time {
        Time(salted(self.hash, salt))
    }

    /// The second byte of the unit's address range: `10.x.0.0/16`.
    pub(super) fn network(&self) -> u64 {
        self.unit.local_number % 256
    }
}

/// A UTC instant in 2022 to 2025: `2024-03-17T08:41:22.5530000Z`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time(pub(super) u64);

impl Spell for Time {
    fn spell(&self, out: &mut String) {
        let field =
            |shift: u32, bound: u64, least: u64| Padded((self.0 >> shift) % bound + least, 2);
        let date = ("202", (self.0 % 4 + 2), ("-", field(4, 12, 1)), "-", field(12, 28, 1));
        let time = (field(20, 24, 0), ":", field(28, 60, 0), ":", field(36, 60, 0));
        (date, "T", time, ".", (Padded((self.0 >> 44) % 1000, 3), "0000Z")).spell(out);
    }
}
