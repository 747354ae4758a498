//! [`ApiVersions`]: which api-version a type is asked with.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use atg_cache::{Cached, Caller, LoadOptions, LoadingCache, MemoryCache, TimeToLive};
use atg_core::{Cache, Error, ErrorKind, Invalidation, Pace, Priority, Result};
use serde::Deserialize;

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

/// A cache of what is asked of Azure beside the resources, by all who are given a clone.
pub type AnswerCache = LoadingCache<String, Error, Arc<dyn Cache<Cached<String>>>>;

/// Entries of the cache that a source has unless it is given one.
const OWN_ENTRIES: usize = 1_000;

/// How long a list of providers may serve where Azure does not give another.
const WITHOUT_ANOTHER: Duration = Duration::from_secs(24 * 60 * 60);

/// How long the call may take, its back-off included: a throttled client waits up to 15 minutes.
const LOAD_TIMEOUT: Duration = Duration::from_secs(20 * 60);

/// Which api-version each type is asked with: a table of 14 well-known types, then one call that
/// lists the providers of a subscription, for all others. Every subscription's list has all types,
/// so one serves the tenant; it is kept in a cache for [`TimeToLive::METADATA`].
#[derive(Debug)]
pub struct ApiVersions {
    cache: AnswerCache,
    caller: Caller,
    /// The list as it was parsed last.
    listed: RwLock<Option<Listed>>,
}

/// A list and the text it was parsed from.
#[derive(Debug, Clone)]
struct Listed {
    text: Arc<str>,
    versions: Arc<HashMap<String, String>>,
}

impl Default for ApiVersions {
    fn default() -> Self {
        Self::new()
    }
}

impl ApiVersions {
    /// With a cache of its own, in memory.
    pub fn new() -> Self {
        let memory: Arc<dyn Cache<Cached<String>>> = Arc::new(MemoryCache::new(OWN_ENTRIES));
        let cache = LoadingCache::builder(memory).load_timeout(LOAD_TIMEOUT).build();
        Self::cached(cache, Caller::new("", ""))
    }

    /// With a cache, which may last and be shared, on behalf of a caller: what one may see is not
    /// served to another.
    pub fn cached(cache: AnswerCache, caller: Caller) -> Self {
        Self { cache, caller, listed: RwLock::default() }
    }

    /// The api-version of a canonical type. Where an unknown type is asked for and the cache has
    /// no list of providers, calls `GET /subscriptions/{subscription}/providers`; callers at the
    /// same time share that call.
    ///
    /// # Errors
    /// `NotFound` where no provider has the type or none of its versions; the call's own errors.
    pub async fn of<T: Transport + 'static, P: Pace + 'static>(
        &self,
        client: &ArmClient<T, P>,
        subscription: &str,
        resource_type: &str,
    ) -> Result<String> {
        let resource_type = resource_type.to_ascii_lowercase();
        if let Some((_, version)) = WELL_KNOWN.iter().find(|(name, _)| *name == resource_type) {
            return Ok((*version).to_owned());
        }
        let versions = self.list(client, subscription).await?;
        versions.get(&resource_type).cloned().ok_or_else(|| unknown(&resource_type))
    }

    async fn list<T: Transport + 'static, P: Pace + 'static>(
        &self,
        client: &ArmClient<T, P>,
        subscription: &str,
    ) -> Result<Arc<HashMap<String, String>>> {
        let key: String = self.caller.key("providers", "api_versions").build().into();
        let text = self.text(&key, client, subscription).await?;
        if let Ok(versions) = self.parsed(&text) {
            return Ok(versions);
        }
        // Another version of the program may have left it there.
        self.cache.invalidate(&Invalidation::Key(key.clone())).await;
        let text = self.text(&key, client, subscription).await?;
        self.parsed(&text).map_err(|error| {
            Error::new(ErrorKind::InvalidData, LIST, "the list is not what it must be")
                .with_source(error)
        })
    }

    async fn text<T: Transport + 'static, P: Pace + 'static>(
        &self,
        key: &str,
        client: &ArmClient<T, P>,
        subscription: &str,
    ) -> Result<String> {
        let options = LoadOptions::fresh_for(TimeToLive::METADATA).stale_if_error(WITHOUT_ANOTHER);
        let (client, of) = (client.clone(), subscription.to_owned());
        let load = || async move { ask_for_providers(&client, &of).await };
        Ok(self.cache.get_or_load(key, &options, load).await?)
    }

    /// The list in a text, parsed once.
    fn parsed(&self, text: &str) -> serde_json::Result<Arc<HashMap<String, String>>> {
        let known = self.listed.read().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(known) = known.filter(|known| *known.text == *text) {
            return Ok(known.versions);
        }
        let versions: Arc<HashMap<String, String>> = Arc::new(serde_json::from_str(text)?);
        let listed = Listed { text: text.into(), versions: versions.clone() };
        *self.listed.write().unwrap_or_else(PoisonError::into_inner) = Some(listed);
        Ok(versions)
    }
}

const LIST: &str = "list providers";

/// The api-versions of all types, as JSON: a list of providers is some megabytes, this a hundredth.
async fn ask_for_providers<T: Transport, P: Pace>(
    client: &ArmClient<T, P>,
    subscription: &str,
) -> Result<String> {
    let link = format!("/subscriptions/{subscription}/providers?api-version=2021-04-01");
    // Whoever asks cannot go on without it.
    let request = Request { priority: Priority::Interactive, ..Request::get(link) };
    let listed = client.send_checked(&request, |body| {
        let parsed = parse_providers(&body).and_then(|versions| serde_json::to_string(&versions));
        parsed.map_err(|error| {
            broken(&request, "the list of providers cannot be read").with_source(error)
        })
    });
    listed.await
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
