//! What each type of resource looks like: one description a type, a file a family.
//!
//! A description writes the body in its true shape and names the relationship of every
//! reference it writes.

pub(super) mod compute;
pub(super) mod data;
pub(super) mod disks;
pub(super) mod edge;
pub(super) mod kubernetes;
pub(super) mod messaging;
pub(super) mod monitor;
pub(super) mod network;
pub(super) mod operations;
pub(super) mod private;
pub(super) mod scale;
pub(super) mod security;
pub(super) mod sql;
pub(super) mod web;

use super::id::Spelling;
use super::place::Place;
use super::unit::Position;
use super::writer::Writer;

/// The description of a type.
#[derive(Debug)]
pub(super) struct Blueprint {
    /// The type in its true spelling.
    pub(super) resource_type: &'static str,
    /// What a nested type hangs on.
    pub(super) parent: Option<Position>,
    /// How records of the type spell their own id.
    pub(super) spelling: Spelling,
    /// Whether some records come without properties; only for types that refer to nothing.
    pub(super) sometimes_bare: bool,
    /// What stands around the properties.
    pub(super) envelope: fn(&Place<'_>) -> Envelope,
    /// Writes the members of the properties.
    pub(super) properties: fn(&Place<'_>, &mut Writer<'_>),
}

impl Blueprint {
    /// A type whose records have the usual id and always properties.
    const fn new(
        resource_type: &'static str,
        envelope: fn(&Place<'_>) -> Envelope,
        properties: fn(&Place<'_>, &mut Writer<'_>),
    ) -> Self {
        Self {
            resource_type,
            parent: None,
            spelling: Spelling::Usual,
            sometimes_bare: false,
            envelope,
            properties,
        }
    }
}

/// What a record has around its properties. Texts are JSON; empty where absent.
#[derive(Debug)]
pub(super) struct Envelope {
    pub(super) location: Location,
    /// The kind as a text, not as JSON.
    pub(super) kind: &'static str,
    pub(super) sku: &'static str,
    pub(super) plan: &'static str,
    pub(super) zones: &'static str,
    pub(super) identity: Identity,
    /// What the resource is attached to, where the unit has it.
    pub(super) managed_by: Option<Position>,
    pub(super) system_data: bool,
}

/// An envelope with nothing but the unit's region.
const PLAIN: Envelope = Envelope {
    location: Location::Region,
    kind: "",
    sku: "",
    plan: "",
    zones: "",
    identity: Identity::None,
    managed_by: None,
    system_data: false,
};

/// Which location a record names, and how it spells it.
#[derive(Debug)]
pub(super) enum Location {
    /// `westeurope`
    Region,
    /// `West Europe`
    RegionDisplay,
    /// No region, in the type's own spelling of "global".
    Global(&'static str),
}

/// Which managed identity a resource has.
#[derive(Debug)]
pub(super) enum Identity {
    None,
    /// Its own.
    System,
    /// That of a resource of the unit.
    User(Position),
}

fn plain(_: &Place<'_>) -> Envelope {
    PLAIN
}
