//! [`Unit`]: a resource group and the fixed sequence of resources in it.

use super::Tenant;
use super::models::{Blueprint, compute, data, disks, edge, kubernetes, messaging, monitor};
use super::models::{network, operations, private, scale, security, sql, web};
use super::names::Naming::{self, Compact, Domain, Fixed, Numbered, Sequel, Unique};
use super::random::{mix, salted};
use super::vocabulary::{ENVIRONMENTS, REGIONS, Region, WORKLOADS};

/// How many resources a whole unit has.
pub(super) const UNIT_SIZE: usize = SLOTS.len();

/// A place in every unit's sequence, named by what stands there. The last unit of a
/// subscription may lack the later ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Position {
    Workspace,
    Identity,
    SecurityGroup,
    RouteTable,
    EgressIp,
    NatGateway,
    VirtualNetwork,
    StorageAccount,
    KeyVault,
    PrivateDnsZone,
    VirtualNetworkLink,
    DnsZone,
    DiskEncryptionSet,
    ProximityGroup,
    AvailabilitySet,
    BalancerIp,
    LoadBalancer,
    MachineIp,
    Interface,
    SecondInterface,
    OsDisk,
    DataDisk,
    SecondOsDisk,
    Image,
    Machine,
    SecondMachine,
    Extension,
    Snapshot,
    ScaleSet,
    GatewayIp,
    ApplicationGateway,
    Bastion,
    ServerFarm,
    WebSite,
    FunctionApp,
    Component,
    SqlServer,
    ElasticPool,
    SqlDatabase,
    PostgreSql,
    Cosmos,
    Redis,
    EndpointInterface,
    PrivateEndpoint,
    Registry,
    Kubernetes,
    EventHub,
    ServiceBus,
    ApiManagement,
    Automation,
    LogicApp,
    ActionGroup,
    MetricAlert,
    ActivityAlert,
    Autoscale,
}

/// One place of the sequence: what stands there, and how it is called.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) position: Position,
    pub(super) blueprint: &'static Blueprint,
    pub(super) naming: Naming,
}

const fn slot(position: Position, blueprint: &'static Blueprint, naming: Naming) -> Slot {
    Slot { position, blueprint, naming }
}

/// The sequence of every unit, in the order of [`Position`].
pub(super) static SLOTS: [Slot; 55] = [
    slot(Position::Workspace, &monitor::WORKSPACE, Unique("log")),
    slot(Position::Identity, &security::IDENTITY, Numbered("id", 1)),
    slot(Position::SecurityGroup, &network::SECURITY_GROUP, Numbered("nsg", 1)),
    slot(Position::RouteTable, &network::ROUTE_TABLE, Numbered("rt", 1)),
    slot(Position::EgressIp, &edge::PUBLIC_IP, Numbered("pip-nat", 1)),
    slot(Position::NatGateway, &edge::NAT_GATEWAY, Numbered("ng", 1)),
    slot(Position::VirtualNetwork, &network::VIRTUAL_NETWORK, Numbered("vnet", 1)),
    slot(Position::StorageAccount, &data::STORAGE_ACCOUNT, Compact("st")),
    slot(Position::KeyVault, &security::KEY_VAULT, Unique("kv")),
    slot(Position::PrivateDnsZone, &private::DNS_ZONE, Fixed("privatelink.blob.core.windows.net")),
    slot(Position::VirtualNetworkLink, &private::DNS_LINK, Numbered("link", 1)),
    slot(Position::DnsZone, &edge::DNS_ZONE, Domain),
    slot(Position::DiskEncryptionSet, &disks::ENCRYPTION_SET, Numbered("des", 1)),
    slot(Position::ProximityGroup, &compute::PROXIMITY_GROUP, Numbered("ppg", 1)),
    slot(Position::AvailabilitySet, &compute::AVAILABILITY_SET, Numbered("avail", 1)),
    slot(Position::BalancerIp, &edge::PUBLIC_IP, Numbered("pip-lb", 1)),
    slot(Position::LoadBalancer, &edge::LOAD_BALANCER, Numbered("lb", 1)),
    slot(Position::MachineIp, &edge::PUBLIC_IP, Numbered("pip-vm", 1)),
    slot(Position::Interface, &network::INTERFACE, Numbered("nic", 1)),
    slot(Position::SecondInterface, &network::INTERFACE, Numbered("nic", 2)),
    slot(Position::OsDisk, &disks::DISK, Sequel(Position::Machine, "_OsDisk_1_")),
    slot(Position::DataDisk, &disks::DISK, Sequel(Position::Machine, "_DataDisk_0_")),
    slot(Position::SecondOsDisk, &disks::DISK, Sequel(Position::SecondMachine, "_OsDisk_1_")),
    slot(Position::Image, &disks::IMAGE, Numbered("img", 1)),
    slot(Position::Machine, &compute::MACHINE, Numbered("vm", 1)),
    slot(Position::SecondMachine, &compute::MACHINE, Numbered("vm", 2)),
    slot(Position::Extension, &compute::EXTENSION, Fixed("AzureMonitorLinuxAgent")),
    slot(Position::Snapshot, &disks::SNAPSHOT, Numbered("snap", 1)),
    slot(Position::ScaleSet, &scale::SCALE_SET, Numbered("vmss", 1)),
    slot(Position::GatewayIp, &edge::PUBLIC_IP, Numbered("pip-agw", 1)),
    slot(Position::ApplicationGateway, &edge::APPLICATION_GATEWAY, Numbered("agw", 1)),
    slot(Position::Bastion, &edge::BASTION, Numbered("bas", 1)),
    slot(Position::ServerFarm, &web::SERVER_FARM, Numbered("asp", 1)),
    slot(Position::WebSite, &web::SITE, Unique("app")),
    slot(Position::FunctionApp, &web::SITE, Unique("func")),
    slot(Position::Component, &monitor::COMPONENT, Numbered("appi", 1)),
    slot(Position::SqlServer, &sql::SERVER, Unique("sql")),
    slot(Position::ElasticPool, &sql::ELASTIC_POOL, Numbered("pool", 1)),
    slot(Position::SqlDatabase, &sql::DATABASE, Numbered("sqldb", 1)),
    slot(Position::PostgreSql, &sql::POSTGRESQL, Unique("psql")),
    slot(Position::Cosmos, &data::COSMOS, Unique("cosmos")),
    slot(Position::Redis, &data::REDIS, Unique("redis")),
    slot(
        Position::EndpointInterface,
        &network::INTERFACE,
        Sequel(Position::PrivateEndpoint, ".nic."),
    ),
    slot(Position::PrivateEndpoint, &private::ENDPOINT, Numbered("pe", 1)),
    slot(Position::Registry, &kubernetes::REGISTRY, Compact("cr")),
    slot(Position::Kubernetes, &kubernetes::CLUSTER, Numbered("aks", 1)),
    slot(Position::EventHub, &messaging::EVENT_HUB, Unique("evhns")),
    slot(Position::ServiceBus, &messaging::SERVICE_BUS, Unique("sbns")),
    slot(Position::ApiManagement, &web::API_MANAGEMENT, Unique("apim")),
    slot(Position::Automation, &operations::AUTOMATION, Numbered("aa", 1)),
    slot(Position::LogicApp, &operations::LOGIC_APP, Numbered("logic", 1)),
    slot(Position::ActionGroup, &monitor::ACTION_GROUP, Numbered("ag", 1)),
    slot(Position::MetricAlert, &monitor::METRIC_ALERT, Numbered("cpu-high", 1)),
    slot(Position::ActivityAlert, &monitor::ACTIVITY_ALERT, Numbered("service-health", 1)),
    slot(Position::Autoscale, &monitor::AUTOSCALE, Numbered("autoscale", 1)),
];

impl Position {
    /// What stands here.
    pub(super) fn slot(self) -> &'static Slot {
        &SLOTS[self as usize]
    }
}

/// A unit of a tenant: which resource group it is, and the words that its names share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit {
    /// Among all units of the tenant.
    pub(super) number: u64,
    /// Among the units of its subscription.
    pub(super) local_number: u64,
    pub(super) subscription: u32,
    /// The index of its first resource.
    pub(super) first: u64,
    /// How many resources it has.
    pub(super) length: u64,
    pub(super) hash: u64,
    pub(super) workload: &'static str,
    pub(super) environment: &'static str,
    pub(super) region: &'static Region,
}

impl Unit {
    pub(super) fn of(tenant: &Tenant, number: u64) -> Self {
        let subscription = tenant.layout.subscription_of_unit(number);
        let indexes = tenant.layout.indexes_of_unit(number);
        let hash = salted(mix(tenant.spec.seed), number);
        Self {
            number,
            local_number: number - tenant.layout.units_of(subscription).start,
            subscription,
            first: indexes.start,
            length: indexes.end - indexes.start,
            hash,
            workload: choose(hash, &WORKLOADS),
            environment: choose(hash >> 16, &ENVIRONMENTS),
            region: choose(hash >> 32, &REGIONS.each_ref()),
        }
    }

    /// Whether the unit is long enough to have this position.
    pub(super) fn has(&self, position: Position) -> bool {
        (position as u64) < self.length
    }

    /// The index of the resource at this position.
    pub(super) fn index(&self, position: Position) -> u64 {
        self.first + position as u64
    }
}

/// The item that a mixed number selects.
pub(super) fn choose<T: Copy>(hash: u64, items: &[T]) -> T {
    items[usize::try_from(hash % items.len() as u64).unwrap_or_default()]
}

#[cfg(test)]
mod tests {
    use super::SLOTS;

    #[test]
    fn the_sequence_is_in_the_order_of_positions() {
        for (number, slot) in SLOTS.iter().enumerate() {
            assert_eq!(slot.position as usize, number, "{:?}", slot.position);
        }
    }
}
