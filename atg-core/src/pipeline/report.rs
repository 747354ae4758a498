//! What a run of the pipeline did.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{ScopeStatus, Skipped, SourceUsage, Text};

/// How many scopes ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeCounts {
    /// Read in full.
    pub complete: u64,
    /// Read in part.
    pub partial: u64,
    /// Not allowed.
    pub denied: u64,
    /// Not read.
    pub failed: u64,
}

impl ScopeCounts {
    pub(crate) fn add(&mut self, status: ScopeStatus) {
        match status {
            ScopeStatus::Complete => self.complete += 1,
            ScopeStatus::Partial => self.partial += 1,
            ScopeStatus::Denied => self.denied += 1,
            ScopeStatus::Failed => self.failed += 1,
        }
    }

    /// Whether every scope was read in full.
    pub fn all_complete(&self) -> bool {
        self.partial + self.denied + self.failed == 0
    }
}

/// A scope that was not read in full, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeProblem {
    /// The scope's name.
    pub scope: Text,
    /// How it ended.
    pub status: ScopeStatus,
    /// The error, with its causes.
    pub why: String,
}

/// A named stretch of work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Phase {
    /// What was done.
    pub name: String,
    /// How long it took, in seconds.
    pub seconds: f64,
    /// How many items it moved.
    pub items: u64,
    /// Items a second.
    pub per_second: f64,
}

impl Phase {
    /// A phase that moved `items` in `elapsed`.
    pub fn new(name: impl Into<String>, elapsed: Duration, items: u64) -> Self {
        let seconds = elapsed.as_secs_f64();
        #[allow(clippy::cast_precision_loss, reason = "a rate for people")]
        let per_second = if seconds > 0.0 { items as f64 / seconds } else { 0.0 };
        Self { name: name.into(), seconds, items, per_second }
    }
}

/// What a scan did, by the counts of the source and of the sink.
#[non_exhaustive]
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScanReport {
    /// Records read; one that came in two scopes counts twice.
    pub resources_read: u64,
    /// Items not read and rows not stored, each with the reason; the first 10,000, then one
    /// entry that says how many more there are.
    pub resources_skipped: Vec<Skipped>,
    /// Nodes created or updated, shared and unresolved ones included.
    pub nodes_written: u64,
    /// Nodes that were already just so.
    pub nodes_unchanged: u64,
    /// Relationships created or updated.
    pub relationships_written: u64,
    /// Nodes that were referred to and not read, as far as this run had to make them.
    pub unresolved: u64,
    /// Nodes deleted; always 0 until sweeping exists.
    pub deleted: u64,
    /// How the scopes ended.
    pub scopes: ScopeCounts,
    /// Requests the source sent.
    pub requests: u64,
    /// Answers that asked to slow down.
    pub throttled: u64,
    /// The whole scan, in seconds.
    pub seconds: f64,
    /// Relationships that were already just so.
    #[serde(skip)]
    pub relationships_unchanged: u64,
    /// Relationships that no record names any more.
    #[serde(skip)]
    pub relationships_removed: u64,
    /// The scopes that were not read in full.
    #[serde(skip)]
    pub problems: Vec<ScopeProblem>,
    /// Whether the run was cancelled before its end.
    #[serde(skip)]
    pub cancelled: bool,
    /// Where the time went; reading and writing overlap within "scan".
    #[serde(skip)]
    pub phases: Vec<Phase>,
}

/// Entries kept in [`ScanReport::resources_skipped`].
const MOST_SKIPPED: usize = 10_000;

impl ScanReport {
    /// Whether everything there was to read was read and stored or named.
    pub fn is_complete(&self) -> bool {
        !self.cancelled && self.scopes.all_complete()
    }

    pub(crate) fn skip(&mut self, total: &mut u64, skipped: impl IntoIterator<Item = Skipped>) {
        for one in skipped {
            *total += 1;
            if self.resources_skipped.len() < MOST_SKIPPED {
                self.resources_skipped.push(one);
            }
        }
    }

    pub(crate) fn close(&mut self, skipped: u64, usage: SourceUsage, elapsed: Duration) {
        let kept = self.resources_skipped.len() as u64;
        if skipped > kept {
            self.resources_skipped.push(Skipped {
                id: "…".into(),
                why: format!("and {} more", skipped - kept).into(),
            });
        }
        self.requests = usage.requests;
        self.throttled = usage.throttled;
        self.seconds = elapsed.as_secs_f64();
    }
}
