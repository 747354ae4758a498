//! [`AzureSource`]: a tenant's resources, read the fastest correct way.

mod read;
mod scope;

use std::sync::Arc;

use async_trait::async_trait;
use atg_cache::Caller;
use atg_core::{
    Error, ErrorKind, Pace, Priority, Read, ResourceId, ResourceLookup, ResourceSource, Result,
    Scope, SourceUsage, Text,
};
use atg_perf::QuotaPace;
use futures::stream::BoxStream;

pub use scope::AzureScope;

use crate::client::{ArmClient, Request, broken};
use crate::query::{self, GraphTable, Partition};
use crate::rules::RuleSet;
use crate::{AnswerCache, ApiVersions, Transport};

/// A tenant's resources through Resource Graph: full records, a thousand a request, in
/// partitions by the hash of the id, plus the containers (management groups, subscriptions,
/// resource groups), and, where asked for, types by their own listing.
///
/// Scopes: the containers, each partition, each listed type in each subscription.
pub struct AzureSource<T, P = QuotaPace> {
    client: ArmClient<T, P>,
    rules: Arc<RuleSet>,
    settings: SourceSettings,
    api_versions: ApiVersions,
    lookup_priority: Priority,
}

/// What an [`AzureSource`] reads, and in how many pieces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceSettings {
    /// The subscriptions to read; empty, the default, for all that the principal sees.
    pub subscriptions: Vec<String>,
    /// Rows a partition at most, about; default 25,000, at least 1. A partition is read page by
    /// page, restarted as a whole, and wastes half a page; 1,000 gives the service's own remedy
    /// for rows that move between pages while the tenant changes, at up to half more requests.
    pub rows_per_partition: u64,
    /// Partitions wanted at least, to hide latency, while each fills a page; default 4.
    pub parallel: u32,
    /// Types also read by their own listing in each subscription, for what Resource Graph does
    /// not hold; `namespace/type`, not nested; default none. A type that Resource Graph does hold
    /// comes twice, and the two records differ: which one is stored is then chance.
    pub listed_types: Vec<String>,
}

impl Default for SourceSettings {
    fn default() -> Self {
        Self {
            subscriptions: Vec::new(),
            rows_per_partition: 25_000,
            parallel: 4,
            listed_types: Vec::new(),
        }
    }
}

/// Subscriptions a query may name; more are read in groups. Azure takes 1,000 names in a body;
/// its advice for speed is fewer than 300.
const SUBSCRIPTIONS_PER_QUERY: usize = 300;

impl<T, P> std::fmt::Debug for AzureSource<T, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AzureSource").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl<T: Transport + 'static, P: Pace + 'static> AzureSource<T, P> {
    /// A source with default settings and the standard relationship rules.
    pub fn new(client: ArmClient<T, P>) -> Self {
        Self {
            client,
            rules: RuleSet::standard(),
            settings: SourceSettings::default(),
            api_versions: ApiVersions::new(),
            lookup_priority: Priority::Interactive,
        }
    }

    /// The same source with other settings.
    #[must_use]
    pub fn with_settings(mut self, settings: SourceSettings) -> Self {
        self.settings = settings;
        self
    }

    /// The same source with other relationship rules.
    #[must_use]
    pub fn with_rules(mut self, rules: Arc<RuleSet>) -> Self {
        self.rules = rules;
        self
    }

    /// The same source with a cache for what it asks beside the resources (which api-version a
    /// type has), on behalf of a caller: in memory and its own unless set. With one that lasts, a
    /// second run does not ask again. Let its loads take 20 minutes: a throttled call waits for
    /// Azure up to 15.
    #[must_use]
    pub fn with_cache(mut self, cache: AnswerCache, caller: Caller) -> Self {
        self.api_versions = ApiVersions::cached(cache, caller);
        self
    }

    /// The same source, whose [`lookup`](ResourceLookup::lookup)s go with this priority; ahead of the
    /// scan's requests, [`Priority::Interactive`], unless set. Where many are looked up and nobody
    /// waits, [`Priority::Bulk`] shares the quota with the scan. The list of api-versions, which the
    /// first of them may ask for, goes ahead always.
    #[must_use]
    pub fn with_lookup_priority(mut self, priority: Priority) -> Self {
        self.lookup_priority = priority;
        self
    }

    /// The client it reads through.
    pub fn client(&self) -> &ArmClient<T, P> {
        &self.client
    }

    /// The groups of subscriptions that queries name; one empty group for the whole tenant.
    fn groups(&self) -> Vec<Vec<String>> {
        if self.settings.subscriptions.is_empty() {
            return vec![Vec::new()];
        }
        let groups = self.settings.subscriptions.chunks(SUBSCRIPTIONS_PER_QUERY);
        groups.map(<[String]>::to_vec).collect()
    }

    async fn count(&self, group: &[String]) -> Result<u64> {
        let text = query::count_query(GraphTable::Resources);
        let request = graph_request(group, &text, None)?;
        self.client
            .send_checked(&request, |body| {
                count_in(&body).ok_or_else(|| broken(&request, "the answer holds no count"))
            })
            .await
    }

    async fn subscriptions(&self) -> Result<Vec<String>> {
        if !self.settings.subscriptions.is_empty() {
            return Ok(self.settings.subscriptions.clone());
        }
        let mut stream = read::list(self, "/subscriptions?api-version=2022-12-01".into());
        let mut found = Vec::new();
        while let Some(event) = futures::StreamExt::next(&mut stream).await {
            match event {
                Read::Page(page) => found.extend(
                    page.resources
                        .iter()
                        .filter_map(|one| one.id.subscription_id().map(ToOwned::to_owned)),
                ),
                Read::End(end) => {
                    if let Some(error) = end.error {
                        return Err(error);
                    }
                }
            }
        }
        Ok(found)
    }
}

#[async_trait]
impl<T: Transport + 'static, P: Pace + 'static> ResourceLookup for AzureSource<T, P> {
    async fn lookup(&self, id: &ResourceId) -> Result<Option<Text>> {
        let subscription = id.subscription_id().filter(|_| id.is_arm()).ok_or_else(|| {
            let message = format!("{id} is not the id of a resource in a subscription");
            Error::new(ErrorKind::InvalidInput, "look up resource", message)
        })?;
        let resource_type = id.resource_type();
        let version = self.api_versions.of(&self.client, subscription, &resource_type).await?;
        self.client.get_with_priority(id, &version, self.lookup_priority).await
    }
}

#[async_trait]
impl<T: Transport + 'static, P: Pace + 'static> ResourceSource for AzureSource<T, P> {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        let mut scopes = Vec::new();
        for group in self.groups() {
            let group: Arc<[String]> = group.into();
            let rows = self.count(&group).await?;
            scopes.push(AzureScope::containers(group.clone()).to_scope(None));
            let settings = &self.settings;
            let of = query::partitions(rows, settings.rows_per_partition, settings.parallel);
            for index in 0..of {
                let scope = AzureScope::partition(group.clone(), Partition { index, of });
                scopes.push(scope.to_scope(Some(rows / u64::from(of))));
            }
        }
        if !self.settings.listed_types.is_empty() {
            check_listed(&self.settings.listed_types)?;
            for subscription in self.subscriptions().await? {
                for resource_type in &self.settings.listed_types {
                    scopes.push(AzureScope::listing(&subscription, resource_type).to_scope(None));
                }
            }
        }
        Ok(scopes)
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        match AzureScope::from_scope(scope) {
            Ok(scope) => read::read(self, scope),
            Err(error) => read::ended(error),
        }
    }

    fn usage(&self) -> SourceUsage {
        self.client.usage()
    }
}

/// A type below another is listed resource by resource, which no subscription-wide link does.
fn check_listed(types: &[String]) -> Result<()> {
    match types.iter().find(|one| one.matches('/').count() != 1) {
        None => Ok(()),
        Some(one) => Err(Error::new(
            ErrorKind::InvalidInput,
            "list scopes",
            format!("{one:?} cannot be listed in a subscription; give namespace/type"),
        )),
    }
}

/// A query of Resource Graph as a request.
fn graph_request(group: &[String], query: &str, skip_token: Option<&str>) -> Result<Request> {
    let body = query::body(group, query, skip_token).map_err(|error| {
        Error::new(ErrorKind::Internal, "build query", "the query cannot be written as JSON")
            .with_source(error)
    })?;
    Ok(Request::query(query::QUERY_LINK, body))
}

/// The number in the answer to a count, whatever the column is called and in both formats.
fn count_in(body: &str) -> Option<u64> {
    let answer: serde_json::Value = serde_json::from_str(body).ok()?;
    let data = answer.get("data")?;
    match data.get("rows") {
        Some(rows) => rows.get(0)?.get(0)?.as_u64(),
        None => data.get(0)?.as_object()?.values().next()?.as_u64(),
    }
}

#[cfg(test)]
mod tests {
    use super::count_in;

    #[test]
    fn counts_are_found_in_both_formats() {
        assert_eq!(count_in(r#"{"data":[{"count_":17}]}"#), Some(17));
        assert_eq!(count_in(r#"{"data":{"columns":[],"rows":[[3]]}}"#), Some(3));
        assert_eq!(count_in(r#"{"data":[]}"#), None);
        assert_eq!(count_in("<html>"), None);
    }
}
