//! The tags of a resource or container.

use super::random::mix;
use super::unit::{Unit, choose};
use super::vocabulary::{COST_CENTERS, ENVIRONMENTS, OWNERS, WORKLOADS};

/// The words that a thing's tags repeat from its name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Words {
    workload: &'static str,
    environment: &'static str,
}

impl Words {
    /// The words of a unit and of everything in it.
    pub(super) fn of_unit(unit: &Unit) -> Self {
        Self { workload: unit.workload, environment: unit.environment }
    }

    /// Words for what is in no unit.
    pub(super) fn of_seed(seed: u64) -> Self {
        Self { workload: choose(seed, &WORKLOADS), environment: choose(seed >> 16, &ENVIRONMENTS) }
    }
}

/// None to four tags, chosen by the seed: names and values as spelled. Two thirds of all things
/// have none, as in tenants that tag their resource groups rather than what is in them.
pub(super) fn of(seed: u64, words: Words) -> impl Iterator<Item = (&'static str, &'static str)> {
    let hash = mix(seed);
    let all = [
        ("env", words.environment),
        ("owner", choose(hash >> 8, &OWNERS)),
        ("costCenter", choose(hash >> 16, &COST_CENTERS)),
        ("app", words.workload),
    ];
    let tagged = (hash >> 40).is_multiple_of(3);
    (0..4).zip(all).filter(move |(bit, _)| tagged && hash >> bit & 1 == 1).map(|(_, tag)| tag)
}
