//! [`SimulatorBuilder`]: how the simulated Azure is set up.

use std::time::Duration;

use atg_core::{Error, ErrorKind, Result};

use super::Simulator;
use super::access::Access;
use super::call::Token;
use super::fault::{Fault, FaultPlan, Faults};
use super::latency::Latency;
use super::limits::Limits;
use super::settings::{MOST_ITEMS, Settings};
use crate::simulator::tenant::{Tenant, TenantSpec};

/// Sets up a [`Simulator`]; see [`Simulator::builder`].
#[derive(Debug)]
pub struct SimulatorBuilder {
    spec: TenantSpec,
    settings: Settings,
    limits: Limits,
    faults: Faults,
    access: Access,
}

impl SimulatorBuilder {
    pub(crate) fn new(spec: TenantSpec) -> Self {
        let seed = spec.seed;
        Self {
            spec,
            settings: Settings { seed, ..Settings::default() },
            limits: Limits::azure(),
            faults: Faults { seed, kinds: Fault::TRANSIENT.to_vec(), ..Faults::default() },
            access: Access::default(),
        }
    }

    /// How many requests are answered before a 429. Default [`Limits::azure`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long an answer takes. Default: no time at all.
    #[must_use]
    pub fn latency(mut self, latency: Latency) -> Self {
        self.settings.latency = latency;
        self
    }

    /// What latencies, faults and empty pages are drawn from. Default: the tenant's seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.settings.seed = seed;
        self.faults.seed = seed;
        self
    }

    /// The share of requests that go wrong, at least 0 and less than 1. Default 0.
    #[must_use]
    pub fn fault_rate(mut self, rate: f64) -> Self {
        self.faults.rate = rate;
        self
    }

    /// The kinds of fault that the rate draws from, each as likely. Default
    /// [`Fault::TRANSIENT`].
    #[must_use]
    pub fn fault_kinds(mut self, kinds: impl Into<Vec<Fault>>) -> Self {
        self.faults.kinds = kinds.into();
        self
    }

    /// The script of faults. Default: none.
    #[must_use]
    pub fn faults(mut self, plan: FaultPlan) -> Self {
        self.faults.plan = plan;
        self
    }

    /// Whether a request that goes wrong leaves the quotas as they were. Default false: it costs
    /// what a good one does.
    #[must_use]
    pub fn free_faults(mut self, free: bool) -> Self {
        self.faults.free = free;
        self
    }

    /// Rows or items a page, 1 to 1,000, where the client asks for no fewer. Default 1,000.
    #[must_use]
    pub fn page_size(mut self, items: u32) -> Self {
        self.settings.page_size = items;
        self
    }

    /// The most bytes of a Resource Graph answer; a page that would be larger gets fewer rows, but
    /// always one. Default 16 MiB.
    #[must_use]
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.settings.most_bytes = bytes;
        self
    }

    /// The share of Resource Manager's pages that come after one or two empty ones, 0 to 1.
    /// Default 0.1.
    #[must_use]
    pub fn empty_pages(mut self, share: f64) -> Self {
        self.settings.empty_pages = share;
        self
    }

    /// A type that may not be read, in any case: lists and reads of it are 403, other listings do
    /// not have it. May be said often.
    #[must_use]
    pub fn deny_type(mut self, resource_type: &str) -> Self {
        self.access.denied_types.insert(resource_type.to_ascii_lowercase());
        self
    }

    /// A subscription, by its number, of which nothing may be read: 403. It is listed all the
    /// same; Resource Graph leaves it out. May be said often.
    #[must_use]
    pub fn deny_subscription(mut self, number: u32) -> Self {
        self.access.denied_subscriptions.insert(number);
        self
    }

    /// The only bearer token that is accepted; the text itself is not kept. Default: any.
    #[must_use]
    pub fn token(mut self, token: &str) -> Self {
        self.access.expected = Some(Token::of(token));
        self
    }

    /// How many requests a token is good for; after them it is 401, until the client comes with
    /// another. Default: no end.
    #[must_use]
    pub fn token_lifetime(mut self, requests: u64) -> Self {
        self.access.lifetime = Some(requests);
        self
    }

    /// A constant latency; short for [`latency`](Self::latency).
    #[must_use]
    pub fn latency_of(self, latency: Duration) -> Self {
        self.latency(Latency::Constant(latency))
    }

    /// Builds the simulator, at the cost of the subscriptions' ids.
    ///
    /// # Errors
    /// `InvalidInput` where the tenant's spec, a share, the page size or the number of a
    /// subscription is out of its range.
    pub fn build(self) -> Result<Simulator> {
        self.check()?;
        let tenant = Tenant::new(self.spec)?;
        Ok(Simulator::new(tenant, self.settings, self.access, self.limits, self.faults))
    }

    fn check(&self) -> Result<()> {
        let Settings { page_size, empty_pages, .. } = self.settings;
        let rate = self.faults.rate;
        let subscription = self.access.denied_subscriptions.iter().copied().max();
        let problem = if !(1..=MOST_ITEMS).contains(&page_size) {
            format!("a page size of {page_size} is not between 1 and {MOST_ITEMS}")
        } else if !(0.0..1.0).contains(&rate) {
            format!("a fault rate of {rate} is not at least 0 and below 1")
        } else if !(0.0..=1.0).contains(&empty_pages) {
            format!("a share of empty pages of {empty_pages} is not between 0 and 1")
        } else if let Some(number) =
            subscription.filter(|number| *number >= self.spec.subscriptions)
        {
            format!("there is no subscription {number}")
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidInput, "build simulator", problem))
    }
}
