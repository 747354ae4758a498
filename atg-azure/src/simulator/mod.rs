//! A simulated Azure: a tenant of any size behind Azure's true limits, quirks and faults.
//!
//! [`TenantSpec`] says how large the tenant is; [`Simulator::builder`] puts it behind Resource
//! Graph and Resource Manager, in process ([`Transport`](crate::Transport)) or on a port
//! ([`Simulator::serve`]); [`Tenant::oracle`] says what a perfect scan finds.
//!
//! # What it knows
//! - `POST /providers/Microsoft.ResourceGraph/resources`: the tables `resources` and
//!   `resourcecontainers`; `where hash(tolower(id)) % N == k`, `where type` or
//!   `where subscriptionId` with `=~`, `==`, `in~`, `in`; `order by id`; `project`; `limit`;
//!   `summarize count()` and `count`; both result formats, `$skipToken`, at most 1,000 rows and
//!   16 MiB.
//! - `GET` of tenants, subscriptions, resource groups, resources (`$top`, `$filter` by type),
//!   providers, lists of a type, and any id; `nextLink` with empty pages on the way.
//! - Quotas in headers, 429 with `Retry-After`, 401, 403, 404 and 400 in Azure's envelope.
//! - Faults by rate and by script ([`Fault`], [`FaultPlan`]).

mod service;
pub mod tenant;

pub use service::{
    BucketLimit, Fault, FaultPlan, Latency, Limits, Operation, RetryAfter, SeenRequest,
    ServerHandle, Simulator, SimulatorBuilder, SimulatorStats, WindowLimit,
};
pub use tenant::{Face, NodeKind, Oracle, Tenant, TenantSpec};
