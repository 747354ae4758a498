//! Inputs that the benchmarks share: always the same for the same arguments.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    clippy::cast_possible_truncation,
    reason = "a benchmark may stop"
)]

use atg_azure::simulator::{Face, Tenant, TenantSpec};
use atg_core::{
    Node, Relationship, RelationshipSet, Resource, ResourceId, Text, labels, type_label,
};

#[path = "../../atg-azure/tests/recorded_support/mod.rs"]
#[allow(unreachable_pub, reason = "shared with the tests")]
mod recorded_support;

#[cfg(feature = "comparisons")]
pub mod clock;
mod limit;
#[cfg(feature = "comparisons")]
pub mod neo4j_server;
mod random;
mod rounds;
#[cfg(feature = "comparisons")]
pub mod table;
mod usage;

pub use limit::Limit;
pub use random::Random;
pub use rounds::{median, order};
pub use usage::{peak_memory, processor_time, reset_peak_memory};

/// A list of 1,000 recorded bodies of about `body_size` bytes; `None` without recordings.
pub fn recorded_page(body_size: usize) -> Option<Text> {
    let folder = recorded_support::folder()?;
    Some(recorded_support::page_of(&folder, 1000, body_size).into())
}

/// A Resource Graph answer of `count` simulated rows.
pub fn simulated_page(count: u64) -> Text {
    let tenant = Tenant::new(TenantSpec::sized(count, 1)).unwrap();
    let mut body = String::from("{\"data\":[");
    for index in 0..count {
        if index > 0 {
            body.push(',');
        }
        tenant.write_resource(index, Face::ResourceGraph, &mut body);
    }
    body.push_str("]}");
    body.into()
}

/// `count` ids in the spellings that Azure uses.
pub fn ids(count: usize) -> Vec<String> {
    let tenant = Tenant::new(TenantSpec::sized(count as u64, 2)).unwrap();
    (0..count as u64)
        .map(|index| {
            let mut id = String::new();
            tenant.write_id(index, &mut id);
            id
        })
        .collect()
}

/// The id of node number `index`.
fn node_id(index: usize) -> ResourceId {
    ResourceId::parse(format!(
        "/subscriptions/00000000-0000-0000-0000-{:012}/resourceGroups/group-{}/providers/\
         Microsoft.Compute/virtualMachines/machine-{index}",
        index % 4,
        index / 40
    ))
    .unwrap()
}

/// Nodes with eleven columns filled; each body names two other nodes of the same subscription.
pub fn nodes(count: usize) -> Vec<Node> {
    let resource_type = "microsoft.compute/virtualmachines";
    let set = labels::<_, Text>(["Resource".into(), type_label(resource_type)]);
    (0..count)
        .map(|index| {
            let mut node = Node::new(node_id(index), set.clone());
            node.location = "westeurope".into();
            node.tenant_id = "11111111-1111-1111-1111-111111111111".into();
            node.sku = "Standard_D2s_v5".into();
            node.provisioning_state = "Succeeded".into();
            node.tags = format!("{{\"owner\":\"team-{}\"}}", index % 50).into();
            node.properties = properties(index, count).into();
            node
        })
        .collect()
}

/// The body of node number `index`. Every fourth node is of the same subscription.
fn properties(index: usize, count: usize) -> String {
    let [next, one_after] = [4, 8].map(|distance| node_id((index + distance) % count));
    format!(
        "{{\"vmId\":\"{index:032x}\",\"hardwareProfile\":{{\"vmSize\":\"Standard_D2s_v5\"}},\
         \"availabilitySet\":{{\"id\":\"{next}\"}},\"host\":{{\"id\":\"{one_after}\"}}}}"
    )
}

/// `count` relationships among `nodes` nodes, as the complete sets of their sources; the targets
/// are scattered.
pub fn relationship_sets(nodes: usize, count: usize) -> Vec<RelationshipSet> {
    let per_node = count.div_ceil(nodes);
    let mut left = count;
    (0..nodes)
        .map(|index| {
            let mine = per_node.min(left);
            left -= mine;
            let source = node_id(index);
            let relationships = (0..mine).map(|number| {
                // Distinct for each number, for the multipliers are odd and differ.
                let target = (index * 7_919 + (number + 1) * 104_729) % nodes;
                let relation = ["USES_NIC", "HAS_DISK", "IN_SUBNET", "LOGS_TO"][number % 4];
                Relationship::new(source.clone(), relation, node_id(target))
            });
            RelationshipSet::complete(source.clone(), relationships.collect())
        })
        .collect()
}

/// The resources of a simulated page, scanned.
pub fn resources(count: u64) -> Vec<Resource> {
    let page = simulated_page(count);
    atg_azure::scan::Scanner::default().scan(&page).unwrap().resources
}
