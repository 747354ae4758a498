//! [`ApiVersions`]: which api-version a type is asked with.

use std::collections::HashMap;
use std::sync::RwLock;

use atg_core::{Error, ErrorKind, Pace, Result};
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::Transport;
use crate::client::{ArmClient, Request, broken};

/// Types whose api-version is known without asking.
const WELL_KNOWN: [(&str, &str); 14] = [
    ("microsoft.compute/virtualmachines", "2023-03-01"),
    ("microsoft.compute/disks", "2023-01-02"),
    ("microsoft.network/virtualnetworks", "2023-05-01"),
    ("microsoft.network/networkinterfaces", "2023-05-01"),
    ("microsoft.network/publicipaddresses", "2023-05-01"),
    ("microsoft.network/networksecuritygroups", "2023-05-01"),
    ("microsoft.network/loadbalancers", "2023-05-01"),
    ("microsoft.storage/storageaccounts", "2023-01-01"),
    ("microsoft.web/sites", "2022-09-01"),
    ("microsoft.sql/servers", "2022-05-01-preview"),
    ("microsoft.keyvault/vaults", "2023-02-01"),
    ("microsoft.containerservice/managedclusters", "2023-05-01"),
    ("microsoft.automation/automationaccounts", "2023-11-01"),
    ("microsoft.insights/components", "2020-02-02"),
];

/// Which api-version each type is asked with: a table of 14 well-known types, then one call that
/// lists the providers of a subscription, made once, for all others.
#[derive(Debug, Default)]
pub struct ApiVersions {
    listed: RwLock<Option<HashMap<String, String>>>,
    listing: Mutex<()>,
}

impl ApiVersions {
    /// An empty table beside the well-known one.
    pub fn new() -> Self {
        Self::default()
    }

    /// The api-version of a canonical type. Calls `GET /subscriptions/{subscription}/providers`
    /// the first time an unknown type is asked for; callers at the same time share that call.
    ///
    /// # Errors
    /// `NotFound` where no provider has the type or none of its versions; the call's own errors.
    pub async fn of<T: Transport, P: Pace>(
        &self,
        client: &ArmClient<T, P>,
        subscription: &str,
        resource_type: &str,
    ) -> Result<String> {
        let resource_type = resource_type.to_ascii_lowercase();
        if let Some(known) = self.known(&resource_type) {
            return known;
        }
        let _only_one = self.listing.lock().await;
        if let Some(known) = self.known(&resource_type) {
            return known;
        }
        let link = format!("/subscriptions/{subscription}/providers?api-version=2021-04-01");
        let request = Request::get(link);
        let listed = client
            .send_checked(&request, |body| {
                parse_providers(&body).map_err(|error| {
                    broken(&request, "the list of providers cannot be read").with_source(error)
                })
            })
            .await?;
        *self.listed.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(listed);
        self.known(&resource_type).unwrap_or_else(|| Err(unknown(&resource_type)))
    }

    fn known(&self, resource_type: &str) -> Option<Result<String>> {
        if let Some((_, version)) = WELL_KNOWN.iter().find(|(name, _)| *name == resource_type) {
            return Some(Ok((*version).to_owned()));
        }
        let listed = self.listed.read().unwrap_or_else(std::sync::PoisonError::into_inner);
        let listed = listed.as_ref()?;
        Some(listed.get(resource_type).cloned().ok_or_else(|| unknown(resource_type)))
    }
}

fn unknown(resource_type: &str) -> Error {
    Error::new(
        ErrorKind::NotFound,
        "choose api-version",
        format!("no registered provider offers a version of {resource_type:?}"),
    )
}

#[derive(Deserialize)]
struct Providers {
    value: Vec<Provider>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Provider {
    namespace: Option<String>,
    resource_types: Option<Vec<ProviderType>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProviderType {
    resource_type: Option<String>,
    api_versions: Option<Vec<String>>,
}

/// The chosen api-version of each canonical type in an answer of the providers call; types
/// without any version are left out.
pub(crate) fn parse_providers(body: &str) -> serde_json::Result<HashMap<String, String>> {
    let providers: Providers = serde_json::from_str(body)?;
    let mut versions = HashMap::new();
    for provider in providers.value {
        let Some(namespace) = provider.namespace else { continue };
        for one in provider.resource_types.unwrap_or_default() {
            let Some(version) = newest(one.api_versions.unwrap_or_default()) else { continue };
            let Some(name) = one.resource_type else { continue };
            versions.insert(format!("{namespace}/{name}").to_ascii_lowercase(), version);
        }
    }
    Ok(versions)
}

/// The newest stable version, else the newest preview: a stable one is a date and nothing more.
/// `defaultApiVersion` is not the newest for half of the types that have it, and is not used.
fn newest(versions: Vec<String>) -> Option<String> {
    let is_stable = |version: &String| version.len() == 10;
    versions.into_iter().max_by(|a, b| (is_stable(a), a.as_str()).cmp(&(is_stable(b), b.as_str())))
}

#[cfg(test)]
mod tests {
    use super::{newest, parse_providers};

    fn choose(versions: &[&str]) -> Option<String> {
        newest(versions.iter().map(|&v| v.to_owned()).collect())
    }

    #[test]
    fn the_newest_stable_version_wins_then_the_newest_preview() {
        let mixed = ["2019-01-01", "2021-05-01-preview", "2020-06-01", "2014-04-01"];
        assert_eq!(choose(&mixed).unwrap(), "2020-06-01");
        let previews = ["2018-01-01-alpha", "2019-09-01-Preview", "2019-07-01-privatepreview"];
        assert_eq!(choose(&previews).unwrap(), "2019-09-01-Preview");
        assert_eq!(choose(&[]), None);
    }

    #[test]
    fn types_without_versions_are_left_out() {
        let body = r#"{"value":[{"namespace":"A.B","resourceTypes":[
            {"resourceType":"c","apiVersions":[]},{"resourceType":"d/e","apiVersions":["2020-01-01"]},
            {"resourceType":"f","apiVersions":null},{"resourceType":"g"},{}]},{"namespace":"X","resourceTypes":null},{}]}"#;
        let versions = parse_providers(body).unwrap();
        assert_eq!(versions.len(), 1);
        assert_eq!(versions["a.b/d/e"], "2020-01-01");
        assert!(parse_providers("{}").is_err());
    }
}
