//! [`Limits`]: what the simulated Azure allows.

use std::time::Duration;

use super::bucket::BucketLimit;
use super::window::WindowLimit;

/// How many requests the simulated Azure answers before it says 429.
///
/// ```
/// use atg_azure::simulator::{BucketLimit, Limits};
///
/// let slow = Limits { reads: Some(BucketLimit::new(10, 1)), ..Limits::azure() };
/// assert_eq!(slow.queries.map(|limit| limit.queries), Some(15));
/// assert_eq!(Limits::none().reads, None);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Reads of Azure Resource Manager: one bucket for each subscription and principal, one for
    /// the tenant and each principal. All principals of a subscription together have fifteen
    /// times as much. `None`: no limit.
    pub reads: Option<BucketLimit>,
    /// Queries of Azure Resource Graph, for each principal. `None`: no limit.
    pub queries: Option<WindowLimit>,
    /// Whether a read that is refused takes a token all the same, so that who retries early waits
    /// for ever. Azure does so at times; default false.
    pub refusals_cost: bool,
}

impl Limits {
    /// Azure's own: 250 reads and 25 more each second; 15 queries in 5 seconds.
    #[must_use]
    pub const fn azure() -> Self {
        Self {
            reads: Some(BucketLimit { capacity: 250, refill_per_second: 25 }),
            queries: Some(WindowLimit { queries: 15, window: Duration::from_secs(5) }),
            refusals_cost: false,
        }
    }

    /// No limits: every request is answered, and no header tells of a quota.
    #[must_use]
    pub const fn none() -> Self {
        Self { reads: None, queries: None, refusals_cost: false }
    }
}

impl Default for Limits {
    /// [`Limits::azure`].
    fn default() -> Self {
        Self::azure()
    }
}
