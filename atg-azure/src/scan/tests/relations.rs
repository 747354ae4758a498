use std::sync::Arc;

use atg_core::Text;
use serde_json::json;

use super::super::Scanner;
use super::{GROUP, expected, id, list, one, references};
use crate::rules::{Rule, RuleSet};

#[test]
fn a_rule_beats_the_fallback_and_type_may_come_last() {
    let interface = one(json!({
        "properties": {
            "ipConfigurations": [{"properties": {"subnet": {"id": id("Microsoft.Network/virtualNetworks/v/subnets/s")}}}],
            "other": {"id": id("A/b/c")}
        },
        "id": id("Microsoft.Network/networkInterfaces/n"),
        "zzz": 1,
        "type": "Microsoft.Network/networkInterfaces"
    }));
    let path = "properties.ipConfigurations[].properties.subnet.id";
    let subnet = "~/providers/Microsoft.Network/virtualNetworks/v/subnets/s";
    assert_eq!(
        references(&interface),
        expected(&[
            ("IN_SUBNET", subnet, path),
            ("REFERENCES", "~/providers/A/b/c", "properties.other.id")
        ])
    );
    let other = one(json!({"id": id("X/y/z"), "type": "X/y", "properties": {
        "ipConfigurations": [{"properties": {"subnet": {"id": id("Microsoft.Network/virtualNetworks/v/subnets/s")}}}]
    }}));
    assert_eq!(references(&other), expected(&[("REFERENCES", subnet, path)]));
}

#[test]
fn every_kind_of_target() {
    let guid = "AAAAAAAA-0000-1111-2222-BBBBBBBBBBBB";
    let machine = one(json!({
        "id": id("Microsoft.Compute/virtualMachines/vm"),
        "identity": {
            "principalId": guid,
            "userAssignedIdentities": {id("Microsoft.ManagedIdentity/userAssignedIdentities/U"): {"principalId": "p"}}
        },
        "properties": {"diagnosticsProfile": {"bootDiagnostics": {"storageUri": "https://Logs.blob.core.windows.net/"}}}
    }));
    let mut found = references(&machine);
    found.sort();
    assert_eq!(
        found,
        expected(&[
            (
                "HAS_PRINCIPAL",
                "principal:aaaaaaaa-0000-1111-2222-bbbbbbbbbbbb",
                "identity.principalId"
            ),
            (
                "LOGS_TO",
                "host:logs.blob.core.windows.net",
                "properties.diagnosticsProfile.bootDiagnostics.storageUri"
            ),
            (
                "USES_IDENTITY",
                "~/providers/Microsoft.ManagedIdentity/userAssignedIdentities/U",
                "identity.userAssignedIdentities.{key}"
            ),
        ])
    );
    let cluster = one(json!({
        "id": id("Microsoft.ContainerService/managedClusters/k"),
        "properties": {"nodeResourceGroup": "MC_k"}
    }));
    let group =
        ("MANAGES", "/subscriptions/S1/resourceGroups/MC_k", "properties.nodeResourceGroup");
    assert_eq!(references(&cluster), expected(&[group]));
    let address = one(json!({
        "id": id("Microsoft.Network/publicIPAddresses/p"),
        "properties": {"ipConfiguration": {"id": id("Microsoft.Network/networkInterfaces/n/ipConfigurations/c")}}
    }));
    let interface = "~/providers/Microsoft.Network/networkInterfaces/n";
    let assigned = ("ASSIGNED_TO", interface, "properties.ipConfiguration.id");
    assert_eq!(references(&address), expected(&[assigned]));
    let account = one(json!({
        "id": id("Microsoft.Storage/storageAccounts/logs"),
        "properties": {"primaryEndpoints": {"blob": "https://logs.blob.core.windows.net/"}}
    }));
    assert_eq!(account.references[0].target, machine.references.last().unwrap().target);
}

#[test]
fn values_that_are_not_of_the_rules_kind_are_ignored() {
    for (own, body) in [
        ("Microsoft.Web/sites/s", json!({"serverFarmId": "test"})),
        ("Microsoft.Web/sites/s", json!({"serverFarmId": "/plain/path"})),
        ("Microsoft.Web/sites/s", json!({"serverFarmId": {"deeper": 1}})),
        ("Microsoft.KeyVault/vaults/v", json!({"accessPolicies": [{"objectId": "me"}]})),
        ("Microsoft.ContainerService/managedClusters/k", json!({"nodeResourceGroup": ""})),
        ("Microsoft.Storage/storageAccounts/a", json!({"primaryEndpoints": {"blob": "none"}})),
    ] {
        let resource = one(json!({"id": id(own), "managedBy": "", "properties": body}));
        assert_eq!(references(&resource), [], "{body}");
    }
}

#[test]
fn the_fallback_takes_ids_and_leaves_what_contains_the_item() {
    let own = id("A/b/c");
    let resource = one(json!({"id": own, "p": [
        own, own.to_uppercase(), GROUP, "/subscriptions/s1", "/SUBSCRIPTIONS/s1/RESOURCEGROUPS/WEB",
        format!("{own}/d/e"), format!("{own}x"),
        "/subscriptions/S1/providers/N", "/subscriptions/S2", "/subscriptions/S2/resourceGroups/G",
        "/subscriptions/S2/locations/l", "/subscriptions//resourceGroups/G", "/subscriptions/S2/providers/",
        "see /subscriptions/S2/resourceGroups/G", "/subscriptions/S2/providers/N?x",
    ]}));
    assert_eq!(
        references(&resource),
        expected(&[
            ("CONTAINS", "~/providers/A/b/c/d/e", "p[]"),
            ("REFERENCES", "~/providers/A/b/cx", "p[]"),
            ("REFERENCES", "/subscriptions/S1/providers/N", "p[]"),
            ("REFERENCES", "/subscriptions/S2/resourceGroups/G", "p[]"),
        ])
    );
}

#[test]
fn a_rule_may_name_what_contains_the_item() {
    let assignment = one(json!({
        "id": id("Microsoft.Authorization/policyAssignments/a"),
        "properties": {"scope": GROUP, "policyDefinitionId": "/providers/Microsoft.Authorization/policyDefinitions/d"}
    }));
    assert_eq!(
        references(&assignment),
        expected(&[
            (
                "ASSIGNS",
                "/providers/Microsoft.Authorization/policyDefinitions/d",
                "properties.policyDefinitionId"
            ),
            ("AT_SCOPE", "~", "properties.scope"),
        ])
    );
}

#[test]
fn names_that_are_ids_count_and_paths_stay_general() {
    let resource = one(json!({"id": id("A/b/c"), "map": {id("X/y/z"): {"deep": [[id("V/w/x")]]}}}));
    assert_eq!(
        references(&resource),
        expected(&[
            ("REFERENCES", "~/providers/X/y/z", "map.{key}"),
            ("REFERENCES", "~/providers/V/w/x", "map.{key}.deep[][]"),
        ])
    );
    let escaped = format!(
        r#"{{"id":"{}","m\u0061p":{{"\/subscriptions\/S\/resourceGroups\/G":"\u002fsubscriptions/S/resourceGroups/H/"}}}}"#,
        id("A/b/c")
    );
    let answer = super::scan(&escaped);
    assert_eq!(
        references(&answer.resources[0]),
        expected(&[
            ("REFERENCES", "/subscriptions/S/resourceGroups/G", "map.{key}"),
            ("REFERENCES", "/subscriptions/S/resourceGroups/H", "map.{key}"),
        ])
    );
}

#[test]
fn the_same_relation_to_the_same_target_is_kept_once() {
    let many: Vec<_> = (0..500).map(|number| id(&format!("X/y/{}", number % 200))).collect();
    let resource = one(json!({"id": id("A/b/c"), "a": many, "b": many}));
    assert_eq!(resource.references.len(), 200);
    assert!(resource.references.iter().all(|reference| reference.path == "a[]"));
    let next = list(json!([{"id": id("A/b/c"), "a": many}, {"id": id("A/b/d"), "a": many}]));
    assert_eq!(next.resources[1].references.len(), 200);
}

#[test]
fn own_rules_are_followed() {
    let rules = RuleSet::builder()
        .rule(Rule::new("A/b", "properties.friends.{key}", "KNOWS"))
        .rule(Rule::new("*", "properties.matrix[][].id", "HOLDS"))
        .build()
        .unwrap();
    let body = json!({"id": id("A/b/c"), "properties": {
        "friends": {id("A/b/d"): 1, "nobody": 2}, "matrix": [[], [{"ID": id("A/b/e")}]]
    }});
    let answer = Scanner::new(Arc::new(rules)).scan(&Text::from(body.to_string())).unwrap();
    assert_eq!(
        references(&answer.resources[0]),
        expected(&[
            ("KNOWS", "~/providers/A/b/d", "properties.friends.{key}"),
            ("HOLDS", "~/providers/A/b/e", "properties.matrix[][].id"),
        ])
    );
}
