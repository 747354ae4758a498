//! Who takes part.

use atg_cache::Policy;
use foldhash::fast::RandomState as Foldhash;

use crate::peers::{Atg, Locked, MokaFuture, MokaSync, Quick, QuickWeighted};
use crate::work::Work;

/// The standard library's, which `moka` hashes with unless told otherwise.
type SipHash = std::hash::RandomState;

/// What a limit compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// The map without a lock.
    Map,
    /// Ours, as it is by default.
    Ours,
    /// `moka` as it is by default, without futures.
    Moka,
    /// `quick_cache`.
    Quick,
    /// In no limit.
    Aside,
}

/// A cache that takes part.
pub(crate) struct Contestant {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Makes an empty one for so many entries, or bytes.
    pub(crate) make: fn(usize) -> Box<dyn Work>,
}

/// All caches.
pub(crate) const ALL: [Contestant; 7] = [
    Contestant {
        name: "atg, 2Q",
        role: Role::Ours,
        make: |most| Box::new(Atg::new(most, Policy::TwoQueues)),
    },
    Contestant {
        name: "atg, LRU",
        role: Role::Aside,
        make: |most| Box::new(Atg::new(most, Policy::Lru)),
    },
    Contestant {
        name: "quick_cache, no TTL",
        role: Role::Quick,
        make: |most| Box::new(Quick::new(most)),
    },
    Contestant {
        name: "Mutex<LruCache>, no TTL",
        role: Role::Aside,
        make: |most| Box::new(Locked::new(most)),
    },
    Contestant {
        name: "moka sync",
        role: Role::Moka,
        make: |most| Box::new(MokaSync::<SipHash>::new(most)),
    },
    Contestant {
        name: "moka sync, foldhash",
        role: Role::Aside,
        make: |most| Box::new(MokaSync::<Foldhash>::new(most)),
    },
    Contestant {
        name: "moka future",
        role: Role::Aside,
        make: |most| Box::new(MokaFuture::new(most)),
    },
];

/// How many entries there will be about, for a cache that wants to know.
pub(crate) const WEIGHTED_ENTRIES: usize = 100;

/// Those that can be bounded by bytes.
pub(crate) const WEIGHTED: [Contestant; 4] = [
    Contestant {
        name: "atg, 2Q",
        role: Role::Ours,
        make: |most| Box::new(Atg::weighted(most as u64, Policy::TwoQueues)),
    },
    Contestant {
        name: "atg, LRU",
        role: Role::Aside,
        make: |most| Box::new(Atg::weighted(most as u64, Policy::Lru)),
    },
    Contestant {
        name: "quick_cache",
        role: Role::Quick,
        make: |most| Box::new(QuickWeighted::new(most as u64, WEIGHTED_ENTRIES)),
    },
    Contestant {
        name: "moka sync",
        role: Role::Moka,
        make: |most| Box::new(MokaSync::<SipHash>::weighted(most as u64)),
    },
];

/// The figure of one role, among those in the same order as their contestants.
pub(crate) fn figure(figures: &[(Role, f64)], role: Role) -> Option<f64> {
    figures.iter().find(|(of, _)| *of == role).map(|(_, figure)| *figure)
}
