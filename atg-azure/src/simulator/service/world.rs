//! [`World`]: what there is to answer with, and who may read it.

use serde_json::Value;

use super::access::Access;
use super::graph::Partitions;
use super::settings::Settings;
use crate::simulator::tenant::{Face, Tenant};

/// Everything that an answer is made from; nothing in it changes what is answered.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) tenant: Tenant,
    pub(crate) settings: Settings,
    pub(crate) access: Access,
    pub(crate) partitions: Partitions,
}

impl World {
    /// Whether one of the management groups is the root of the tenant.
    pub(crate) fn has_root(&self, groups: &[String]) -> bool {
        groups.iter().any(|name| name.eq_ignore_ascii_case(self.tenant.tenant_id()))
    }

    /// The subscriptions that lie below any of the management groups.
    pub(crate) fn subscriptions_below(&self, groups: &[String]) -> Vec<u32> {
        if groups.is_empty() {
            return Vec::new();
        }
        let mut record = String::new();
        let below = |number: &u32| {
            record.clear();
            let container = self.tenant.container_of_subscription(*number);
            self.tenant.write_container(container, Face::ResourceGraph, &mut record);
            ancestors(&record)
                .iter()
                .any(|name| groups.iter().any(|group| group.eq_ignore_ascii_case(name)))
        };
        (0..self.tenant.subscription_count()).filter(below).collect()
    }
}

/// The management groups above a subscription, as its row in Resource Graph names them.
fn ancestors(record: &str) -> Vec<String> {
    let record: Value = serde_json::from_str(record).unwrap_or_default();
    let chain = record["properties"]["managementGroupAncestorsChain"].as_array();
    let names = chain.into_iter().flatten().filter_map(|group| group["name"].as_str());
    names.map(str::to_owned).collect()
}
