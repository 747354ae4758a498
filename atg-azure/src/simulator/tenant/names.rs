//! How resource groups and resources are called.

use super::random::Guid;
use super::spell::{Base36, Padded, Spell};
use super::unit::{Position, Unit};

/// How a resource is called. Every name is one of its kind in its group; the ones that Azure
/// wants to be one of a kind in the world carry the unit's number.
#[derive(Debug, Clone, Copy)]
pub(super) enum Naming {
    /// `vm-payments-prod-01`
    Numbered(&'static str, u64),
    /// `kv-payments-prod-01c`
    Unique(&'static str),
    /// `stpaymentsprod01c`: letters and digits only.
    Compact(&'static str),
    /// The same everywhere.
    Fixed(&'static str),
    /// `payments-01c.contoso.example`
    Domain,
    /// The name of another, a word, and 32 digits: `vm-payments-prod-01_OsDisk_1_…`
    Sequel(Position, &'static str),
}

/// The name of the resource at a position of a unit.
#[derive(Debug, Clone, Copy)]
pub(super) struct Name<'a> {
    pub(super) unit: &'a Unit,
    pub(super) position: Position,
}

impl Spell for Name<'_> {
    fn spell(&self, out: &mut String) {
        let Self { unit, position } = *self;
        let (workload, environment) = (unit.workload, unit.environment);
        match position.slot().naming {
            Naming::Numbered(word, number) => {
                ((word, "-", workload), "-", environment, "-", Padded(number, 2)).spell(out);
            }
            Naming::Unique(word) => {
                ((word, "-", workload), "-", environment, "-", Base36(unit.number)).spell(out);
            }
            Naming::Compact(word) => {
                (word, workload, environment, Base36(unit.number)).spell(out);
            }
            Naming::Fixed(name) => out.push_str(name),
            Naming::Domain => {
                (workload, "-", Base36(unit.number), ".contoso.example").spell(out);
            }
            Naming::Sequel(of, word) => {
                let digits = Guid::of(unit.hash, position as u64).digits();
                (Name { unit, position: of }, word, digits).spell(out);
            }
        }
    }
}

/// The name of a unit's resource group: in one of four styles, always ending with the unit's
/// number within its subscription.
#[derive(Debug, Clone, Copy)]
pub(super) struct GroupName<'a>(&'a Unit);

impl Unit {
    /// The name of the unit's resource group, as spelled in its own id.
    pub(super) fn group_name(&self) -> GroupName<'_> {
        GroupName(self)
    }
}

impl Spell for GroupName<'_> {
    fn spell(&self, out: &mut String) {
        let unit = self.0;
        let number = Padded(unit.local_number, 3);
        let start = out.len();
        match (unit.hash >> 48) % 4 {
            0 => {
                let purpose = ("rg-", unit.workload, "-", unit.environment);
                (purpose, "-", unit.region.code, "-", number).spell(out);
            }
            1 => (unit.workload, "-", unit.environment, "-rg-", number).spell(out),
            2 => {
                ("RG-", unit.workload, "-", unit.environment).spell(out);
                out[start..].make_ascii_uppercase();
                ("-", number).spell(out);
            }
            _ => {
                (unit.workload, "_", unit.environment, "_", number).spell(out);
                out[start..=start].make_ascii_uppercase();
            }
        }
    }
}
