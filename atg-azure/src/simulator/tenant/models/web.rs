//! Sites, the plans they run on, and the gateways of their interfaces.

use super::{Blueprint, Envelope, Identity, Location, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static SERVER_FARM: Blueprint = Blueprint::new(
    "Microsoft.Web/serverfarms",
    |_| Envelope {
        location: Location::RegionDisplay,
        kind: "linux",
        sku: r#"{"name":"P1v3","tier":"PremiumV3","size":"P1v3","family":"Pv3","capacity":2}"#,
        ..PLAIN
    },
    server_farm,
);

pub(in super::super) static SITE: Blueprint = Blueprint::new(
    "Microsoft.Web/sites",
    |place| Envelope {
        location: Location::RegionDisplay,
        kind: if is_function(place) { "functionapp,linux" } else { "app,linux" },
        identity: if is_function(place) {
            Identity::User(Position::Identity)
        } else {
            Identity::System
        },
        ..PLAIN
    },
    site,
);

pub(in super::super) static API_MANAGEMENT: Blueprint = Blueprint::new(
    "Microsoft.ApiManagement/service",
    |_| Envelope {
        location: Location::RegionDisplay,
        sku: r#"{"name":"Developer","capacity":1}"#,
        identity: Identity::System,
        system_data: true,
        ..PLAIN
    },
    api_management,
);

fn server_farm(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("name", place.name());
    w.text("webSpace", (place.unit.group_name(), "-", place.unit.region.code, "webspace-Linux"));
    w.text("subscription", place.tenant.subscription_id(place.unit.subscription));
    w.raw(r#""workerSize":"D1","workerSizeId":3,"numberOfWorkers":2,"currentNumberOfWorkers":2,"maximumNumberOfWorkers":30,"status":"Ready","computeMode":"Dedicated""#);
    w.text("geoRegion", place.unit.region.display);
    w.text("resourceGroup", place.unit.group_name());
    w.raw(r#""perSiteScaling":false,"elasticScaleEnabled":false,"isSpot":false,"reserved":true,"isXenon":false,"hyperV":false,"zoneRedundant":false,"numberOfSites":2,"targetWorkerCount":0,"provisioningState":"Succeeded""#);
    let nulls = ["adminSiteName", "hostingEnvironment", "hostingEnvironmentProfile", "planName"];
    w.nulls(&nulls);
}

fn is_function(place: &Place<'_>) -> bool {
    place.slot.position == Position::FunctionApp
}

fn site(place: &Place<'_>, w: &mut Writer<'_>) {
    let own = place.own();
    let host = (own.name(), ".azurewebsites.net");
    w.text("name", own.name());
    w.raw(r#""state":"Running","usageState":"Normal","availabilityState":"Normal","enabled":true,"adminEnabled":true"#);
    w.list("hostNames", |w| w.text_item(host));
    w.list("enabledHostNames", |w| {
        w.text_item(host);
        w.text_item((own.name(), ".scm.azurewebsites.net"));
    });
    w.list("hostNameSslStates", |w| {
        w.item(|w| {
            w.text("name", host);
            w.raw(r#""sslState":"Disabled","hostType":"Standard""#);
            w.nulls(&["ipBasedSslResult", "virtualIP", "thumbprint", "toUpdate"]);
        });
    });
    w.refer_text("serverFarmId", "RUNS_ON", place.at(Position::ServerFarm));
    w.refer_text("virtualNetworkSubnetId", "IN_SUBNET", place.subnet("snet-app"));
    w.text("lastModifiedTimeUtc", place.time(10));
    w.object("siteConfig", |w| {
        w.raw(r#""numberOfWorkers":1,"alwaysOn":true,"http20Enabled":true,"linuxFxVersion":"NODE|20-lts""#);
        w.nulls(&["appSettings", "connectionStrings", "cors", "ipSecurityRestrictions"]);
    });
    w.text("customDomainVerificationId", place.guid(11).digits());
    w.text("inboundIpAddress", ("20.50.", place.number(12, 250), ".", place.number(13, 250)));
    w.text("defaultHostName", host);
    w.raw(r#""reserved":true,"httpsOnly":true,"clientAffinityEnabled":false,"clientCertEnabled":false,"redundancyMode":"None","vnetRouteAllEnabled":true,"keyVaultReferenceIdentity":"SystemAssigned""#);
    let nulls = ["owner", "cers", "siteMode", "hostingEnvironmentProfile", "targetSwapSlot"];
    w.nulls(&nulls);
}

fn api_management(place: &Place<'_>, w: &mut Writer<'_>) {
    let own = place.own();
    w.raw(r#""publisherEmail":"apis@contoso.example","publisherName":"Contoso","notificationSenderEmail":"apimgmt-noreply@mail.windowsazure.com","provisioningState":"Succeeded","targetProvisioningState":"""#);
    w.text("createdAtUtc", place.time(10));
    w.text("gatewayUrl", ("https://", own.name(), ".azure-api.net"));
    w.text("portalUrl", ("https://", own.name(), ".portal.azure-api.net"));
    w.text("managementApiUrl", ("https://", own.name(), ".management.azure-api.net"));
    w.raw(r#""virtualNetworkType":"Internal","disableGateway":false,"publicNetworkAccess":"Enabled","platformVersion":"stv2""#);
    w.object("virtualNetworkConfiguration", |w| {
        w.text("vnetid", place.guid(11));
        w.text("subnetname", "snet-app");
        w.refer_text("subnetResourceId", "IN_SUBNET", place.subnet("snet-app"));
    });
    w.list("hostnameConfigurations", |w| {
        w.item(|w| {
            w.text("hostName", (own.name(), ".azure-api.net"));
            w.raw(r#""type":"Proxy","negotiateClientCertificate":false,"defaultSslBinding":true,"certificateSource":"BuiltIn""#);
            w.nulls(&["encodedCertificate", "keyVaultId", "certificatePassword", "certificate"]);
        });
    });
    w.nulls(&["additionalLocations", "certificates", "privateEndpointConnections"]);
}
