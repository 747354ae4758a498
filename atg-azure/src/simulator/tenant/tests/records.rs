//! What records look like.

use std::collections::HashSet;

use serde_json::Value;

use super::{Face, Tenant, TenantSpec, container, id, parsed, record, tenant};

#[test]
fn the_same_spec_gives_the_same_tenant() {
    let (first, second) = (tenant(500, 2), tenant(500, 2));
    let other = Tenant::new(TenantSpec { seed: 7, ..first.spec().clone() }).unwrap();
    assert_ne!(first.tenant_id(), other.tenant_id());
    for index in 0..first.len() {
        for face in [Face::ResourceGraph, Face::Get, Face::Summary] {
            let text = record(&first, index, face);
            assert_eq!(text, record(&second, index, face));
            assert_ne!(text, record(&other, index, face));
            // What the buffer already holds does not matter.
            let mut appended = String::from("[1,");
            first.write_resource(index, face, &mut appended);
            assert_eq!(appended.strip_prefix("[1,"), Some(text.as_str()));
        }
    }
}

#[test]
fn every_face_is_json_in_its_own_shape() {
    let tenant = tenant(2_000, 4);
    for index in 0..tenant.len() {
        let resource_type = tenant.resource_type(index);
        let row = parsed(&record(&tenant, index, Face::ResourceGraph));
        let full = parsed(&record(&tenant, index, Face::Get));
        let summary = parsed(&record(&tenant, index, Face::Summary));
        for face in [&row, &full, &summary] {
            assert_eq!(face["id"], id(&tenant, index));
            assert_eq!(face["location"], full["location"]);
        }
        assert_eq!(row["type"], resource_type.to_lowercase());
        assert_eq!(full["type"], resource_type);
        assert_eq!(full["name"], tenant.name(index));
        assert_eq!(row["tenantId"], tenant.tenant_id());
        let subscription = tenant.subscription_of(index);
        assert_eq!(row["subscriptionId"], tenant.subscription_id(subscription));
        let group = tenant.resource_group_name(tenant.group_of(index));
        assert_eq!(row["resourceGroup"], group.to_lowercase());
        assert_eq!(row.as_object().unwrap().len(), 16);
        assert!(row.get("properties").is_some() && full.get("properties").is_some());
        assert!(summary.get("properties").is_none());
        assert_eq!(full.get("identity").is_some(), !row["identity"].is_null());
    }
}

#[test]
fn names_of_nested_resources_are_whole_in_the_generic_list() {
    let tenant = tenant(110, 1);
    let index = tenant.indexes_of_type(0, "Microsoft.Sql/servers/databases").next().unwrap();
    let (full, summary) =
        (record(&tenant, index, Face::Get), record(&tenant, index, Face::Summary));
    let name = parsed(&full)["name"].as_str().unwrap().to_owned();
    let whole = parsed(&summary)["name"].as_str().unwrap().to_owned();
    assert!(whole.ends_with(&format!("/{name}")), "{whole}");
    assert!(
        id(&tenant, index).contains(&format!("/servers/{}/", whole.split('/').next().unwrap()))
    );
}

#[test]
fn bodies_are_as_large_as_real_ones() {
    let tenant = tenant(2_000, 4);
    let total: usize =
        (0..tenant.len()).map(|index| record(&tenant, index, Face::ResourceGraph).len()).sum();
    let mean = total / 2_000;
    assert!((1_300..=2_000).contains(&mean), "{mean}");
    assert!(Tenant::types().len() >= 40, "{}", Tenant::types().len());
    let used: HashSet<_> = (0..tenant.len()).map(|index| tenant.resource_type(index)).collect();
    assert_eq!(used.len(), Tenant::types().len());
}

/// How ids are spelled, and whether values are null, over a whole tenant.
fn quirks(tenant: &Tenant) -> (usize, usize, usize) {
    let (mut lower_word, mut lower_namespace, mut null) = (0, 0, 0);
    for index in 0..tenant.len() {
        let text = record(tenant, index, Face::Get);
        lower_word += text.matches("/resourcegroups/").count();
        lower_namespace += text.matches("/providers/microsoft.").count();
        null += usize::from(parsed(&text)["properties"].is_null());
    }
    (lower_word, lower_namespace, null)
}

#[test]
fn quirks_can_be_turned_off() {
    let quirky = tenant(1_000, 2);
    let plain =
        TenantSpec { case_variation: false, null_properties: false, ..quirky.spec().clone() };
    let (lower_word, lower_namespace, null) = quirks(&quirky);
    assert!(lower_word > 100 && lower_namespace > 100 && null > 2);
    assert_eq!(quirks(&Tenant::new(plain).unwrap()), (0, 0, 0));
}

#[test]
fn containers_have_the_shape_of_each_face() {
    let tenant = tenant(300, 2);
    for number in 0..tenant.container_count() {
        let row = container(&tenant, number, Face::ResourceGraph);
        assert_eq!(row.as_object().unwrap().len(), 16, "{row}");
        assert_eq!(row["tenantId"], tenant.tenant_id());
        assert_eq!(row["id"], container(&tenant, number, Face::Get)["id"]);
    }
    let kind = |number| container(&tenant, number, Face::ResourceGraph)["type"].clone();
    assert_eq!(kind(0), "microsoft.management/managementgroups");
    let subscription = tenant.container_of_subscription(1);
    assert_eq!(kind(subscription), "microsoft.resources/subscriptions");
    let item = container(&tenant, subscription, Face::Get);
    assert_eq!(item["subscriptionId"], tenant.subscription_id(1));
    assert_eq!(item["state"], "Enabled");
    let group = tenant.container_of_group(1);
    assert_eq!(kind(group), "microsoft.resources/subscriptions/resourcegroups");
    let item = container(&tenant, group, Face::Get);
    assert_eq!(item["type"], "Microsoft.Resources/resourceGroups");
    assert_eq!(item["name"], tenant.resource_group_name(1));
    assert_eq!(item["properties"]["provisioningState"], "Succeeded");
    assert_eq!(row_chain(&tenant, subscription).as_array().unwrap().len(), 2);
}

fn row_chain(tenant: &Tenant, number: u64) -> Value {
    let row = container(tenant, number, Face::ResourceGraph);
    row["properties"]["managementGroupAncestorsChain"].clone()
}
