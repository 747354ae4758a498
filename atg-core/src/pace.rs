//! [`Pace`]: when the next request may go out.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

/// The class of operation a quota counts.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OperationClass {
    /// Reads through Azure Resource Manager.
    Read,
    /// Writes through Azure Resource Manager.
    Write,
    /// Deletions through Azure Resource Manager.
    Delete,
    /// Resource Graph queries.
    Query,
}

/// What a quota is kept for. Two requests share a quota exactly if their keys are equal.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PaceKey {
    /// Who asks: an application, a user; any text that tells them apart, never a secret.
    pub principal: Arc<str>,
    /// What is asked about: a subscription or a tenant.
    pub scope: Arc<str>,
    /// The region whose front door answers; empty where it is not known.
    pub region: Arc<str>,
    /// What is asked.
    pub operation: OperationClass,
}

/// Who goes first when quota is short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Priority {
    /// Work that can wait: a scan.
    #[default]
    Bulk,
    /// Somebody is waiting for the answer.
    Interactive,
}

/// What the other side said about a quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct QuotaHint {
    /// Requests left now.
    pub remaining: Option<u64>,
    /// When the quota is full again, from now.
    pub resets_after: Option<Duration>,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PaceResult {
    /// An answer, good or bad, that says nothing about load.
    Answered,
    /// The other side asked to slow down; how long to wait, where it said so.
    Throttled(Option<Duration>),
    /// The other side failed (5xx); no sign of too high a rate.
    ServerFailed,
    /// No answer came.
    Lost,
}

/// What came back of a request, and what it told about the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaceObservation {
    /// What came back.
    pub result: PaceResult,
    /// What the answer said about the quota.
    pub quota: QuotaHint,
    /// From sending to the whole answer.
    pub elapsed: Duration,
}

/// The right to send one request; whatever it holds (a place under a concurrency cap) is
/// returned when it is dropped.
#[must_use = "the request may go out as long as the permit lives"]
#[derive(Default)]
pub struct Permit {
    held: Option<Box<dyn Send + Sync>>,
}

impl Permit {
    /// A permit that holds nothing. Does not allocate.
    pub const fn free() -> Self {
        Self { held: None }
    }

    /// A permit that drops `guard` when it is dropped.
    pub fn holding(guard: impl Send + Sync + 'static) -> Self {
        Self { held: Some(Box::new(guard)) }
    }
}

impl fmt::Debug for Permit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("holds", &self.held.is_some()).finish()
    }
}

/// Decides when requests go out, and learns from what comes back.
///
/// - **`acquire` waits** until a request under this key may be sent. It holds nothing while it
///   waits, and nobody holds a permit through a back-off: drop it with the answer, then wait.
/// - **`observe` once for each permit**, with what came back; a request abandoned before its
///   answer is not observed, and its permit's drop returns what it held.
/// - **Cancel safe**: a dropped `acquire` takes nothing from the quota.
/// - **Keys are independent**; thousands of them are cheap.
/// - **Clock**: tokio's, so that paused time works.
#[async_trait]
pub trait Pace: Send + Sync {
    /// Waits for the right to send one request.
    async fn acquire(&self, key: &PaceKey, priority: Priority) -> Permit;

    /// Takes note of what came back. Never waits.
    fn observe(&self, key: &PaceKey, observation: &PaceObservation);
}

#[async_trait]
impl<P: Pace + ?Sized> Pace for Arc<P> {
    async fn acquire(&self, key: &PaceKey, priority: Priority) -> Permit {
        (**self).acquire(key, priority).await
    }

    fn observe(&self, key: &PaceKey, observation: &PaceObservation) {
        (**self).observe(key, observation);
    }
}

/// No pacing at all: every request goes out at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unpaced;

#[async_trait]
impl Pace for Unpaced {
    async fn acquire(&self, _key: &PaceKey, _priority: Priority) -> Permit {
        Permit::free()
    }

    fn observe(&self, _key: &PaceKey, _observation: &PaceObservation) {}
}
