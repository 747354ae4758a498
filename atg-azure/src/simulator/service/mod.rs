//! The simulated Azure as a service: its operations, limits, quirks and faults.
//!
//! A request passes through here in this order: latency, faults, sign-in, quotas
//! ([`answering`]), then Resource Graph ([`graph`]) or Resource Manager ([`arm`]). The arithmetic
//! of limits and latencies are values that read no clock ([`bucket`], [`window`], [`latency`]).

mod access;
mod answer;
mod answering;
mod arm;
mod bucket;
mod builder;
mod call;
mod fault;
mod graph;
mod latency;
mod limits;
mod port;
mod query;
mod quota;
mod random;
mod route;
mod settings;
mod stats;
mod token;
mod window;
mod world;

pub use bucket::BucketLimit;
pub use builder::SimulatorBuilder;
pub use fault::{Fault, FaultPlan, RetryAfter, SeenRequest};
pub use latency::Latency;
pub use limits::Limits;
pub use port::ServerHandle;
pub use route::Operation;
pub use stats::SimulatorStats;
pub use window::WindowLimit;

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use atg_core::Result;
use bytes::Bytes;
use http::{Request, Response};
use tokio::time::Instant;

use crate::Transport;
use crate::simulator::tenant::{Tenant, TenantSpec};
use access::Access;
use fault::Faults;
use quota::Quotas;
use settings::Settings;
use stats::Counters;
use world::World;

/// Azure, simulated: a tenant of any size behind Resource Graph and Resource Manager.
///
/// It is a [`Transport`]: put it where the real one goes, or let real clients come to a port of
/// this machine with [`serve`](Self::serve). All waiting is by tokio's clock, so a test that
/// pauses it sees an hour of throttling in a moment.
///
/// Clones are cheap and share everything: quotas, faults and statistics. Answers depend on the
/// tenant, the seed and the order of the requests only.
///
/// Memory: what [`Tenant`] takes, at most 8 bytes a resource for the order of the rows, and the
/// answers under way.
///
/// ```
/// use atg_azure::Transport;
/// use atg_azure::simulator::{Limits, Simulator, TenantSpec};
/// use bytes::Bytes;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let azure = Simulator::builder(TenantSpec::sized(100, 2)).limits(Limits::azure()).build()?;
/// let request = http::Request::post(
///     "https://management.azure.com/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01",
/// )
/// .header("authorization", "Bearer anything")
/// .header("content-type", "application/json")
/// .body(Bytes::from_static(br#"{"query":"resources | summarize count()"}"#))
/// .unwrap();
/// let answer = azure.send(request).await?;
/// assert_eq!(answer.headers()["x-ms-user-quota-remaining"], "14");
/// assert!(answer.body().starts_with(b"{"));
/// assert_eq!(azure.stats().requests, 1);
/// # Ok::<(), atg_core::Error>(())
/// # }).unwrap();
/// ```
#[derive(Debug, Clone)]
pub struct Simulator {
    service: Arc<Service>,
}

/// The service behind both faces.
#[derive(Debug)]
pub(crate) struct Service {
    world: World,
    quotas: Quotas,
    faults: Faults,
    counters: Counters,
    /// The first request's time, from which all others are counted.
    started: OnceLock<Instant>,
}

impl Simulator {
    /// Starts to set up a simulator of the tenant that `spec` describes: Azure's limits, no
    /// latency, no faults, any token, unless told otherwise.
    pub fn builder(spec: TenantSpec) -> SimulatorBuilder {
        SimulatorBuilder::new(spec)
    }

    fn new(
        tenant: Tenant,
        settings: Settings,
        access: Access,
        limits: Limits,
        faults: Faults,
    ) -> Self {
        let world = World { tenant, settings, access, partitions: graph::Partitions::default() };
        let service = Service {
            world,
            quotas: Quotas::new(limits),
            faults,
            counters: Counters::default(),
            started: OnceLock::new(),
        };
        Self { service: Arc::new(service) }
    }

    /// The tenant behind the service, with its oracle.
    pub fn tenant(&self) -> &Tenant {
        &self.service.world.tenant
    }

    /// What has been seen until now; a copy.
    pub fn stats(&self) -> SimulatorStats {
        self.service.counters.snapshot()
    }

    /// Listens on a port of this machine for real clients, over plain HTTP/1.1; port 0 takes any
    /// free one, which [`ServerHandle::url`] names. Must be called within a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` where the address is not loopback: whatever token comes is accepted, so
    /// nobody else may come. `Unavailable` where the port cannot be had.
    pub async fn serve(&self, address: SocketAddr) -> Result<ServerHandle> {
        port::serve(Arc::clone(&self.service), address).await
    }
}

#[async_trait]
impl Transport for Simulator {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>> {
        self.service.answer(request).await
    }
}
