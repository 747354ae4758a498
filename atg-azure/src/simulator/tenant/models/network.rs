//! Networks, their rules and routes, and the interfaces in them.

use super::{Blueprint, Envelope, PLAIN, plain};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static VIRTUAL_NETWORK: Blueprint =
    Blueprint::new("Microsoft.Network/virtualNetworks", plain, virtual_network);

pub(in super::super) static SECURITY_GROUP: Blueprint =
    Blueprint::new("Microsoft.Network/networkSecurityGroups", plain, security_group);

pub(in super::super) static ROUTE_TABLE: Blueprint =
    Blueprint::new("Microsoft.Network/routeTables", plain, route_table);

pub(in super::super) static INTERFACE: Blueprint = Blueprint::new(
    "Microsoft.Network/networkInterfaces",
    |place| Envelope { kind: if is_of_endpoint(place) { "Regular" } else { "" }, ..PLAIN },
    interface,
);

/// What the network's own objects begin with.
pub(super) fn provisioned(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded""#);
    w.text("resourceGuid", place.guid(100));
}

fn virtual_network(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.object("addressSpace", |w| {
        w.list("addressPrefixes", |w| w.text_item(("10.", place.network(), ".0.0/16")));
    });
    w.list("subnets", |w| {
        subnet(place, "snet-app", 0, w);
        subnet(place, "snet-data", 1, w);
    });
    w.list("virtualNetworkPeerings", |w| {
        // The first network of a subscription is its hub.
        if place.unit.local_number > 0 {
            peering(place, w);
        }
    });
    w.raw(r#""enableDdosProtection":false,"privateEndpointVNetPolicies":"Disabled""#);
}

fn subnet(place: &Place<'_>, name: &'static str, number: u64, w: &mut Writer<'_>) {
    w.child(place, "subnets", name, |w| {
        w.raw(r#""provisioningState":"Succeeded""#);
        w.text("addressPrefix", ("10.", place.network(), ".", number, ".0/24"));
        w.refer("networkSecurityGroup", "REFERENCES", place.at(Position::SecurityGroup));
        if number == 0 {
            w.refer("routeTable", "REFERENCES", place.at(Position::RouteTable));
            w.refer("natGateway", "REFERENCES", place.at(Position::NatGateway));
        }
        w.raw(
            r#""serviceEndpoints":[],"delegations":[],"privateEndpointNetworkPolicies":"Disabled""#,
        );
    });
}

fn peering(place: &Place<'_>, w: &mut Writer<'_>) {
    w.child(place, "virtualNetworkPeerings", "to-hub", |w| {
        w.raw(r#""provisioningState":"Succeeded","peeringState":"Connected","allowForwardedTraffic":true,"useRemoteGateways":false"#);
        let hub = place.shared(Position::VirtualNetwork);
        w.refer("remoteVirtualNetwork", "PEERED_WITH", hub);
        w.raw(r#""remoteAddressSpace":{"addressPrefixes":["10.0.0.0/16"]}"#);
    });
}

fn security_group(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.list("securityRules", |w| {
        security_rule(place, "securityRules", "allow-https", ["Inbound", "Allow"], 100, w);
    });
    w.list("defaultSecurityRules", |w| {
        let last = ["Outbound", "Deny"];
        security_rule(place, "defaultSecurityRules", "DenyAllOutBound", last, 65500, w);
    });
    w.list("networkInterfaces", |w| {
        for position in [Position::Interface, Position::SecondInterface] {
            if place.has(position) {
                w.refer_item("PROTECTS", place.at(position));
            }
        }
    });
    w.list("subnets", |w| {
        if place.has(Position::VirtualNetwork) {
            w.refer_item("PROTECTS", place.subnet("snet-app"));
        }
    });
}

fn security_rule(
    place: &Place<'_>,
    collection: &'static str,
    name: &'static str,
    [direction, access]: [&str; 2],
    priority: u64,
    w: &mut Writer<'_>,
) {
    w.child(place, collection, name, |w| {
        w.text("direction", direction);
        w.text("access", access);
        w.member("priority", priority);
        w.raw(r#""provisioningState":"Succeeded","protocol":"*","sourcePortRange":"*","destinationPortRange":"443","sourceAddressPrefix":"*","destinationAddressPrefix":"*""#);
    });
}

fn route_table(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.raw(r#""disableBgpRoutePropagation":true"#);
    w.list("routes", |w| {
        w.child(place, "routes", "default", |w| {
            w.raw(r#""provisioningState":"Succeeded","addressPrefix":"0.0.0.0/0","nextHopType":"VirtualAppliance","hasBgpOverride":false"#);
            w.text("nextHopIpAddress", ("10.0.", place.number(1, 250), ".4"));
        });
    });
    w.list("subnets", |w| {
        if place.has(Position::VirtualNetwork) {
            w.refer_item("ROUTES", place.subnet("snet-app"));
        }
    });
}

/// Whether the interface is the one that a private endpoint brought.
fn is_of_endpoint(place: &Place<'_>) -> bool {
    place.slot.position == Position::EndpointInterface
}

fn interface(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.list("ipConfigurations", |w| {
        w.child(place, "ipConfigurations", "ipconfig1", |w| ip_configuration(place, w));
    });
    w.text("macAddress", ("60-45-BD-", place.number(1, 90) + 10, "-7F-", place.number(2, 90) + 10));
    w.raw(r#""dnsSettings":{"dnsServers":[],"appliedDnsServers":[]},"enableAcceleratedNetworking":true,"enableIPForwarding":false,"primary":true"#);
    w.raw(r#""hostedWorkloads":[],"tapConfigurations":[],"nicType":"Standard","auxiliaryMode":"None","vnetEncryptionSupported":false"#);
    if is_of_endpoint(place) {
        if place.has(Position::PrivateEndpoint) {
            w.refer("privateEndpoint", "ATTACHED_TO", place.at(Position::PrivateEndpoint));
        }
        return;
    }
    w.refer("networkSecurityGroup", "PROTECTED_BY", place.at(Position::SecurityGroup));
    let first = place.slot.position == Position::Interface;
    let machine = if first { Position::Machine } else { Position::SecondMachine };
    if place.has(machine) {
        w.refer("virtualMachine", "ATTACHED_TO", place.at(machine));
    }
}

fn ip_configuration(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded","privateIPAllocationMethod":"Dynamic","primary":true,"privateIPAddressVersion":"IPv4""#);
    let data = is_of_endpoint(place);
    let host = ("10.", place.network(), if data { ".1." } else { ".0." }, place.number(3, 250) + 4);
    w.text("privateIPAddress", host);
    w.refer("subnet", "IN_SUBNET", place.subnet(if data { "snet-data" } else { "snet-app" }));
    if place.slot.position == Position::Interface {
        w.refer("publicIPAddress", "HAS_PUBLIC_IP", place.at(Position::MachineIp));
        w.list("loadBalancerBackendAddressPools", |w| {
            let pool = place.at(Position::LoadBalancer).child("backendAddressPools", "machines");
            w.refer_item("BACKEND_OF", pool);
        });
    }
}
