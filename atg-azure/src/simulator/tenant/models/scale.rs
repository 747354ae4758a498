//! Scale sets.

use super::{Blueprint, Envelope, Identity, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static SCALE_SET: Blueprint = Blueprint::new(
    "Microsoft.Compute/virtualMachineScaleSets",
    |place| Envelope {
        sku: place.pick(
            1,
            &[
                r#"{"name":"Standard_D2s_v5","tier":"Standard","capacity":3}"#,
                r#"{"name":"Standard_D8as_v5","tier":"Standard","capacity":12}"#,
            ],
        ),
        zones: r#"["1","2","3"]"#,
        identity: Identity::User(Position::Identity),
        ..PLAIN
    },
    scale_set,
);

fn scale_set(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""singlePlacementGroup":false,"orchestrationMode":"Uniform","overprovision":true"#);
    w.raw(r#""upgradePolicy":{"mode":"Rolling","rollingUpgradePolicy":{"maxBatchInstancePercent":25,"maxUnhealthyInstancePercent":25,"maxUnhealthyUpgradedInstancePercent":20,"pauseTimeBetweenBatches":"PT2S"}}"#);
    w.object("virtualMachineProfile", |w| {
        w.object("osProfile", |w| {
            w.text("computerNamePrefix", (place.unit.workload, place.unit.environment));
            w.raw(r#""adminUsername":"azureuser","linuxConfiguration":{"disablePasswordAuthentication":true,"provisionVMAgent":true},"secrets":[],"allowExtensionOperations":true"#);
        });
        w.object("storageProfile", |w| {
            w.raw(r#""osDisk":{"osType":"Linux","createOption":"FromImage","caching":"ReadOnly","diffDiskSettings":{"option":"Local"},"managedDisk":{"storageAccountType":"Standard_LRS"},"diskSizeGB":48}"#);
            w.refer("imageReference", "REFERENCES", place.at(Position::Image));
        });
        w.object("networkProfile", |w| {
            w.list("networkInterfaceConfigurations", |w| w.item(|w| interface(place, w)));
        });
        w.raw(r#""extensionProfile":{"extensions":[{"name":"health","properties":{"autoUpgradeMinorVersion":true,"publisher":"Microsoft.ManagedServices","type":"ApplicationHealthLinux","typeHandlerVersion":"1.0","settings":{"protocol":"http","port":8080}}}]}"#);
    });
    w.raw(r#""platformFaultDomainCount":1,"provisioningState":"Succeeded""#);
    w.text("timeCreated", place.time(10));
    w.text("uniqueId", place.guid(11));
}

fn interface(place: &Place<'_>, w: &mut Writer<'_>) {
    w.text("name", "primary");
    w.object("properties", |w| {
        w.raw(r#""primary":true,"enableAcceleratedNetworking":true,"enableIPForwarding":false,"dnsSettings":{"dnsServers":[]}"#);
        w.refer("networkSecurityGroup", "PROTECTED_BY", place.at(Position::SecurityGroup));
        w.list("ipConfigurations", |w| {
            w.item(|w| {
                w.text("name", "internal");
                w.object("properties", |w| {
                    w.raw(r#""primary":true,"privateIPAddressVersion":"IPv4""#);
                    w.refer("subnet", "IN_SUBNET", place.subnet("snet-app"));
                    let pool = place.at(Position::LoadBalancer);
                    let pool = pool.child("backendAddressPools", "machines");
                    w.list("loadBalancerBackendAddressPools", |w| {
                        w.refer_item("BACKEND_OF", pool);
                    });
                });
            });
        });
    });
}
