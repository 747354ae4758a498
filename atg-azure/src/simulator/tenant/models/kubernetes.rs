//! Clusters and the registries they pull from.

use super::{Blueprint, Envelope, Identity, PLAIN};
use crate::simulator::tenant::id::Spelling;
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::spell::Spell as _;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::{Endpoint, Writer};

pub(in super::super) static CLUSTER: Blueprint = Blueprint {
    spelling: Spelling::LowerWord,
    ..Blueprint::new(
        "Microsoft.ContainerService/managedClusters",
        |place| Envelope {
            sku: place.pick(
                1,
                &[r#"{"name":"Base","tier":"Free"}"#, r#"{"name":"Base","tier":"Standard"}"#],
            ),
            identity: Identity::User(Position::Identity),
            ..PLAIN
        },
        cluster,
    )
};

pub(in super::super) static REGISTRY: Blueprint = Blueprint::new(
    "Microsoft.ContainerRegistry/registries",
    |_| Envelope {
        sku: r#"{"name":"Premium","tier":"Premium"}"#,
        identity: Identity::System,
        system_data: true,
        ..PLAIN
    },
    registry,
);

fn cluster(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded","powerState":{"code":"Running"},"kubernetesVersion":"1.31","currentKubernetesVersion":"1.31.7","enableRBAC":true,"supportPlan":"KubernetesOfficial""#);
    w.text("dnsPrefix", place.name());
    w.text("fqdn", (place.name(), "-", place.unit.number, ".azmk8s.io"));
    w.list("agentPoolProfiles", |w| {
        agent_pool(place, "system", 2, w);
        agent_pool(place, "user", place.number(10, 20) + 1, w);
    });
    node_group(place, w);
    w.object("addonProfiles", |w| {
        w.object("omsagent", |w| {
            w.raw(r#""enabled":true"#);
            w.object("config", |w| {
                let workspace = place.shared(Position::Workspace);
                w.refer_text("logAnalyticsWorkspaceResourceID", "LOGS_TO", workspace);
                w.raw(r#""useAADAuth":"true""#);
            });
        });
    });
    w.object("identityProfile", |w| {
        w.object("kubeletidentity", |w| {
            let identity = place.at(Position::Identity);
            w.refer_text("resourceId", "USES_IDENTITY", identity);
            w.text("clientId", identity.client());
            w.text("objectId", identity.principal());
        });
    });
    w.object("networkProfile", |w| {
        w.raw(r#""networkPlugin":"azure","networkPolicy":"cilium","loadBalancerSku":"standard","serviceCidr":"172.16.0.0/16","dnsServiceIP":"172.16.0.10","outboundType":"loadBalancer""#);
        w.object("loadBalancerProfile", |w| {
            let address = place.at(Position::BalancerIp);
            w.list("effectiveOutboundIPs", |w| w.refer_item("HAS_PUBLIC_IP", address));
        });
    });
    w.refer_text("diskEncryptionSetID", "ENCRYPTED_BY", place.at(Position::DiskEncryptionSet));
    w.list("privateLinkResources", |w| {
        w.item(|w| {
            w.own_child("id", place, "privateLinkResources", "management");
            w.raw(r#""name":"management","groupId":"management","requiredMembers":["management"]"#);
        });
    });
    w.raw(r#""maxAgentPools":100,"disableLocalAccounts":true"#);
}

fn agent_pool(place: &Place<'_>, mode: &str, count: u64, w: &mut Writer<'_>) {
    w.item(|w| {
        w.text("name", (mode, "pool"));
        w.member("count", count);
        w.raw(r#""vmSize":"Standard_D4s_v5","osType":"Linux","osSKU":"Ubuntu","osDiskSizeGB":128,"maxPods":110,"type":"VirtualMachineScaleSets","enableAutoScaling":true,"minCount":1,"maxCount":30,"orchestratorVersion":"1.31""#);
        w.text("mode", if mode == "system" { "System" } else { "User" });
        w.refer_text("vnetSubnetID", "IN_SUBNET", place.subnet("snet-app"));
        w.raw(r#""provisioningState":"Succeeded""#);
    });
}

/// The group that the cluster makes for its nodes. It is outside the simulated tenant.
fn node_group(place: &Place<'_>, w: &mut Writer<'_>) {
    let mut group = String::with_capacity(64);
    let name = ("MC_", place.unit.group_name(), "_", place.name());
    (name, "_", place.unit.region.name).spell(&mut group);
    w.text("nodeResourceGroup", group.as_str());
    group.make_ascii_lowercase();
    let subscription = place.tenant.subscription_id(place.unit.subscription);
    let key = ("/subscriptions/", subscription, "/resourcegroups/", group.as_str());
    w.tell_spelled("MANAGES", key, Endpoint::Unlisted);
}

fn registry(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("loginServer", (place.name(), ".azurecr.io"));
    w.text("creationDate", place.time(10));
    w.raw(r#""provisioningState":"Succeeded","adminUserEnabled":false,"dataEndpointEnabled":false,"anonymousPullEnabled":false,"networkRuleBypassOptions":"AzureServices","zoneRedundancy":"Enabled","publicNetworkAccess":"Enabled""#);
    w.raw(r#""policies":{"quarantinePolicy":{"status":"disabled"},"trustPolicy":{"type":"Notary","status":"disabled"},"retentionPolicy":{"days":7,"status":"enabled"},"exportPolicy":{"status":"enabled"},"softDeletePolicy":{"retentionDays":7,"status":"disabled"}}"#);
    w.raw(r#""networkRuleSet":{"defaultAction":"Deny","ipRules":[]},"encryption":{"status":"disabled"}"#);
    w.nulls(&["status"]);
}
