//! Identities and the vaults that keep keys and secrets.

use super::{Blueprint, Envelope, PLAIN, plain};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static IDENTITY: Blueprint =
    Blueprint::new("Microsoft.ManagedIdentity/userAssignedIdentities", plain, identity);

pub(in super::super) static KEY_VAULT: Blueprint = Blueprint::new(
    "Microsoft.KeyVault/vaults",
    |_| Envelope { system_data: true, ..PLAIN },
    key_vault,
);

fn identity(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("tenantId", place.tenant.tenant_id());
    w.text("principalId", place.own().principal());
    w.text("clientId", place.own().client());
}

fn key_vault(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""sku":{"family":"A","name":"standard"}"#);
    w.text("tenantId", place.tenant.tenant_id());
    w.list("accessPolicies", |w| {
        for holder in [Position::Identity, Position::DiskEncryptionSet] {
            if place.has(holder) {
                w.item(|w| access_policy(place, holder, w));
            }
        }
    });
    w.object("networkAcls", |w| {
        w.raw(r#""bypass":"AzureServices","defaultAction":"Deny","ipRules":[]"#);
        w.list("virtualNetworkRules", |w| {
            w.item(|w| {
                w.refer_text("id", "ALLOWS_SUBNET", place.subnet("snet-app"));
                w.raw(r#""ignoreMissingVnetServiceEndpoint":false"#);
            });
        });
    });
    w.raw(r#""enabledForDeployment":false,"enabledForDiskEncryption":true,"enabledForTemplateDeployment":false"#);
    w.raw(r#""enableSoftDelete":true,"softDeleteRetentionInDays":90,"enablePurgeProtection":true"#);
    w.text("vaultUri", ("https://", place.name(), ".vault.azure.net/"));
    w.raw(r#""provisioningState":"Succeeded","publicNetworkAccess":"Enabled""#);
}

fn access_policy(place: &Place<'_>, holder: Position, w: &mut Writer<'_>) {
    w.text("tenantId", place.tenant.tenant_id());
    w.principal("objectId", "GRANTS_ACCESS", place.at(holder).principal());
    w.raw(r#""permissions":{"keys":["get","wrapKey","unwrapKey"],"secrets":["get","list"],"certificates":[]}"#);
}
