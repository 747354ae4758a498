//! Disks, what is taken of them, and what encrypts them.

use super::{Blueprint, Envelope, Identity, PLAIN, plain};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static DISK: Blueprint = Blueprint::new(
    "Microsoft.Compute/disks",
    |place| Envelope {
        sku: place.pick(
            1,
            &[
                r#"{"name":"Premium_LRS","tier":"Premium"}"#,
                r#"{"name":"StandardSSD_LRS","tier":"Standard"}"#,
                r#"{"name":"PremiumV2_LRS","tier":"Premium"}"#,
            ],
        ),
        zones: place.pick(2, &["", r#"["1"]"#, r#"["2"]"#]),
        managed_by: Some(machine_of(place.slot.position)),
        ..PLAIN
    },
    disk,
);

pub(in super::super) static SNAPSHOT: Blueprint = Blueprint::new(
    "Microsoft.Compute/snapshots",
    |_| Envelope { sku: r#"{"name":"Standard_ZRS","tier":"Standard"}"#, ..PLAIN },
    snapshot,
);

pub(in super::super) static IMAGE: Blueprint =
    Blueprint::new("Microsoft.Compute/images", plain, image);

pub(in super::super) static ENCRYPTION_SET: Blueprint = Blueprint::new(
    "Microsoft.Compute/diskEncryptionSets",
    |_| Envelope { identity: Identity::System, ..PLAIN },
    encryption_set,
);

/// The machine that a disk is attached to.
fn machine_of(disk: Position) -> Position {
    if disk == Position::SecondOsDisk { Position::SecondMachine } else { Position::Machine }
}

fn disk(place: &Place<'_>, w: &mut Writer<'_>) {
    let gigabytes = place.pick(10, &[32_u64, 64, 128, 256, 512, 1024]);
    if place.slot.position == Position::DataDisk {
        w.raw(r#""creationData":{"createOption":"Empty"}"#);
    } else {
        w.raw(r#""osType":"Linux","hyperVGeneration":"V2","supportsHibernation":false"#);
        w.raw(r#""supportedCapabilities":{"diskControllerTypes":"SCSI, NVMe","acceleratedNetwork":true,"architecture":"x64"}"#);
        w.raw(r#""creationData":{"createOption":"FromImage"}"#);
    }
    w.member("diskSizeGB", gigabytes);
    w.member("diskSizeBytes", gigabytes << 30);
    w.member("diskIOPSReadWrite", gigabytes * 3 + 120);
    w.member("diskMBpsReadWrite", gigabytes / 8 + 25);
    w.object("encryption", |w| {
        if place.number(11, 2) == 0 {
            w.raw(r#""type":"EncryptionAtRestWithCustomerKey""#);
            let set = place.at(Position::DiskEncryptionSet);
            w.refer_text("diskEncryptionSetId", "ENCRYPTED_BY", set);
        } else {
            w.raw(r#""type":"EncryptionAtRestWithPlatformKey""#);
        }
    });
    let attached = place.has(machine_of(place.slot.position));
    w.text("diskState", if attached { "Attached" } else { "Unattached" });
    w.raw(r#""networkAccessPolicy":"DenyAll","publicNetworkAccess":"Disabled","dataAccessAuthMode":"None""#);
    w.text("timeCreated", place.time(12));
    w.text("LastOwnershipUpdateTime", place.time(13));
    w.text("uniqueId", place.guid(14));
    w.raw(r#""tier":"P10","provisioningState":"Succeeded""#);
}

fn snapshot(place: &Place<'_>, w: &mut Writer<'_>) {
    w.object("creationData", |w| {
        w.raw(r#""createOption":"Copy""#);
        w.refer_text("sourceResourceId", "SNAPSHOT_OF", place.at(Position::OsDisk));
        w.text("sourceUniqueId", place.guid(10));
    });
    w.raw(r#""osType":"Linux","diskSizeGB":64,"diskSizeBytes":68719476736,"incremental":true"#);
    w.text("incrementalSnapshotFamilyId", place.guid(11));
    w.raw(r#""encryption":{"type":"EncryptionAtRestWithPlatformKey"},"networkAccessPolicy":"AllowAll""#);
    w.raw(r#""publicNetworkAccess":"Enabled","diskState":"Unattached","provisioningState":"Succeeded""#);
    w.text("timeCreated", place.time(12));
    w.text("uniqueId", place.guid(13));
    w.nulls(&["completionPercent"]);
}

fn image(place: &Place<'_>, w: &mut Writer<'_>) {
    if place.has(Position::SecondMachine) {
        w.refer("sourceVirtualMachine", "CREATED_FROM", place.at(Position::SecondMachine));
    }
    w.object("storageProfile", |w| {
        w.object("osDisk", |w| {
            w.raw(r#""osType":"Linux","osState":"Generalized","diskSizeGB":64,"caching":"ReadWrite","storageAccountType":"Premium_LRS""#);
            w.refer("managedDisk", "REFERENCES", place.at(Position::SecondOsDisk));
        });
        w.raw(r#""dataDisks":[],"zoneResilient":true"#);
    });
    w.raw(r#""hyperVGeneration":"V2","provisioningState":"Succeeded""#);
}

fn encryption_set(place: &Place<'_>, w: &mut Writer<'_>) {
    let vault = place.at(Position::KeyVault);
    w.object("activeKey", |w| {
        w.refer("sourceVault", "USES_KEY_FROM", vault);
        let key = (".vault.azure.net/keys/disks/", place.guid(10).digits());
        w.text("keyUrl", ("https://", vault.name(), key));
    });
    w.raw(r#""encryptionType":"EncryptionAtRestWithCustomerKey","rotationToLatestKeyVersionEnabled":true"#);
    w.text("lastKeyRotationTimestamp", place.time(11));
    w.raw(r#""provisioningState":"Succeeded""#);
}
