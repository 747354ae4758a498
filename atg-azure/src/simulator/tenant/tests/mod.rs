//! What the tenant promises.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod oracle;
mod records;
mod walk;

use std::collections::HashSet;

use serde_json::Value;

use super::{Face, Tenant, TenantSpec};

fn tenant(resources: u64, subscriptions: u32) -> Tenant {
    Tenant::new(TenantSpec::sized(resources, subscriptions)).unwrap()
}

fn id(tenant: &Tenant, index: u64) -> String {
    let mut id = String::new();
    tenant.write_id(index, &mut id);
    id
}

fn container_id(tenant: &Tenant, container: u64) -> String {
    let mut id = String::new();
    tenant.write_container_id(container, &mut id);
    id
}

fn record(tenant: &Tenant, index: u64, face: Face) -> String {
    let mut text = String::new();
    tenant.write_resource(index, face, &mut text);
    text
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in {text}"))
}

fn container(tenant: &Tenant, number: u64, face: Face) -> Value {
    let mut text = String::new();
    tenant.write_container(number, face, &mut text);
    parsed(&text)
}

#[test]
fn specs_out_of_range_are_refused() {
    for (resources, subscriptions) in [(0, 1), (10_000_000, 10_000)] {
        assert!(Tenant::new(TenantSpec::sized(resources, subscriptions)).is_ok());
    }
    for (resources, subscriptions) in [(1, 0), (1, 10_001), (10_000_001, 1)] {
        let error = Tenant::new(TenantSpec::sized(resources, subscriptions)).unwrap_err();
        assert_eq!(error.kind(), atg_core::ErrorKind::InvalidInput);
    }
}

#[test]
fn ids_are_unique_and_found_again_whatever_their_case() {
    let tenant = tenant(2_000, 3);
    let mut seen = HashSet::new();
    for index in 0..tenant.len() {
        let id = id(&tenant, index);
        assert_eq!(tenant.index_of(&id), Some(index), "{id}");
        assert_eq!(tenant.index_of(&id.to_uppercase()), Some(index), "{id}");
        assert_eq!(tenant.index_of(&id.to_lowercase()), Some(index), "{id}");
        assert_eq!(tenant.index_of(&format!("{id}x")), None);
        assert_eq!(tenant.container_index_of(&id), None);
        assert!(seen.insert(id.to_lowercase()));
    }
    for container in 0..tenant.container_count() {
        let id = container_id(&tenant, container);
        assert_eq!(tenant.container_index_of(&id.to_uppercase()), Some(container), "{id}");
        assert_eq!(tenant.container_index_of(&id.to_lowercase()), Some(container), "{id}");
        assert_eq!(tenant.index_of(&id), None);
        assert!(seen.insert(id.to_lowercase()));
    }
}

#[test]
fn strange_ids_are_not_found() {
    let tenant = tenant(200, 2);
    let real = id(&tenant, 20);
    let other = real.replace(tenant.subscription_id(0), tenant.subscription_id(1));
    let longer = format!("{real}/subnets/x");
    let strange = ["", "/", "//////", "/subscriptions", "x", "é/é/é/é/é/é", &real[1..], &longer];
    for id in strange {
        assert_eq!(tenant.index_of(id), None, "{id}");
        assert_eq!(tenant.container_index_of(id), None, "{id}");
    }
    assert_ne!(tenant.index_of(&other), Some(20));
}

#[test]
fn the_last_unit_of_a_subscription_is_found_and_ends_where_it_is_cut() {
    let tenant = tenant(130, 2);
    let group = tenant.group_of(64);
    assert_eq!(tenant.indexes_of_group(group), 55..65);
    assert_eq!(tenant.subscription_of_group(group), 0);
    let name = tenant.resource_group_name(group);
    assert_eq!(tenant.group_number(0, &name.to_uppercase()), Some(group));
    assert_eq!(tenant.group_number(1, &name), None);
    assert_eq!(tenant.subscription_of(65), 1);
}

#[test]
fn an_empty_tenant_has_containers_only() {
    let tenant = tenant(0, 3);
    assert!(tenant.is_empty());
    assert_eq!(tenant.container_count(), 6);
    assert_eq!(tenant.indexes_of_subscription(0), 0..0);
    tenant.oracle().relationships(|_, relation, _| assert_eq!(relation, "TAGGED"));
}

#[test]
fn indexes_of_a_type_are_those_of_its_resources() {
    let tenant = tenant(700, 3);
    let mut counted = 0;
    for subscription in 0..4 {
        for resource_type in Tenant::types() {
            let indexes = tenant.indexes_of_type(subscription, &resource_type.to_uppercase());
            let all: Vec<u64> = indexes.clone().collect();
            let expected: Vec<u64> = tenant
                .indexes_of_subscription(subscription)
                .filter(|&index| tenant.resource_type(index) == resource_type)
                .collect();
            assert_eq!(all, expected, "{resource_type} in {subscription}");
            assert_eq!(indexes.len(), all.len());
            let rest: Vec<u64> = indexes.clone().skip(3).collect();
            assert_eq!(rest, expected.get(3..).unwrap_or_default());
            counted += all.len() as u64;
        }
    }
    assert_eq!(counted, tenant.len());
    assert_eq!(tenant.indexes_of_type(0, "Contoso.Web/shops").next(), None);
}

#[test]
fn hidden_types_are_missing_from_the_graph_only() {
    let missing_from_graph = vec!["microsoft.network/LOADBALANCERS".to_owned()];
    let spec = TenantSpec { missing_from_graph, ..TenantSpec::sized(300, 1) };
    let tenant = Tenant::new(spec).unwrap();
    for index in 0..tenant.len() {
        let hidden = tenant.resource_type(index) == "Microsoft.Network/loadBalancers";
        assert_eq!(tenant.in_resource_graph(index), !hidden);
    }
}

#[test]
fn hashes_spread_evenly_over_partitions() {
    let tenant = tenant(20_000, 4);
    let mut partitions = [0_u32; 20];
    for index in 0..tenant.len() {
        partitions[usize::try_from(tenant.hash(index) % 20).unwrap()] += 1;
    }
    assert!(partitions.iter().all(|count| (850..1150).contains(count)), "{partitions:?}");
}
