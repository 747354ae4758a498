//! Storage accounts and databases that are no SQL.

use super::{Blueprint, Envelope, Identity, Location, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static STORAGE_ACCOUNT: Blueprint = Blueprint::new(
    "Microsoft.Storage/storageAccounts",
    |place| Envelope {
        kind: place.pick(1, &["StorageV2", "StorageV2", "BlobStorage"]),
        sku: place.pick(
            2,
            &[
                r#"{"name":"Standard_LRS","tier":"Standard"}"#,
                r#"{"name":"Standard_ZRS","tier":"Standard"}"#,
                r#"{"name":"Standard_GRS","tier":"Standard"}"#,
            ],
        ),
        ..PLAIN
    },
    storage_account,
);

pub(in super::super) static COSMOS: Blueprint = Blueprint::new(
    "Microsoft.DocumentDB/databaseAccounts",
    |_| Envelope {
        location: Location::RegionDisplay,
        kind: "GlobalDocumentDB",
        identity: Identity::System,
        system_data: true,
        ..PLAIN
    },
    cosmos,
);

pub(in super::super) static REDIS: Blueprint = Blueprint::new(
    "Microsoft.Cache/redis",
    |_| Envelope { location: Location::RegionDisplay, zones: r#"["1","2"]"#, ..PLAIN },
    redis,
);

fn storage_account(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""accessTier":"Hot","allowBlobPublicAccess":false,"minimumTlsVersion":"TLS1_2","supportsHttpsTrafficOnly":true,"isHnsEnabled":false"#);
    w.object("networkAcls", |w| {
        w.raw(r#""bypass":"AzureServices","defaultAction":"Deny","ipRules":[]"#);
        w.list("virtualNetworkRules", |w| {
            w.item(|w| {
                w.refer_text("id", "ALLOWS_SUBNET", place.subnet("snet-data"));
                w.raw(r#""action":"Allow","state":"Succeeded""#);
            });
        });
    });
    w.list("privateEndpointConnections", |w| {
        if place.has(Position::PrivateEndpoint) {
            w.child(place, "privateEndpointConnections", "blob", |w| {
                let endpoint = place.at(Position::PrivateEndpoint);
                w.refer("privateEndpoint", "CONNECTED_BY", endpoint);
                w.raw(r#""privateLinkServiceConnectionState":{"status":"Approved","actionRequired":"None"},"provisioningState":"Succeeded""#);
            });
        }
    });
    w.raw(r#""encryption":{"keySource":"Microsoft.Storage","services":{"blob":{"enabled":true,"keyType":"Account"},"file":{"enabled":true,"keyType":"Account"}}}"#);
    w.object("primaryEndpoints", |w| {
        w.blob_host("blob", "HAS_ENDPOINT", place.own());
        for service in ["file", "queue", "table"] {
            w.text(service, ("https://", place.name(), (".", service), ".core.windows.net/"));
        }
    });
    w.text("primaryLocation", place.unit.region.name);
    w.raw(r#""statusOfPrimary":"available","provisioningState":"Succeeded""#);
    w.text("creationTime", place.time(10));
}

fn cosmos(place: &Place<'_>, w: &mut Writer<'_>) {
    let name = place.own();
    w.raw(r#""provisioningState":"Succeeded","publicNetworkAccess":"Enabled","enableAutomaticFailover":true,"enableMultipleWriteLocations":false"#);
    w.raw(r#""isVirtualNetworkFilterEnabled":true,"databaseAccountOfferType":"Standard","minimalTlsVersion":"Tls12","disableLocalAuth":false"#);
    w.text("documentEndpoint", ("https://", name.name(), ".documents.azure.com:443/"));
    w.text("instanceId", place.guid(10));
    w.list("virtualNetworkRules", |w| {
        w.item(|w| {
            w.refer_text("id", "ALLOWS_SUBNET", place.subnet("snet-app"));
            w.raw(r#""ignoreMissingVNetServiceEndpoint":false"#);
        });
    });
    for locations in ["writeLocations", "readLocations", "failoverPolicies"] {
        w.list(locations, |w| {
            w.item(|w| {
                w.text("id", (name.name(), "-", place.unit.region.name));
                w.text("locationName", place.unit.region.display);
                w.raw(r#""failoverPriority":0"#);
            });
        });
    }
    w.raw(r#""consistencyPolicy":{"defaultConsistencyLevel":"Session","maxIntervalInSeconds":5,"maxStalenessPrefix":100}"#);
    w.raw(r#""capabilities":[],"ipRules":[],"cors":[],"backupPolicy":{"type":"Continuous","continuousModeProperties":{"tier":"Continuous7Days"}}"#);
}

fn redis(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded","redisVersion":"6.0","sku":{"name":"Premium","family":"P","capacity":1}"#);
    w.text("hostName", (place.name(), ".redis.cache.windows.net"));
    w.refer_text("subnetId", "IN_SUBNET", place.subnet("snet-data"));
    w.text("staticIP", ("10.", place.network(), ".1.", place.number(10, 250) + 4));
    w.raw(r#""enableNonSslPort":false,"port":6379,"sslPort":6380,"minimumTlsVersion":"1.2","publicNetworkAccess":"Disabled","shardCount":1"#);
    w.raw(r#""redisConfiguration":{"maxclients":"7500","maxmemory-reserved":"642","maxmemory-policy":"volatile-lru","rdb-backup-enabled":"false"}"#);
    w.raw(r#""linkedServers":[],"instances":[{"sslPort":15000,"shardId":0,"isMaster":true,"isPrimary":true},{"sslPort":15001,"shardId":0,"isMaster":false,"isPrimary":false}]"#);
    w.nulls(&["accessKeys", "tenantSettings"]);
}
