//! [`ArmClient`]: one request to Azure, signed in, paced, and repeated where that helps.

mod backoff;
mod paging;
mod quota;
mod send;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atg_core::{OperationClass, Pace, PaceKey, Priority, ResourceId, Result, SourceUsage, Text};
use atg_perf::{QuotaPace, RetryBudget};
use bytes::Bytes;
use http::Method;
use serde::de::IgnoredAny;
use tokio::time::Instant;

pub use backoff::RetryPolicy;
pub use paging::Links;
pub(crate) use send::{broken, operation_name};

use crate::{Cloud, TokenSource, Transport};

/// A client of Azure Resource Manager and Resource Graph.
///
/// Every request is signed in, waits for its quota, is repeated after what may pass (throttling,
/// 5xx, a lost connection, a body cut off), and is counted. Each is a `tracing` span of the level
/// debug, `request`, all its tries and waits within. Cheap to clone; clones share quotas and
/// counts.
///
/// The type parameters are the transport and the pace; the default pace mirrors Azure's quotas.
pub struct ArmClient<T, P = QuotaPace> {
    inner: Arc<Inner<T, P>>,
    tenant: Arc<str>,
    principal: Arc<str>,
}

struct Inner<T, P> {
    transport: T,
    pace: P,
    token: Box<dyn TokenSource>,
    cloud: Cloud,
    retry: RetryPolicy,
    budget: Mutex<RetryBudget>,
    started: Instant,
    /// The minutes in which something was told, counted from 1.
    exhaustion_told: AtomicU64,
    long_wait_told: AtomicU64,
    jitter: backoff::Jitter,
    usage: Usage,
}

#[derive(Default)]
struct Usage {
    requests: AtomicU64,
    throttled: AtomicU64,
    waited: AtomicU64,
    bytes: AtomicU64,
}

impl<T, P> Clone for ArmClient<T, P> {
    fn clone(&self) -> Self {
        Self {
            inner: self.inner.clone(),
            tenant: self.tenant.clone(),
            principal: self.principal.clone(),
        }
    }
}

impl<T, P> std::fmt::Debug for ArmClient<T, P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ArmClient").field("cloud", &self.inner.cloud).finish_non_exhaustive()
    }
}

/// A request, before it is signed in.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// A path with its query, or a link on the cloud's own host.
    pub(crate) link: String,
    pub(crate) body: Bytes,
    pub(crate) operation: OperationClass,
    pub(crate) priority: Priority,
}

impl Request {
    pub(crate) fn get(link: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            link: link.into(),
            body: Bytes::new(),
            operation: OperationClass::Read,
            priority: Priority::Bulk,
        }
    }

    pub(crate) fn query(link: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self {
            method: Method::POST,
            body: body.into(),
            operation: OperationClass::Query,
            ..Self::get(link)
        }
    }
}

impl<T: Transport> ArmClient<T, QuotaPace> {
    /// A client that mirrors Azure's quotas.
    pub fn new(transport: T, token: impl TokenSource + 'static, cloud: Cloud) -> Self {
        Self::with_pace(transport, token, cloud, QuotaPace::default())
    }
}

impl<T: Transport, P: Pace> ArmClient<T, P> {
    /// A client with a pace of the caller's own.
    pub fn with_pace(
        transport: T,
        token: impl TokenSource + 'static,
        cloud: Cloud,
        pace: P,
    ) -> Self {
        Self {
            inner: Arc::new(Inner {
                transport,
                pace,
                token: Box::new(token),
                cloud,
                retry: RetryPolicy::default(),
                budget: Mutex::new(RetryPolicy::default().budget),
                started: Instant::now(),
                exhaustion_told: AtomicU64::new(0),
                long_wait_told: AtomicU64::new(0),
                jitter: backoff::Jitter::default(),
                usage: Usage::default(),
            }),
            tenant: "tenant".into(),
            principal: "self".into(),
        }
    }

    /// The same client with another retry policy. Call it before the client is cloned: a clone
    /// made earlier keeps the old policy, and this call then has no effect.
    #[must_use]
    pub fn with_retry(mut self, retry: RetryPolicy) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.retry = retry;
            inner.budget = Mutex::new(retry.budget);
        }
        self
    }

    /// The same client, whose requests count against the quotas of this principal in this tenant:
    /// an application's or a user's id, never a secret. Needed where clients of several of them share
    /// a pace: those that do not say count as one.
    #[must_use]
    pub fn with_identity(mut self, tenant: &str, principal: &str) -> Self {
        self.tenant = tenant.into();
        self.principal = principal.into();
        self
    }

    /// The cloud it talks to.
    pub fn cloud(&self) -> &Cloud {
        &self.inner.cloud
    }

    /// What it has spent so far, all clones together.
    pub fn usage(&self) -> SourceUsage {
        let usage = &self.inner.usage;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        SourceUsage {
            requests: read(&usage.requests),
            throttled: read(&usage.throttled),
            waited: Duration::from_micros(read(&usage.waited)),
            bytes: read(&usage.bytes),
        }
    }

    /// Reads one resource by its id: the raw JSON, or `None` where it does not exist. Goes ahead of a
    /// scan's requests for the same quota ([`Priority::Interactive`]); where many are read and nobody
    /// waits, use [`get_with_priority`](Self::get_with_priority).
    ///
    /// # Errors
    /// As every request: `Unauthenticated`, `PermissionDenied`, `Throttled`, `Unavailable`, …
    pub async fn get(&self, id: &ResourceId, api_version: &str) -> Result<Option<Text>> {
        self.get_with_priority(id, api_version, Priority::Interactive).await
    }

    /// As [`get`](Self::get), with a priority among those who wait for the same quota.
    ///
    /// # Errors
    /// Those of `get`.
    pub async fn get_with_priority(
        &self,
        id: &ResourceId,
        api_version: &str,
        priority: Priority,
    ) -> Result<Option<Text>> {
        let link = format!("{}?api-version={api_version}", escape_path(id.as_str()));
        let request = Request { priority, ..Request::get(link) };
        let whole = |body: Text| match serde_json::from_str::<IgnoredAny>(&body) {
            Ok(IgnoredAny) => Ok(body),
            Err(error) => Err(broken(&request, "the answer is no JSON").with_source(error)),
        };
        match self.send_checked(&request, whole).await {
            Ok(body) => Ok(Some(body)),
            Err(error) if error.kind() == atg_core::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The quota that a request counts against. Which region's front door answers is not known
    /// before it does, and a process meets one: the key names none.
    fn pace_key(&self, request: &Request) -> PaceKey {
        let scope = match request.operation {
            OperationClass::Query => self.tenant.clone(),
            _ => subscription_of(&request.link).map_or_else(|| self.tenant.clone(), Into::into),
        };
        PaceKey {
            principal: self.principal.clone(),
            scope,
            region: "".into(),
            operation: request.operation,
        }
    }
}

/// The subscription in a link, lower case.
fn subscription_of(link: &str) -> Option<String> {
    let lower = link.to_ascii_lowercase();
    let (_, rest) = lower.split_once("/subscriptions/")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    (end > 0).then(|| rest[..end].to_owned())
}

/// Escapes what an id may hold and a path may not.
fn escape_path(id: &str) -> String {
    let mut text = String::with_capacity(id.len());
    for c in id.chars() {
        match c {
            ' ' => text.push_str("%20"),
            '%' => text.push_str("%25"),
            '?' => text.push_str("%3F"),
            '#' => text.push_str("%23"),
            '\\' => text.push_str("%5C"),
            _ => text.push(c),
        }
    }
    text
}

#[cfg(test)]
mod tests;
