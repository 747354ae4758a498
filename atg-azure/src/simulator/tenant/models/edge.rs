//! What stands between networks and the world: addresses, balancers, gateways, public names.

use super::network::provisioned;
use super::{Blueprint, Envelope, Identity, Location, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static PUBLIC_IP: Blueprint = Blueprint::new(
    "Microsoft.Network/publicIPAddresses",
    |place| Envelope {
        sku: r#"{"name":"Standard","tier":"Regional"}"#,
        zones: place.pick(1, &[r#"["1","2","3"]"#, r#"["2"]"#, ""]),
        ..PLAIN
    },
    public_ip,
);

pub(in super::super) static NAT_GATEWAY: Blueprint = Blueprint::new(
    "Microsoft.Network/natGateways",
    |_| Envelope { sku: r#"{"name":"Standard","tier":"Regional"}"#, ..PLAIN },
    nat_gateway,
);

pub(in super::super) static LOAD_BALANCER: Blueprint = Blueprint::new(
    "Microsoft.Network/loadBalancers",
    |_| Envelope { sku: r#"{"name":"Standard","tier":"Regional"}"#, ..PLAIN },
    load_balancer,
);

pub(in super::super) static APPLICATION_GATEWAY: Blueprint = Blueprint::new(
    "Microsoft.Network/applicationGateways",
    |_| Envelope { identity: Identity::User(Position::Identity), zones: r#"["1","2"]"#, ..PLAIN },
    application_gateway,
);

pub(in super::super) static BASTION: Blueprint = Blueprint::new(
    "Microsoft.Network/bastionHosts",
    |_| Envelope { sku: r#"{"name":"Basic"}"#, ..PLAIN },
    bastion,
);

pub(in super::super) static DNS_ZONE: Blueprint = Blueprint {
    sometimes_bare: true,
    ..Blueprint::new(
        "Microsoft.Network/dnszones",
        |_| Envelope { location: Location::Global("global"), ..PLAIN },
        dns_zone,
    )
};

fn public_ip(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    let net = ("20.", place.number(10, 250), ".", place.number(11, 250));
    w.text("ipAddress", (net, ".", place.number(12, 250) + 1));
    w.raw(r#""publicIPAddressVersion":"IPv4","publicIPAllocationMethod":"Static","idleTimeoutInMinutes":4,"ipTags":[]"#);
    w.raw(r#""ddosSettings":{"protectionMode":"VirtualNetworkInherited"}"#);
    let (owner, collection, name) = match place.slot.position {
        Position::MachineIp => (Position::Interface, "ipConfigurations", "ipconfig1"),
        Position::BalancerIp => (Position::LoadBalancer, "frontendIPConfigurations", "public"),
        Position::GatewayIp => (Position::Bastion, "bastionHostIpConfigurations", "ipconfig1"),
        _ => {
            if place.has(Position::NatGateway) {
                w.refer("natGateway", "REFERENCES", place.at(Position::NatGateway));
            }
            return;
        }
    };
    if place.has(owner) {
        let child = place.at(owner).child(collection, name);
        w.refer_owner("ipConfiguration", "ASSIGNED_TO", child);
    }
}

fn nat_gateway(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.raw(r#""idleTimeoutInMinutes":10,"publicIpPrefixes":[]"#);
    w.list("publicIpAddresses", |w| {
        w.refer_item("HAS_PUBLIC_IP", place.at(Position::EgressIp));
    });
    w.list("subnets", |w| {
        if place.has(Position::VirtualNetwork) {
            w.refer_item("REFERENCES", place.subnet("snet-app"));
        }
    });
}

fn load_balancer(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.list("frontendIPConfigurations", |w| {
        w.child(place, "frontendIPConfigurations", "public", |w| {
            w.raw(r#""provisioningState":"Succeeded","privateIPAllocationMethod":"Dynamic""#);
            w.refer("publicIPAddress", "HAS_PUBLIC_IP", place.at(Position::BalancerIp));
        });
    });
    w.list("backendAddressPools", |w| {
        w.child(place, "backendAddressPools", "machines", |w| {
            w.raw(r#""provisioningState":"Succeeded","loadBalancerBackendAddresses":[]"#);
            w.list("backendIPConfigurations", |w| balanced(place, w));
        });
    });
    w.list("loadBalancingRules", |w| {
        w.child(place, "loadBalancingRules", "https", |w| balancing_rule(place, w));
    });
    w.list("probes", |w| {
        w.child(place, "probes", "tcp-443", |w| {
            w.raw(r#""provisioningState":"Succeeded","protocol":"Tcp","port":443,"intervalInSeconds":15,"numberOfProbes":2"#);
        });
    });
    w.raw(r#""inboundNatRules":[],"outboundRules":[],"inboundNatPools":[]"#);
}

fn balanced(place: &Place<'_>, w: &mut Writer<'_>) {
    if place.has(Position::Interface) {
        let interface = place.at(Position::Interface).child("ipConfigurations", "ipconfig1");
        w.refer_owner_item("BALANCES", interface);
    }
}

fn balancing_rule(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded","protocol":"Tcp","frontendPort":443,"backendPort":443,"idleTimeoutInMinutes":4,"enableTcpReset":true"#);
    w.object("frontendIPConfiguration", |w| {
        w.own_child("id", place, "frontendIPConfigurations", "public");
    });
    w.object("backendAddressPool", |w| {
        w.own_child("id", place, "backendAddressPools", "machines");
    });
    w.object("probe", |w| w.own_child("id", place, "probes", "tcp-443"));
}

fn application_gateway(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    w.raw(r#""sku":{"name":"WAF_v2","tier":"WAF_v2","family":"Generation_1"},"operationalState":"Running","enableHttp2":true"#);
    w.raw(r#""autoscaleConfiguration":{"minCapacity":1,"maxCapacity":6},"sslCertificates":[],"probes":[]"#);
    w.list("gatewayIPConfigurations", |w| {
        w.child(place, "gatewayIPConfigurations", "gateway", |w| {
            w.raw(r#""provisioningState":"Succeeded""#);
            w.refer("subnet", "IN_SUBNET", place.subnet("snet-app"));
        });
    });
    w.list("frontendIPConfigurations", |w| {
        w.child(place, "frontendIPConfigurations", "public", |w| {
            w.raw(r#""provisioningState":"Succeeded","privateIPAllocationMethod":"Dynamic""#);
            w.refer("publicIPAddress", "HAS_PUBLIC_IP", place.at(Position::GatewayIp));
        });
    });
    w.list("frontendPorts", |w| {
        w.child(place, "frontendPorts", "https", |w| w.raw(r#""port":443"#));
    });
    w.list("httpListeners", |w| {
        w.child(place, "httpListeners", "default", |w| {
            w.object("frontendPort", |w| w.own_child("id", place, "frontendPorts", "https"));
            w.raw(r#""protocol":"Https","hostNames":[],"requireServerNameIndication":false"#);
        });
    });
}

fn bastion(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded","scaleUnits":2"#);
    w.text("dnsName", ("bst-", place.guid(10), ".bastion.azure.com"));
    w.list("ipConfigurations", |w| {
        w.child(place, "bastionHostIpConfigurations", "ipconfig1", |w| {
            w.raw(r#""provisioningState":"Succeeded","privateIPAllocationMethod":"Dynamic""#);
            w.refer("publicIPAddress", "HAS_PUBLIC_IP", place.at(Position::GatewayIp));
            w.refer("subnet", "IN_SUBNET", place.subnet("AzureBastionSubnet"));
        });
    });
}

fn dns_zone(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""zoneType":"Public","maxNumberOfRecordSets":10000"#);
    w.member("numberOfRecordSets", place.number(10, 80) + 2);
    w.nulls(&["maxNumberOfRecordsPerRecordSet"]);
    w.list("nameServers", |w| {
        let shard = place.number(11, 9) + 1;
        for domain in [".azure-dns.com.", ".azure-dns.net.", ".azure-dns.org."] {
            w.text_item(("ns1-0", shard, domain));
        }
    });
}
