//! The containers: management groups, subscriptions, resource groups.

use super::Tenant;
use super::face::Face;
use super::id::{Spelling, write_group_id};
use super::random::{mix, salted};
use super::spell::{Padded, Spell};
use super::tags::Words;
use super::unit::Unit;
use super::writer::Writer;

/// The management groups below the root, which is called as the tenant.
const MANAGEMENT_GROUPS: [(&str, &str); 2] =
    [("mg-platform", "Platform"), ("mg-workloads", "Workloads")];
const ROOT_NAME: &str = "Tenant Root Group";
const MANAGEMENT_GROUP_COUNT: u64 = 1 + MANAGEMENT_GROUPS.len() as u64;

/// What a container's number stands for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Container {
    /// 0 is the root.
    ManagementGroup(usize),
    Subscription(u32),
    ResourceGroup(Unit),
}

pub(super) fn count(tenant: &Tenant) -> u64 {
    of_group(tenant, tenant.group_count())
}

pub(super) fn of_subscription(subscription: u32) -> u64 {
    MANAGEMENT_GROUP_COUNT + u64::from(subscription)
}

pub(super) fn of_group(tenant: &Tenant, group: u64) -> u64 {
    of_subscription(tenant.subscription_count()) + group
}

/// The number of the management group with this name, whatever its case.
pub(super) fn management_group(tenant: &Tenant, name: &str) -> Option<u64> {
    (0..).zip(0..3).find_map(|(number, group)| {
        management_group_name(tenant, group).0.eq_ignore_ascii_case(name).then_some(number)
    })
}

pub(super) fn at(tenant: &Tenant, container: u64) -> Container {
    assert!(container < count(tenant), "container {container} of {}", count(tenant));
    match container.checked_sub(MANAGEMENT_GROUP_COUNT) {
        None => Container::ManagementGroup(usize::try_from(container).unwrap_or_default()),
        Some(rest) => match rest.checked_sub(u64::from(tenant.subscription_count())) {
            None => Container::Subscription(u32::try_from(rest).unwrap_or_default()),
            Some(group) => Container::ResourceGroup(tenant.unit(group)),
        },
    }
}

/// What a container's tags and choices derive from.
pub(super) fn seed(tenant: &Tenant, container: u64) -> u64 {
    salted(mix(!tenant.spec.seed), container)
}

pub(super) fn write_id(tenant: &Tenant, container: u64, out: &mut String) {
    match at(tenant, container) {
        Container::ManagementGroup(number) => {
            let name = management_group_name(tenant, number).0;
            ("/providers/Microsoft.Management/managementGroups/", name).spell(out);
        }
        Container::Subscription(number) => {
            ("/subscriptions/", tenant.subscription_id(number)).spell(out);
        }
        Container::ResourceGroup(unit) => write_group_id(tenant, &unit, Spelling::Usual, out),
    }
}

pub(super) fn write(tenant: &Tenant, container: u64, w: &mut Writer<'_>) {
    let seed = seed(tenant, container);
    let record = Record { tenant, container, seed };
    w.record(seed, |w| {
        w.text("id", ContainerId(tenant, container));
        match (at(tenant, container), w.face()) {
            (Container::ManagementGroup(number), Face::ResourceGraph) => {
                record.graph_management_group(number, w);
            }
            (Container::ManagementGroup(number), _) => record.management_group(number, w),
            (Container::Subscription(number), Face::ResourceGraph) => {
                record.graph_subscription(number, w);
            }
            (Container::Subscription(number), _) => record.subscription(number, w),
            (Container::ResourceGroup(unit), Face::ResourceGraph) => record.graph_group(&unit, w),
            (Container::ResourceGroup(unit), _) => record.group(&unit, w),
        }
    });
}

/// A container's record under way.
struct Record<'t> {
    tenant: &'t Tenant,
    container: u64,
    seed: u64,
}

impl Record<'_> {
    fn graph_management_group(&self, number: usize, w: &mut Writer<'_>) {
        let (name, display) = management_group_name(self.tenant, number);
        w.text("name", name);
        self.graph_columns("microsoft.management/managementgroups", "", "", "", w);
        w.object("properties", |w| {
            w.text("displayName", display);
            w.text("tenantId", self.tenant.tenant_id());
            w.object("details", |w| {
                w.member("version", 1 + self.container);
                if number > 0 {
                    w.list("managementGroupAncestorsChain", |w| self.ancestor(0, w));
                    w.object("parent", |w| self.ancestor_members(0, w));
                }
            });
        });
        w.raw(r#""tags":null"#);
    }

    fn management_group(&self, number: usize, w: &mut Writer<'_>) {
        let (name, display) = management_group_name(self.tenant, number);
        w.text("type", "Microsoft.Management/managementGroups");
        w.text("name", name);
        w.object("properties", |w| {
            w.text("tenantId", self.tenant.tenant_id());
            w.text("displayName", display);
        });
    }

    fn graph_subscription(&self, number: u32, w: &mut Writer<'_>) {
        w.text("name", subscription_name(number));
        let id = self.tenant.subscription_id(number);
        self.graph_columns("microsoft.resources/subscriptions", "", "", id, w);
        w.object("properties", |w| {
            w.list("managementGroupAncestorsChain", |w| {
                self.ancestor(1 + number as usize % MANAGEMENT_GROUPS.len(), w);
                self.ancestor(0, w);
            });
            w.raw(POLICIES);
            w.raw(r#""state":"Enabled","managedByTenants":[]"#);
        });
        w.tags(self.seed, Words::of_seed(self.seed));
    }

    fn subscription(&self, number: u32, w: &mut Writer<'_>) {
        w.raw(r#""authorizationSource":"RoleBased","managedByTenants":[]"#);
        w.tags(self.seed, Words::of_seed(self.seed));
        w.text("subscriptionId", self.tenant.subscription_id(number));
        w.text("tenantId", self.tenant.tenant_id());
        w.text("displayName", subscription_name(number));
        w.raw(r#""state":"Enabled""#);
        w.raw(POLICIES);
    }

    fn graph_group(&self, unit: &Unit, w: &mut Writer<'_>) {
        w.text("name", unit.group_name());
        let mut group = String::with_capacity(32);
        unit.group_name().spell(&mut group);
        group.make_ascii_lowercase();
        let subscription = self.tenant.subscription_id(unit.subscription);
        let resource_type = "microsoft.resources/subscriptions/resourcegroups";
        self.graph_columns(resource_type, unit.region.name, &group, subscription, w);
        w.raw(r#""properties":{"provisioningState":"Succeeded"}"#);
        w.tags(self.seed, Words::of_unit(unit));
    }

    fn group(&self, unit: &Unit, w: &mut Writer<'_>) {
        w.text("name", unit.group_name());
        w.text("type", "Microsoft.Resources/resourceGroups");
        w.text("location", unit.region.name);
        w.tags(self.seed, Words::of_unit(unit));
        w.raw(r#""properties":{"provisioningState":"Succeeded"}"#);
    }

    fn graph_columns(
        &self,
        resource_type: &str,
        location: &str,
        group: &str,
        subscription: &str,
        w: &mut Writer<'_>,
    ) {
        w.text("type", resource_type);
        w.text("tenantId", self.tenant.tenant_id());
        w.text("location", location);
        w.text("resourceGroup", group);
        w.text("subscriptionId", subscription);
        w.raw(r#""kind":"","managedBy":"","sku":null,"plan":null,"identity":null"#);
        w.raw(r#""zones":null,"extendedLocation":null"#);
    }

    fn ancestor(&self, number: usize, w: &mut Writer<'_>) {
        w.item(|w| self.ancestor_members(number, w));
    }

    fn ancestor_members(&self, number: usize, w: &mut Writer<'_>) {
        let (name, display) = management_group_name(self.tenant, number);
        w.text("displayName", display);
        w.text("name", name);
    }
}

const POLICIES: &str = concat!(
    r#""subscriptionPolicies":{"locationPlacementId":"Public_2014-09-01","#,
    r#""quotaId":"EnterpriseAgreement_2014-09-01","spendingLimit":"Off"}"#
);

/// A management group's name and display name.
fn management_group_name(tenant: &Tenant, number: usize) -> (&str, &str) {
    match number.checked_sub(1).and_then(|below| MANAGEMENT_GROUPS.get(below)) {
        Some(&group) => group,
        None => (tenant.tenant_id(), ROOT_NAME),
    }
}

fn subscription_name(number: u32) -> impl Spell {
    ("Contoso ", Padded(u64::from(number) + 1, 3))
}

struct ContainerId<'t>(&'t Tenant, u64);

impl Spell for ContainerId<'_> {
    fn spell(&self, out: &mut String) {
        write_id(self.0, self.1, out);
    }
}
