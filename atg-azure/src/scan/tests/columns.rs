use serde_json::json;

use super::{id, list, one, scan};

#[test]
fn every_column_comes_from_its_member() {
    let own = id("Microsoft.Storage/storageAccounts/Logs");
    let resource = one(json!({
        "properties": {"a": 1, "provisioningState": "Succeeded"},
        "id": own, "name": "Logs", "type": "Microsoft.Storage/storageAccounts",
        "location": "West Europe", "kind": "StorageV2", "tenantId": "t",
        "sku": {"name": "Standard_LRS"}, "tags": {"k": "v"},
        "zones": ["1"], "plan": null, "identity": {}
    }));
    assert_eq!(resource.id.as_str(), own);
    assert_eq!(resource.id.key(), &own.to_lowercase().as_str());
    assert_eq!(resource.resource_type, "microsoft.storage/storageaccounts");
    assert_eq!((&*resource.name, &*resource.location), ("Logs", "West Europe"));
    assert_eq!((&*resource.kind, &*resource.tenant_id), ("StorageV2", "t"));
    assert_eq!((&*resource.sku, &*resource.tags), ("Standard_LRS", r#"{"k":"v"}"#));
    assert_eq!(resource.provisioning_state, "Succeeded");
    assert_eq!(resource.properties, r#"{"a":1,"provisioningState":"Succeeded"}"#);
    assert_eq!(resource.additional, r#"{"zones":["1"]}"#);
}

#[test]
fn what_is_absent_is_empty_or_comes_from_the_id() {
    let resource = one(json!({
        "id": id("Microsoft.Sql/servers/Db/databases/Main/"),
        "location": null, "sku": null, "tags": {}, "kind": null, "properties": null, "name": ""
    }));
    assert!(!resource.id.as_str().ends_with('/'));
    assert_eq!(resource.resource_type, "microsoft.sql/servers/databases");
    assert_eq!(resource.name, "Main");
    for text in [
        &resource.location,
        &resource.sku,
        &resource.tags,
        &resource.kind,
        &resource.properties,
        &resource.additional,
        &resource.provisioning_state,
    ] {
        assert_eq!(text, &"");
    }
}

#[test]
fn a_containers_type_is_what_its_id_says() {
    for (own, own_type, name) in [
        ("/subscriptions/S", "microsoft.resources/subscriptions", "S"),
        (super::GROUP, "microsoft.resources/subscriptions/resourcegroups", "Web"),
        (
            "/providers/Microsoft.Management/managementGroups/M",
            "microsoft.management/managementgroups",
            "M",
        ),
        ("/tenants/T", "microsoft.resources/tenants", "T"),
    ] {
        let resource = one(json!({"id": own, "type": "Odd/type"}));
        assert_eq!((&*resource.resource_type, &*resource.name), (own_type, name));
    }
}

#[test]
fn members_of_another_form_lose_nothing() {
    let resource = one(json!({
        "id": id("A/b/c"),
        "name": {"value": "cores", "localizedValue": "Cores"},
        "location": 5, "tags": ["x"],
        "sku": {"name": "S1", "tier": "Standard"}
    }));
    assert_eq!((&*resource.name, &*resource.sku), ("cores", "S1"));
    assert_eq!((&*resource.location, &*resource.tags), ("", ""));
    let kept: serde_json::Value = serde_json::from_str(&resource.additional).unwrap();
    assert_eq!(
        kept,
        json!({
            "sku": {"name": "S1", "tier": "Standard"},
            "name": {"value": "cores", "localizedValue": "Cores"},
            "location": 5, "tags": ["x"]
        })
    );
    assert_eq!(one(json!({"id": id("A/b/c"), "sku": {"tier": "F"}})).sku, r#"{"tier":"F"}"#);
    assert_eq!(one(json!({"id": id("A/b/c"), "sku": "Basic"})).sku, "Basic");
    assert_eq!(one(json!({"id": id("A/b/c"), "name": {"value": 1}})).name, "c");
}

#[test]
fn numbers_and_escapes_stay_as_they_are() {
    let answer = scan(
        r#"{"value":[ {"id":"\/subscriptions\/S\u0031/resourceGroups/G\u00e9", "n\u0061me" : "a\nb",
            "properties" : { "big" : 18446744073709551616 , "zero":-0, "huge":1e400, "half":"\ud800 x" },
            "etag" : "W/\"1\"" } ]}"#,
    );
    let resource = &answer.resources[0];
    assert_eq!(resource.id.as_str(), "/subscriptions/S1/resourceGroups/Gé");
    assert_eq!(resource.name, "a\nb");
    assert_eq!(
        resource.properties,
        r#"{"big":18446744073709551616,"zero":-0,"huge":1e400,"half":"\ud800 x"}"#
    );
    assert_eq!(resource.additional, r#"{"etag":"W/\"1\""}"#);
    assert!(answer.bytes > 300);
}

#[test]
fn texts_share_the_answer() {
    let body = format!(r#"{{"value":[{{"id":"{}","properties":{{"a":1}}}}]}}"#, id("A/b/c"));
    let page = atg_core::Text::from(body);
    let answer = super::Scanner::default().scan(&page).unwrap();
    let within = page.as_bytes().as_ptr_range();
    assert!(within.contains(&answer.resources[0].properties.as_ptr()));
    assert!(within.contains(&answer.resources[0].id.as_str().as_ptr()));
}

#[test]
fn a_repeated_member_counts_as_its_last() {
    let body =
        format!(r#"{{"value":[{{"id":"x","id":"{}","kind":"a","kind":null}}]}}"#, id("A/b/c"));
    let answer = scan(&body);
    assert_eq!(answer.resources[0].kind, "");
    assert_eq!(list(json!([])).resources, []);
}
