//! Virtual machines, their extensions, and what they are placed in.

use super::{Blueprint, Envelope, Identity, PLAIN, plain};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::vocabulary::MACHINE_SIZES;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static MACHINE: Blueprint = Blueprint::new(
    "Microsoft.Compute/virtualMachines",
    |place| Envelope {
        zones: place.pick(1, &["", r#"["1"]"#, r#"["2"]"#, r#"["3"]"#]),
        identity: match place.number(2, 4) {
            0 => Identity::None,
            1 => Identity::User(Position::Identity),
            _ => Identity::System,
        },
        plan: place.pick(3, &["", "", "", MARKETPLACE_PLAN]),
        ..PLAIN
    },
    machine,
);

pub(in super::super) static EXTENSION: Blueprint = Blueprint {
    parent: Some(Position::Machine),
    ..Blueprint::new("Microsoft.Compute/virtualMachines/extensions", plain, extension)
};

pub(in super::super) static AVAILABILITY_SET: Blueprint = Blueprint::new(
    "Microsoft.Compute/availabilitySets",
    |_| Envelope { sku: r#"{"name":"Aligned"}"#, ..PLAIN },
    availability_set,
);

pub(in super::super) static PROXIMITY_GROUP: Blueprint = Blueprint {
    sometimes_bare: true,
    ..Blueprint::new("Microsoft.Compute/proximityPlacementGroups", plain, proximity_group)
};

const MARKETPLACE_PLAN: &str = r#"{"name":"waf-byol","publisher":"contoso","product":"waf"}"#;

fn machine(place: &Place<'_>, w: &mut Writer<'_>) {
    let first = place.slot.position == Position::Machine;
    w.text("vmId", place.guid(10));
    w.object("hardwareProfile", |w| w.text("vmSize", place.pick(11, &MACHINE_SIZES)));
    w.object("storageProfile", |w| storage_profile(place, first, w));
    w.object("osProfile", |w| {
        w.text("computerName", place.name());
        w.text("adminUsername", "azureuser");
        w.raw(r#""linuxConfiguration":{"disablePasswordAuthentication":true,"provisionVMAgent":true}"#);
        w.raw(r#""secrets":[],"allowExtensionOperations":true,"requireGuestProvisionSignal":true"#);
    });
    w.object("networkProfile", |w| {
        let interface = if first { Position::Interface } else { Position::SecondInterface };
        w.list("networkInterfaces", |w| {
            w.item(|w| {
                w.refer_text("id", "USES_NIC", place.at(interface));
                w.raw(r#""properties":{"primary":true,"deleteOption":"Detach"}"#);
            });
        });
    });
    w.object("diagnosticsProfile", |w| {
        w.object("bootDiagnostics", |w| {
            w.raw(r#""enabled":true"#);
            w.blob_host("storageUri", "LOGS_TO", place.at(Position::StorageAccount));
        });
    });
    if first {
        w.refer("availabilitySet", "IN_AVAILABILITY_SET", place.at(Position::AvailabilitySet));
    } else {
        w.refer("proximityPlacementGroup", "PLACED_IN", place.at(Position::ProximityGroup));
    }
    w.nulls(&["licenseType", "priority", "userData"]);
    w.raw(r#""provisioningState":"Succeeded""#);
    w.text("timeCreated", place.time(12));
    if w.for_graph() {
        instance_view(place, w);
    }
}

fn storage_profile(place: &Place<'_>, first: bool, w: &mut Writer<'_>) {
    w.object("imageReference", |w| {
        if first {
            w.refer_text("id", "CREATED_FROM", place.at(Position::Image));
        } else {
            w.raw(r#""publisher":"Canonical","offer":"ubuntu-24_04-lts","sku":"server","version":"latest""#);
            w.text("exactVersion", ("24.04.2025", place.number(13, 9) + 1, "0", 5_u64));
        }
    });
    let os_disk = if first { Position::OsDisk } else { Position::SecondOsDisk };
    w.object("osDisk", |w| {
        w.raw(r#""osType":"Linux","createOption":"FromImage","caching":"ReadWrite","deleteOption":"Detach","diskSizeGB":64"#);
        managed_disk(place, os_disk, w);
    });
    w.list("dataDisks", |w| {
        if first {
            w.item(|w| {
                w.raw(r#""lun":0,"createOption":"Attach","caching":"ReadOnly","toBeDetached":false,"diskSizeGB":256"#);
                managed_disk(place, Position::DataDisk, w);
            });
        }
    });
}

fn managed_disk(place: &Place<'_>, disk: Position, w: &mut Writer<'_>) {
    let disk = place.at(disk);
    w.text("name", disk.name());
    w.object("managedDisk", |w| {
        w.text("storageAccountType", "Premium_LRS");
        w.refer_text("id", "HAS_DISK", disk);
    });
}

/// What Resource Graph adds of its own.
fn instance_view(place: &Place<'_>, w: &mut Writer<'_>) {
    w.object("extended", |w| {
        w.object("instanceView", |w| {
            w.text("computerName", place.name());
            w.raw(r#""osName":"ubuntu","osVersion":"24.04","hyperVGeneration":"V2""#);
            let state = place.pick(14, &["running", "running", "deallocated"]);
            w.object("powerState", |w| {
                w.text("code", ("PowerState/", state));
                w.text("displayStatus", ("VM ", state));
                w.raw(r#""level":"Info""#);
            });
        });
    });
}

fn extension(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""publisher":"Microsoft.Azure.Monitor","type":"AzureMonitorLinuxAgent","typeHandlerVersion":"1.33""#);
    w.raw(r#""autoUpgradeMinorVersion":true,"enableAutomaticUpgrade":true"#);
    w.object("settings", |w| {
        w.object("authentication", |w| {
            w.object("managedIdentity", |w| {
                w.text("identifier-name", "mi_res_id");
                let identity = place.at(Position::Identity);
                w.refer_text("identifier-value", "REFERENCES", identity);
            });
        });
        w.text("workspaceId", place.guid(10));
    });
    w.nulls(&["protectedSettings", "forceUpdateTag"]);
    w.raw(r#""suppressFailures":false,"provisioningState":"Succeeded""#);
}

fn availability_set(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""platformUpdateDomainCount":5,"platformFaultDomainCount":2"#);
    w.list("virtualMachines", |w| {
        if place.has(Position::Machine) {
            w.refer_item("CONTAINS", place.at(Position::Machine));
        }
    });
    w.refer("proximityPlacementGroup", "REFERENCES", place.at(Position::ProximityGroup));
}

fn proximity_group(_: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""proximityPlacementGroupType":"Standard""#);
    w.raw(r#""virtualMachines":[],"virtualMachineScaleSets":[],"availabilitySets":[]"#);
    w.raw(r#""colocationStatus":{"code":"ColocationStatus/Aligned","level":"Info","displayStatus":"Aligned"}"#);
}
