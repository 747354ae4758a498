//! The document of all types and their api-versions.

use serde_json::{Value, json};

use super::super::random::mix;
use crate::simulator::tenant::Tenant;

/// What previews are called at the end of a version; Azure does not agree with itself.
const PREVIEWS: [&str; 5] = ["-preview", "-Preview", "-privatepreview", "-beta", "-alpha"];
/// Types of which clients know a version by heart, with that version.
const WELL_KNOWN: [(&str, &str); 14] = [
    ("Microsoft.Compute/virtualMachines", "2023-03-01"),
    ("Microsoft.Compute/disks", "2023-01-02"),
    ("Microsoft.Network/virtualNetworks", "2023-05-01"),
    ("Microsoft.Network/networkInterfaces", "2023-05-01"),
    ("Microsoft.Network/publicIPAddresses", "2023-05-01"),
    ("Microsoft.Network/networkSecurityGroups", "2023-05-01"),
    ("Microsoft.Network/loadBalancers", "2023-05-01"),
    ("Microsoft.Storage/storageAccounts", "2023-01-01"),
    ("Microsoft.Web/sites", "2022-09-01"),
    ("Microsoft.Sql/servers", "2022-05-01-preview"),
    ("Microsoft.KeyVault/vaults", "2023-02-01"),
    ("Microsoft.ContainerService/managedClusters", "2023-05-01"),
    ("Microsoft.Automation/automationAccounts", "2023-11-01"),
    ("Microsoft.Insights/components", "2020-02-02"),
];

/// The providers of a subscription: every type a tenant can hold, and in each namespace the type
/// `operations`, which has no version at all.
pub(super) fn document(subscription: &str) -> String {
    let mut providers: Vec<Value> = Vec::new();
    let mut types = Tenant::types();
    types.sort_unstable();
    for resource_type in types {
        let (namespace, name) = resource_type.split_once('/').unwrap_or((resource_type, ""));
        let known = providers.last().is_some_and(|provider| provider["namespace"] == namespace);
        if !known {
            providers.push(provider(subscription, namespace));
        }
        let last = providers.last_mut().map(|provider| &mut provider["resourceTypes"]);
        if let Some(list) = last.and_then(Value::as_array_mut) {
            list.push(described(resource_type, name));
        }
    }
    json!({"value": providers}).to_string()
}

fn provider(subscription: &str, namespace: &str) -> Value {
    json!({
        "id": format!("/subscriptions/{subscription}/providers/{namespace}"),
        "namespace": namespace,
        "resourceTypes": [{"resourceType": "operations", "locations": [], "apiVersions": []}],
        "registrationState": "Registered",
        "registrationPolicy": "RegistrationRequired",
    })
}

fn described(resource_type: &str, name: &str) -> Value {
    let versions = versions(resource_type);
    let mut described = json!({
        "resourceType": name,
        "locations": ["West Europe", "East US"],
        "apiVersions": versions,
        "capabilities": "SupportsTags, SupportsLocation",
    });
    // A fifth of the types have a default, and it is rarely the newest.
    if xxhash_rust::xxh3::xxh3_64(resource_type.as_bytes()).is_multiple_of(5) {
        described["defaultApiVersion"] = json!(versions.last());
    }
    described
}

/// Versions of a type, newest first: for a quarter of them previews only.
fn versions(resource_type: &str) -> Vec<String> {
    let number = mix(xxhash_rust::xxh3::xxh3_64(resource_type.as_bytes()));
    let preview = PREVIEWS[usize::try_from(number % 5).unwrap_or_default()];
    let known = WELL_KNOWN.iter().find(|(name, _)| name.eq_ignore_ascii_case(resource_type));
    let stable = known.map_or("2022-04-01", |(_, version)| version);
    if known.is_none() && number.is_multiple_of(4) {
        return vec![format!("2021-10-01{preview}"), "2019-06-15-preview".to_owned()];
    }
    // The newest of all is a preview, as it often is.
    vec![format!("2024-07-01{preview}"), stable.to_owned(), "2018-02-01".to_owned()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_there_once_and_some_have_previews_only() {
        let document: Value = serde_json::from_str(&document("s")).unwrap();
        let mut found = Vec::new();
        let mut previews = 0;
        for provider in document["value"].as_array().unwrap() {
            for kind in provider["resourceTypes"].as_array().unwrap() {
                let name = kind["resourceType"].as_str().unwrap();
                if name == "operations" {
                    continue;
                }
                found.push(format!("{}/{name}", provider["namespace"].as_str().unwrap()));
                let versions = kind["apiVersions"].as_array().unwrap();
                let stable = |version: &Value| version.as_str().unwrap().len() == 10;
                previews += usize::from(!versions.iter().any(stable));
            }
        }
        assert_eq!(found, Tenant::types());
        assert!(previews > 0 && previews < found.len() / 2, "{previews} of {}", found.len());
    }
}
