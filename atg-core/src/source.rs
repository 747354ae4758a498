//! [`ResourceSource`]: where resources come from.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};

use crate::{Resource, ResourceId, Result, Text};

/// A part of the source that is read, finishes and is restarted on its own: a partition of a
/// query, a list of one type in one subscription.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// A stable name that identifies the scope within its source, across runs.
    pub name: Text,
    /// About how many resources it holds, where the source knows.
    pub estimate: Option<u64>,
}

impl Scope {
    /// A scope with a name and no estimate.
    pub fn new(name: impl Into<Text>) -> Self {
        Self { name: name.into(), estimate: None }
    }
}

/// An item that was not read: which, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// The item's id where it has one; else where it stood: `items[17] of …`.
    pub id: Text,
    /// What is wrong with it.
    pub why: Text,
}

/// Some resources of one scope, and what was skipped among them.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The resources read.
    pub resources: Vec<Resource>,
    /// The items that could not be read.
    pub skipped: Vec<Skipped>,
    /// How many bytes of buffers the page keeps alive; what the pipeline's bound counts.
    pub bytes: usize,
}

/// How completely a scope was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScopeStatus {
    /// Everything in the scope was delivered, or named as skipped.
    Complete,
    /// Some of the scope was delivered; the rest is unknown.
    Partial,
    /// The source is not allowed to read the scope.
    Denied,
    /// Nothing reliable is known: the listing failed.
    Failed,
}

impl fmt::Display for ScopeStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Denied => "denied",
            Self::Failed => "failed",
        })
    }
}

/// How a scope ended.
#[derive(Debug)]
pub struct ScopeEnd {
    /// How completely it was read.
    pub status: ScopeStatus,
    /// Why it is not complete; there exactly if it is not.
    pub error: Option<crate::Error>,
}

/// One event of reading a scope.
#[derive(Debug)]
pub enum Read {
    /// Some resources.
    Page(Page),
    /// The end; nothing follows.
    End(ScopeEnd),
}

/// What a source has spent so far, for the report.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceUsage {
    /// Requests sent, repeated ones included.
    pub requests: u64,
    /// Answers that asked to slow down.
    pub throttled: u64,
    /// Time spent waiting for quota, summed over all readers.
    pub waited: Duration,
    /// Bytes of answers received, decoded.
    pub bytes: u64,
}

/// Where resources come from: Azure, a recording, a file, a list.
///
/// - **Scopes** partition the source. A resource may come in more than one scope, or twice in
///   one; writing is idempotent.
/// - **Pages** of one scope come in order; different scopes may be read at once, each by its own
///   stream, in any order, from any task.
/// - **Completeness**: every stream ends with exactly one [`Read::End`]. `Complete` is a promise
///   that everything the scope holds was delivered or named as skipped: deletions rest on it. A
///   stream that ends without it counts as `Failed`.
/// - **A bad item** never loses its page: it is named in [`Page::skipped`].
/// - **Restart**: `read` of the same scope starts again from its beginning, at any time.
/// - **Waiting** for quota, back-off and retries happen inside; what cannot be mended by waiting
///   ends the scope with a status and the error.
/// - **Cancellation**: dropping a stream abandons its requests and harms nothing else.
#[async_trait]
pub trait ResourceSource: Send + Sync {
    /// What there is to read, in a stable order.
    ///
    /// # Errors
    /// Where not even that can be found out: not signed in, no such tenant, nothing reachable.
    async fn scopes(&self) -> Result<Vec<Scope>>;

    /// Reads one scope, lazily: nothing is requested that is not polled for, beyond a page.
    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read>;

    /// What has been spent so far. Zeros where the source does not count.
    fn usage(&self) -> SourceUsage {
        SourceUsage::default()
    }
}

/// Where single resources can be looked up.
#[async_trait]
pub trait ResourceLookup: Send + Sync {
    /// One resource as its source writes it (JSON, usually), or `None` where there is none.
    ///
    /// # Errors
    /// `InvalidInput` for an id that this source cannot look up; otherwise as a read's.
    async fn lookup(&self, id: &ResourceId) -> Result<Option<Text>>;
}

#[async_trait]
impl<S: ResourceLookup + ?Sized> ResourceLookup for std::sync::Arc<S> {
    async fn lookup(&self, id: &ResourceId) -> Result<Option<Text>> {
        (**self).lookup(id).await
    }
}

#[async_trait]
impl<S: ResourceSource + ?Sized> ResourceSource for std::sync::Arc<S> {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        (**self).scopes().await
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        (**self).read(scope)
    }

    fn usage(&self) -> SourceUsage {
        (**self).usage()
    }
}
