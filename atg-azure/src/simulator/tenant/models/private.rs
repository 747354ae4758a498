//! Private links: endpoints, the zones that name them, and the networks that see the zones.

use super::network::provisioned;
use super::{Blueprint, Envelope, Location, PLAIN, plain};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static ENDPOINT: Blueprint =
    Blueprint::new("Microsoft.Network/privateEndpoints", plain, endpoint);

pub(in super::super) static DNS_ZONE: Blueprint = Blueprint::new(
    "Microsoft.Network/privateDnsZones",
    |_| Envelope { location: Location::Global("global"), ..PLAIN },
    dns_zone,
);

pub(in super::super) static DNS_LINK: Blueprint = Blueprint {
    parent: Some(Position::PrivateDnsZone),
    ..Blueprint::new(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        |_| Envelope { location: Location::Global("global"), ..PLAIN },
        dns_link,
    )
};

fn endpoint(place: &Place<'_>, w: &mut Writer<'_>) {
    provisioned(place, w);
    let account = place.at(Position::StorageAccount);
    w.refer("subnet", "IN_SUBNET", place.subnet("snet-data"));
    w.list("networkInterfaces", |w| {
        w.refer_item("USES_NIC", place.at(Position::EndpointInterface));
    });
    w.list("privateLinkServiceConnections", |w| {
        w.child(place, "privateLinkServiceConnections", "blob", |w| {
            w.raw(r#""provisioningState":"Succeeded","groupIds":["blob"]"#);
            w.refer_text("privateLinkServiceId", "CONNECTS_TO", account);
            w.raw(r#""privateLinkServiceConnectionState":{"status":"Approved","description":"Approved by policy","actionsRequired":"None"}"#);
        });
    });
    w.raw(r#""manualPrivateLinkServiceConnections":[],"ipConfigurations":[],"customNetworkInterfaceName":"""#);
    w.list("customDnsConfigs", |w| {
        w.item(|w| {
            w.text("fqdn", (account.name(), ".blob.core.windows.net"));
            let address = ("10.", place.network(), ".1.", place.number(10, 250) + 4);
            w.list("ipAddresses", |w| w.text_item(address));
        });
    });
}

fn dns_zone(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""maxNumberOfRecordSets":25000,"maxNumberOfVirtualNetworkLinks":1000,"maxNumberOfVirtualNetworkLinksWithRegistration":100"#);
    w.raw(r#""numberOfVirtualNetworkLinks":1,"numberOfVirtualNetworkLinksWithRegistration":0"#);
    w.member("numberOfRecordSets", place.number(10, 30) + 1);
    w.text("internalId", ("immutable-zone-", place.guid(11).digits()));
    w.raw(r#""provisioningState":"Succeeded""#);
}

fn dns_link(place: &Place<'_>, w: &mut Writer<'_>) {
    w.refer("virtualNetwork", "LINKED_TO", place.at(Position::VirtualNetwork));
    w.raw(r#""registrationEnabled":false,"resolutionPolicy":"Default","virtualNetworkLinkState":"Completed","provisioningState":"Succeeded""#);
}
