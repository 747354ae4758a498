//! An independent reading of records: which relationships their JSON gives rise to.

use std::collections::BTreeSet;

use serde_json::Value;

/// Source key, type, target key.
pub(super) type Triple = (String, String, String);

/// What the value at a rule's path is.
#[derive(Clone, Copy, PartialEq)]
enum Is {
    Id,
    Child,
    Principal,
    Host,
    Group,
}

/// The rules for the paths that the simulated records have.
#[rustfmt::skip]
const RULES: &[(&str, &str, &str, Is)] = &[
    ("*", "identity.userAssignedIdentities.{key}", "USES_IDENTITY", Is::Id),
    ("*", "identity.principalId", "HAS_PRINCIPAL", Is::Principal),
    ("*", "properties.privateEndpointConnections[].properties.privateEndpoint.id", "CONNECTED_BY", Is::Id),
    ("apimanagement/service", "properties.virtualNetworkConfiguration.subnetResourceId", "IN_SUBNET", Is::Id),
    ("cache/redis", "properties.subnetId", "IN_SUBNET", Is::Id),
    ("compute/availabilitysets", "properties.virtualMachines[].id", "CONTAINS", Is::Id),
    ("compute/diskencryptionsets", "properties.activeKey.sourceVault.id", "USES_KEY_FROM", Is::Id),
    ("compute/disks", "managedBy", "ATTACHED_TO", Is::Id),
    ("compute/disks", "properties.encryption.diskEncryptionSetId", "ENCRYPTED_BY", Is::Id),
    ("compute/images", "properties.sourceVirtualMachine.id", "CREATED_FROM", Is::Id),
    ("compute/snapshots", "properties.creationData.sourceResourceId", "SNAPSHOT_OF", Is::Id),
    ("compute/virtualmachines", "properties.availabilitySet.id", "IN_AVAILABILITY_SET", Is::Id),
    ("compute/virtualmachines", "properties.diagnosticsProfile.bootDiagnostics.storageUri", "LOGS_TO", Is::Host),
    ("compute/virtualmachines", "properties.networkProfile.networkInterfaces[].id", "USES_NIC", Is::Id),
    ("compute/virtualmachines", "properties.proximityPlacementGroup.id", "PLACED_IN", Is::Id),
    ("compute/virtualmachines", "properties.storageProfile.dataDisks[].managedDisk.id", "HAS_DISK", Is::Id),
    ("compute/virtualmachines", "properties.storageProfile.imageReference.id", "CREATED_FROM", Is::Id),
    ("compute/virtualmachines", "properties.storageProfile.osDisk.managedDisk.id", "HAS_DISK", Is::Id),
    ("compute/virtualmachinescalesets", "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties.loadBalancerBackendAddressPools[].id", "BACKEND_OF", Is::Id),
    ("compute/virtualmachinescalesets", "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.ipConfigurations[].properties.subnet.id", "IN_SUBNET", Is::Id),
    ("compute/virtualmachinescalesets", "properties.virtualMachineProfile.networkProfile.networkInterfaceConfigurations[].properties.networkSecurityGroup.id", "PROTECTED_BY", Is::Id),
    ("containerservice/managedclusters", "properties.addonProfiles.omsagent.config.logAnalyticsWorkspaceResourceID", "LOGS_TO", Is::Id),
    ("containerservice/managedclusters", "properties.agentPoolProfiles[].vnetSubnetID", "IN_SUBNET", Is::Id),
    ("containerservice/managedclusters", "properties.diskEncryptionSetID", "ENCRYPTED_BY", Is::Id),
    ("containerservice/managedclusters", "properties.identityProfile.kubeletidentity.resourceId", "USES_IDENTITY", Is::Id),
    ("containerservice/managedclusters", "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs[].id", "HAS_PUBLIC_IP", Is::Id),
    ("containerservice/managedclusters", "properties.nodeResourceGroup", "MANAGES", Is::Group),
    ("dbforpostgresql/flexibleservers", "properties.network.delegatedSubnetResourceId", "IN_SUBNET", Is::Id),
    ("documentdb/databaseaccounts", "properties.virtualNetworkRules[].id", "ALLOWS_SUBNET", Is::Id),
    ("insights/activitylogalerts", "properties.actions.actionGroups[].actionGroupId", "NOTIFIES", Is::Id),
    ("insights/autoscalesettings", "properties.targetResourceUri", "SCALES", Is::Id),
    ("insights/components", "properties.WorkspaceResourceId", "LOGS_TO", Is::Id),
    ("insights/metricalerts", "properties.actions[].actionGroupId", "NOTIFIES", Is::Id),
    ("insights/metricalerts", "properties.scopes[]", "MONITORS", Is::Id),
    ("keyvault/vaults", "properties.accessPolicies[].objectId", "GRANTS_ACCESS", Is::Principal),
    ("keyvault/vaults", "properties.networkAcls.virtualNetworkRules[].id", "ALLOWS_SUBNET", Is::Id),
    ("network/applicationgateways", "properties.frontendIPConfigurations[].properties.publicIPAddress.id", "HAS_PUBLIC_IP", Is::Id),
    ("network/applicationgateways", "properties.gatewayIPConfigurations[].properties.subnet.id", "IN_SUBNET", Is::Id),
    ("network/bastionhosts", "properties.ipConfigurations[].properties.publicIPAddress.id", "HAS_PUBLIC_IP", Is::Id),
    ("network/bastionhosts", "properties.ipConfigurations[].properties.subnet.id", "IN_SUBNET", Is::Id),
    ("network/loadbalancers", "properties.backendAddressPools[].properties.backendIPConfigurations[].id", "BALANCES", Is::Child),
    ("network/loadbalancers", "properties.frontendIPConfigurations[].properties.publicIPAddress.id", "HAS_PUBLIC_IP", Is::Id),
    ("network/natgateways", "properties.publicIpAddresses[].id", "HAS_PUBLIC_IP", Is::Id),
    ("network/networkinterfaces", "properties.ipConfigurations[].properties.loadBalancerBackendAddressPools[].id", "BACKEND_OF", Is::Id),
    ("network/networkinterfaces", "properties.ipConfigurations[].properties.publicIPAddress.id", "HAS_PUBLIC_IP", Is::Id),
    ("network/networkinterfaces", "properties.ipConfigurations[].properties.subnet.id", "IN_SUBNET", Is::Id),
    ("network/networkinterfaces", "properties.networkSecurityGroup.id", "PROTECTED_BY", Is::Id),
    ("network/networkinterfaces", "properties.privateEndpoint.id", "ATTACHED_TO", Is::Id),
    ("network/networkinterfaces", "properties.virtualMachine.id", "ATTACHED_TO", Is::Id),
    ("network/networksecuritygroups", "properties.networkInterfaces[].id", "PROTECTS", Is::Id),
    ("network/networksecuritygroups", "properties.subnets[].id", "PROTECTS", Is::Id),
    ("network/privatednszones/virtualnetworklinks", "properties.virtualNetwork.id", "LINKED_TO", Is::Id),
    ("network/privateendpoints", "properties.networkInterfaces[].id", "USES_NIC", Is::Id),
    ("network/privateendpoints", "properties.privateLinkServiceConnections[].properties.privateLinkServiceId", "CONNECTS_TO", Is::Id),
    ("network/privateendpoints", "properties.subnet.id", "IN_SUBNET", Is::Id),
    ("network/publicipaddresses", "properties.ipConfiguration.id", "ASSIGNED_TO", Is::Child),
    ("network/routetables", "properties.subnets[].id", "ROUTES", Is::Id),
    ("network/virtualnetworks", "properties.subnets[].id", "CONTAINS", Is::Id),
    ("network/virtualnetworks", "properties.virtualNetworkPeerings[].properties.remoteVirtualNetwork.id", "PEERED_WITH", Is::Id),
    ("sql/servers/databases", "properties.elasticPoolId", "IN_POOL", Is::Id),
    ("storage/storageaccounts", "properties.networkAcls.virtualNetworkRules[].id", "ALLOWS_SUBNET", Is::Id),
    ("storage/storageaccounts", "properties.primaryEndpoints.blob", "HAS_ENDPOINT", Is::Host),
    ("web/sites", "properties.serverFarmId", "RUNS_ON", Is::Id),
    ("web/sites", "properties.virtualNetworkSubnetId", "IN_SUBNET", Is::Id),
];

/// How many rules there are; each is used by some record.
pub(super) const RULE_COUNT: usize = RULES.len();

/// The relationships of one record, and the rules that were used.
pub(super) struct Found {
    pub(super) triples: BTreeSet<Triple>,
    pub(super) rules: BTreeSet<usize>,
}

/// Reads a record in any face.
pub(super) fn read(record: &Value) -> Found {
    let own = record["id"].as_str().unwrap().to_lowercase();
    let kind = record["type"].as_str().unwrap_or_default().to_lowercase();
    let kind = kind.strip_prefix("microsoft.").unwrap_or_default().to_owned();
    let mut walk =
        Walk { own, kind, found: Found { triples: BTreeSet::new(), rules: BTreeSet::new() } };
    walk.parent();
    walk.columns(record);
    walk.value(record, "");
    walk.found
}

struct Walk {
    own: String,
    kind: String,
    found: Found,
}

impl Walk {
    fn add(&mut self, relation: &str, target: String) {
        self.found.triples.insert((self.own.clone(), relation.to_owned(), target));
    }

    fn parent(&mut self) {
        let id = atg_core::ResourceId::parse(self.own.as_str()).unwrap();
        if let Some(parent) = id.parent() {
            let triple = (parent.key().to_string(), "CONTAINS".to_owned(), self.own.clone());
            self.found.triples.insert(triple);
        }
    }

    fn columns(&mut self, record: &Value) {
        let location = record["location"].as_str().unwrap_or_default();
        if !location.is_empty() {
            self.add(
                "LOCATED_IN",
                format!("location:{}", location.to_lowercase().replace(' ', "")),
            );
        }
        for (name, value) in record["tags"].as_object().into_iter().flatten() {
            self.add("TAGGED", format!("tag:{name}={}", value.as_str().unwrap()));
        }
    }

    fn value(&mut self, value: &Value, path: &str) {
        match value {
            Value::String(text) => self.text(text, path),
            Value::Array(items) => {
                for item in items {
                    self.value(item, &format!("{path}[]"));
                }
            }
            Value::Object(members) => {
                for (name, member) in members {
                    let is_id = name.starts_with('/');
                    let step = if is_id { "{key}" } else { name };
                    let inner =
                        if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") };
                    if is_id {
                        self.text(name, &inner);
                    }
                    self.value(member, &inner);
                }
            }
            _ => {}
        }
    }

    fn text(&mut self, text: &str, path: &str) {
        let of = |kind: &str| RULES.iter().position(|rule| rule.0 == kind && rule.1 == path);
        if let Some(number) = of(&self.kind).or_else(|| of("*")) {
            if text.is_empty() {
                return;
            }
            self.found.rules.insert(number);
            let (_, _, relation, is) = RULES[number];
            let target = self.target(text, is);
            self.add(relation, target);
            return;
        }
        let key = text.to_lowercase();
        let below = |inner: &str, outer: &str| inner.starts_with(&format!("{outer}/"));
        if !key.starts_with("/subscriptions/") || key == self.own || below(&self.own, &key) {
            return;
        }
        self.add(if below(&key, &self.own) { "CONTAINS" } else { "REFERENCES" }, key);
    }

    fn target(&self, text: &str, is: Is) -> String {
        let lower = text.to_lowercase();
        match is {
            Is::Id => lower,
            Is::Child => lower.rsplitn(3, '/').last().unwrap().to_owned(),
            Is::Principal => format!("principal:{lower}"),
            Is::Host => format!("host:{}", lower.split('/').nth(2).unwrap()),
            Is::Group => {
                let subscription = self.own.split('/').nth(2).unwrap();
                format!("/subscriptions/{subscription}/resourcegroups/{lower}")
            }
        }
    }
}
