//! [`TimeToLive`]: how long answers of each kind stay good.

use std::time::Duration;

/// How long answers of each kind may be served from a cache: presets.
#[derive(Debug, Clone, Copy)]
pub struct TimeToLive;

impl TimeToLive {
    /// A list of virtual machines: 5 minutes.
    pub const VM_LIST: Duration = Duration::from_secs(5 * 60);
    /// The state of a virtual machine: 1 minute.
    pub const VM_STATUS: Duration = Duration::from_secs(60);
    /// A public IP address: 10 minutes.
    pub const PUBLIC_IP: Duration = Duration::from_secs(10 * 60);
    /// Metadata, such as types and their versions: 30 minutes.
    pub const METADATA: Duration = Duration::from_secs(30 * 60);
    /// The results of a search: 1 hour.
    pub const SEARCH_RESULTS: Duration = Duration::from_secs(60 * 60);
    /// What a network looks like: 24 hours.
    pub const NETWORK_METADATA: Duration = Duration::from_secs(24 * 60 * 60);
    /// Statistics: 15 minutes.
    pub const STATISTICS: Duration = Duration::from_secs(15 * 60);
    /// A list of sessions: 5 minutes.
    pub const SESSION_LIST: Duration = Duration::from_secs(5 * 60);
}
