//! [`TenantSpec`]: how large a simulated tenant is, and which quirks it has.

use atg_core::{Error, ErrorKind, Result};

/// The most resources a tenant may have.
const MAX_RESOURCES: u64 = 10_000_000;
/// The most subscriptions a tenant may have: Resource Graph's own bound for one query.
const MAX_SUBSCRIPTIONS: u32 = 10_000;

/// What a simulated tenant is made from. Equal specs give equal tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSpec {
    /// How many resources there are, containers not counted: 0 to 10,000,000. Default 1,632.
    pub resources: u64,
    /// How many subscriptions share them evenly: 1 to 10,000. Default 4.
    pub subscriptions: u32,
    /// What every name, GUID and choice derives from. Default 42.
    pub seed: u64,
    /// Whether ids change case between records, as Azure's do. Default true.
    pub case_variation: bool,
    /// Whether records hold nulls, and some have no properties at all. Default true.
    pub null_properties: bool,
    /// The types, in any case, that Resource Graph does not list. Default none.
    pub missing_from_graph: Vec<String>,
}

impl Default for TenantSpec {
    fn default() -> Self {
        Self {
            resources: 1_632,
            subscriptions: 4,
            seed: 42,
            case_variation: true,
            null_properties: true,
            missing_from_graph: Vec::new(),
        }
    }
}

impl TenantSpec {
    /// A spec of this many resources and subscriptions, all else by default.
    pub fn sized(resources: u64, subscriptions: u32) -> Self {
        Self { resources, subscriptions, ..Self::default() }
    }

    pub(super) fn validate(&self) -> Result<()> {
        let problem = if self.resources > MAX_RESOURCES {
            format!("{} resources are more than {MAX_RESOURCES}", self.resources)
        } else if !(1..=MAX_SUBSCRIPTIONS).contains(&self.subscriptions) {
            format!(
                "{} subscriptions are not between 1 and {MAX_SUBSCRIPTIONS}",
                self.subscriptions
            )
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidInput, "make tenant", problem))
    }

    pub(super) fn hides(&self, resource_type: &str) -> bool {
        self.missing_from_graph.iter().any(|hidden| hidden.eq_ignore_ascii_case(resource_type))
    }
}
