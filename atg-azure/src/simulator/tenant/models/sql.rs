//! Relational databases.

use super::{Blueprint, Envelope, Identity, PLAIN};
use crate::simulator::tenant::place::Place;
use crate::simulator::tenant::unit::Position;
use crate::simulator::tenant::writer::Writer;

pub(in super::super) static SERVER: Blueprint = Blueprint::new(
    "Microsoft.Sql/servers",
    |_| Envelope { kind: "v12.0", identity: Identity::System, ..PLAIN },
    server,
);

pub(in super::super) static ELASTIC_POOL: Blueprint = Blueprint {
    parent: Some(Position::SqlServer),
    ..Blueprint::new(
        "Microsoft.Sql/servers/elasticPools",
        |_| Envelope {
            kind: "pool",
            sku: r#"{"name":"StandardPool","tier":"Standard","capacity":100}"#,
            ..PLAIN
        },
        elastic_pool,
    )
};

pub(in super::super) static DATABASE: Blueprint = Blueprint {
    parent: Some(Position::SqlServer),
    ..Blueprint::new(
        "Microsoft.Sql/servers/databases",
        |_| Envelope {
            kind: "v12.0,user,pool",
            sku: r#"{"name":"ElasticPool","tier":"Standard","capacity":0}"#,
            ..PLAIN
        },
        database,
    )
};

pub(in super::super) static POSTGRESQL: Blueprint = Blueprint::new(
    "Microsoft.DBforPostgreSQL/flexibleServers",
    |_| Envelope {
        sku: r#"{"name":"Standard_D2ds_v5","tier":"GeneralPurpose"}"#,
        identity: Identity::User(Position::Identity),
        system_data: true,
        ..PLAIN
    },
    postgresql,
);

fn server(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""administratorLogin":"sqladmin","version":"12.0","state":"Ready","minimalTlsVersion":"1.2","publicNetworkAccess":"Disabled","restrictOutboundNetworkAccess":"Disabled""#);
    w.text("fullyQualifiedDomainName", (place.name(), ".database.windows.net"));
    w.object("administrators", |w| {
        w.raw(r#""administratorType":"ActiveDirectory","principalType":"Group","azureADOnlyAuthentication":true"#);
        w.text("login", ("dba-", place.unit.workload));
        w.text("sid", place.guid(10));
        w.text("tenantId", place.tenant.tenant_id());
    });
    w.refer_text("primaryUserAssignedIdentityId", "REFERENCES", place.at(Position::Identity));
    w.raw(r#""privateEndpointConnections":[],"externalGovernanceStatus":"Disabled""#);
}

fn elastic_pool(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""state":"Ready","maxSizeBytes":107374182400,"perDatabaseSettings":{"minCapacity":0,"maxCapacity":50},"zoneRedundant":false"#);
    w.text("creationDate", place.time(10));
    w.raw(r#""licenseType":"LicenseIncluded","maintenanceConfigurationId":null,"availabilityZone":"NoPreference""#);
}

fn database(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""collation":"SQL_Latin1_General_CP1_CI_AS","catalogCollation":"SQL_Latin1_General_CP1_CI_AS","maxSizeBytes":268435456000,"status":"Online""#);
    w.refer_text("elasticPoolId", "IN_POOL", place.at(Position::ElasticPool));
    w.text("databaseId", place.guid(10));
    w.text("creationDate", place.time(11));
    w.text("earliestRestoreDate", place.time(12));
    w.raw(r#""currentServiceObjectiveName":"ElasticPool","requestedServiceObjectiveName":"ElasticPool","currentSku":{"name":"ElasticPool","tier":"Standard","capacity":0}"#);
    w.raw(r#""zoneRedundant":false,"readScale":"Disabled","currentBackupStorageRedundancy":"Geo","requestedBackupStorageRedundancy":"Geo","isLedgerOn":false,"isInfraEncryptionEnabled":false"#);
    w.nulls(&["failoverGroupId", "sourceDatabaseId", "restorePointInTime"]);
}

fn postgresql(place: &Place<'_>, w: &mut Writer<'_>) {
    w.raw(r#""version":"16","state":"Ready","administratorLogin":"pgadmin","minorVersion":"4","availabilityZone":"1","replicationRole":"Primary","replicaCapacity":5"#);
    w.text("fullyQualifiedDomainName", (place.name(), ".postgres.database.azure.com"));
    w.object("network", |w| {
        w.raw(r#""publicNetworkAccess":"Disabled""#);
        let subnet = place.subnet("snet-data");
        w.refer_text("delegatedSubnetResourceId", "IN_SUBNET", subnet);
        let zone = place.at(Position::PrivateDnsZone);
        w.refer_text("privateDnsZoneArmResourceId", "REFERENCES", zone);
    });
    w.raw(r#""storage":{"type":"","iops":500,"tier":"P10","storageSizeGB":128,"autoGrow":"Enabled"},"highAvailability":{"mode":"ZoneRedundant","state":"Healthy","standbyAvailabilityZone":"2"}"#);
    w.object("backup", |w| {
        w.raw(r#""backupRetentionDays":7,"geoRedundantBackup":"Disabled""#);
        w.text("earliestRestoreDate", place.time(10));
    });
    w.raw(r#""authConfig":{"activeDirectoryAuth":"Enabled","passwordAuth":"Disabled"},"dataEncryption":{"type":"SystemManaged"},"maintenanceWindow":{"customWindow":"Disabled","dayOfWeek":0,"startHour":0,"startMinute":0}"#);
}
