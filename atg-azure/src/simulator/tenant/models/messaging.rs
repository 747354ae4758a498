//! Namespaces for events and messages.

use super::{Blueprint, Envelope, Identity, Location, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static EVENT_HUB: Blueprint = Blueprint::new(
    "Microsoft.EventHub/namespaces",
    |_| Envelope {
        location: Location::RegionDisplay,
        sku: r#"{"name":"Standard","tier":"Standard","capacity":4}"#,
        identity: Identity::System,
        ..PLAIN
    },
    |place, w| {
        namespace(place, w);
        w.raw(r#""isAutoInflateEnabled":true,"maximumThroughputUnits":20,"kafkaEnabled":true"#);
    },
);

pub(in super::super) static SERVICE_BUS: Blueprint = Blueprint::new(
    "Microsoft.ServiceBus/namespaces",
    |_| Envelope {
        location: Location::RegionDisplay,
        sku: r#"{"name":"Premium","tier":"Premium","capacity":1}"#,
        ..PLAIN
    },
    |place, w| {
        namespace(place, w);
        w.raw(r#""premiumMessagingPartitions":1"#);
        encryption(place, w);
    },
);

fn namespace(place: &Place<'_>, w: &mut Writer<'_>) {
    let subscription = place.tenant.subscription_id(place.unit.subscription);
    w.text("metricId", (subscription, ":", place.name()));
    w.text("createdAt", place.time(10));
    w.text("updatedAt", place.time(11));
    let endpoint = (place.name(), ".servicebus.windows.net:443/");
    w.text("serviceBusEndpoint", ("https://", endpoint));
    w.raw(r#""provisioningState":"Succeeded","status":"Active","minimumTlsVersion":"1.2","publicNetworkAccess":"Enabled","disableLocalAuth":true,"zoneRedundant":true"#);
    w.raw(r#""privateEndpointConnections":[]"#);
    w.nulls(&["alternateName", "clusterArmId"]);
}

fn encryption(place: &Place<'_>, w: &mut Writer<'_>) {
    w.object("encryption", |w| {
        w.raw(r#""keySource":"Microsoft.KeyVault","requireInfrastructureEncryption":false"#);
        w.list("keyVaultProperties", |w| {
            w.item(|w| {
                w.text("keyName", "messages");
                let vault = place.at(Position::KeyVault);
                w.text("keyVaultUri", ("https://", vault.name(), ".vault.azure.net"));
                w.object("identity", |w| {
                    let identity = place.at(Position::Identity);
                    w.refer_text("userAssignedIdentity", "REFERENCES", identity);
                });
            });
        });
    });
}
