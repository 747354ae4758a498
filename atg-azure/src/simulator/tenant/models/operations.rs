//! What runs by itself: automation accounts and logic apps.

use super::{Blueprint, Envelope, Identity, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static AUTOMATION: Blueprint = Blueprint::new(
    "Microsoft.Automation/automationAccounts",
    |_| Envelope { identity: Identity::User(Position::Identity), system_data: true, ..PLAIN },
    automation,
);

pub(in super::super) static LOGIC_APP: Blueprint = Blueprint::new(
    "Microsoft.Logic/workflows",
    |_| Envelope { identity: Identity::System, ..PLAIN },
    logic_app,
);

fn automation(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""sku":{"name":"Basic","family":null,"capacity":null},"state":"Ok","publicNetworkAccess":true,"disableLocalAuth":true"#);
    let endpoint = (place.guid(10), ".agentsvc.", place.unit.region.code, ".azure-automation.net");
    w.text("RegistrationUrl", ("https://", endpoint, "/accounts"));
    w.object("encryption", |w| {
        w.raw(r#""keySource":"Microsoft.Automation""#);
        w.object("identity", |w| {
            w.refer_text("userAssignedIdentity", "REFERENCES", place.at(Position::Identity));
        });
    });
    w.text("creationTime", place.time(11));
    w.text("lastModifiedTime", place.time(12));
    w.nulls(&["description", "lastModifiedBy", "privateEndpointConnections"]);
}

fn logic_app(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""provisioningState":"Succeeded","state":"Enabled""#);
    w.text("createdTime", place.time(10));
    w.text("changedTime", place.time(11));
    w.text("version", ("0858", place.number(12, 1 << 40)));
    w.text("accessEndpoint", ("https://prod-01.", place.unit.region.name, ".logic.azure.com:443"));
    w.raw(r#""definition":{"$schema":"https://schema.management.azure.com/schemas/2016-06-01/workflowdefinition.json#","contentVersion":"1.0.0.0","parameters":{"$connections":{"defaultValue":{},"type":"Object"}},"triggers":{"request":{"type":"Request","kind":"Http","inputs":{"schema":{}}}},"actions":{"reply":{"type":"Response","kind":"Http","inputs":{"statusCode":202},"runAfter":{}}},"outputs":{}}"#);
    w.raw(r#""endpointsConfiguration":{"workflow":{"outgoingIpAddresses":[]},"connector":{"outgoingIpAddresses":[]}}"#);
    w.object("diagnostics", |w| {
        w.refer_text("workspace", "REFERENCES", place.shared(Position::Workspace));
    });
}
