//! Progress of a running pipeline.

use std::fmt;
use std::sync::Arc;

/// What the pipeline is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Finding out what there is.
    Listing,
    /// Reading and writing.
    Scanning,
    /// Writing the relationships that waited for a node.
    Resolving,
    /// Ending the load in the sink.
    Flushing,
    /// Done.
    Done,
}

impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Listing => "listing",
            Self::Scanning => "scanning",
            Self::Resolving => "resolving",
            Self::Flushing => "flushing",
            Self::Done => "done",
        })
    }
}

/// How far a pipeline is; all numbers but `waiting` only grow.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// What it is doing.
    pub stage: Stage,
    /// Scopes there are.
    pub scopes: u64,
    /// Scopes that ended.
    pub scopes_ended: u64,
    /// Resources expected, where every scope has an estimate.
    pub expected: Option<u64>,
    /// Resources read.
    pub resources_read: u64,
    /// Items and rows skipped.
    pub skipped: u64,
    /// Nodes written or found unchanged.
    pub nodes: u64,
    /// Relationships written or found unchanged.
    pub relationships: u64,
    /// Relationships that wait for a node.
    pub waiting: u64,
    /// Requests the source sent.
    pub requests: u64,
    /// Answers that asked to slow down.
    pub throttled: u64,
}

impl Default for Progress {
    fn default() -> Self {
        Self {
            stage: Stage::Listing,
            scopes: 0,
            scopes_ended: 0,
            expected: None,
            resources_read: 0,
            skipped: 0,
            nodes: 0,
            relationships: 0,
            waiting: 0,
            requests: 0,
            throttled: 0,
        }
    }
}

/// Called with the progress after every page and every batch, from the pipeline's own task: it
/// must not block.
pub type ProgressObserver = Arc<dyn Fn(&Progress) + Send + Sync>;
