//! [`View`]: the rows that a query may see.

use super::super::query::{Filter, Table};
use super::super::world::World;

/// Types of the rows of `resourcecontainers`, in lower case.
const MANAGEMENT_GROUP: &str = "microsoft.management/managementgroups";
const SUBSCRIPTION: &str = "microsoft.resources/subscriptions";
const RESOURCE_GROUP: &str = "microsoft.resources/subscriptions/resourcegroups";

/// A table as far as the scope and the filters of a query reach.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct View {
    table: Table,
    /// Numbers of the subscriptions in scope that may be read, ascending.
    subscriptions: Vec<u32>,
    /// Whether the scope holds management groups too.
    management_groups: bool,
    types: Option<Vec<String>>,
}

impl View {
    /// The view of `filter` on a table; `whole` where the scope is the tenant or a management
    /// group, and not a list of subscriptions.
    pub(super) fn new(world: &World, table: Table, filter: &Filter, whole: bool) -> Self {
        let mut subscriptions = match &filter.subscriptions {
            None => (0..world.tenant.subscription_count()).collect(),
            Some(ids) => numbers(world, ids),
        };
        subscriptions.retain(|number| !world.access.denies_subscription(*number));
        Self {
            table,
            subscriptions,
            management_groups: whole && filter.subscriptions.is_none(),
            types: filter.types.clone(),
        }
    }

    /// The table that the view is of.
    pub(super) fn table(&self) -> Table {
        self.table
    }

    /// The numbers of the rows, in the tenant's order.
    pub(super) fn rows<'a>(&'a self, world: &'a World) -> Box<dyn Iterator<Item = u64> + 'a> {
        match self.table {
            Table::Resources => Box::new(self.resources(world)),
            Table::Containers => Box::new(self.containers(world)),
        }
    }

    fn resources<'a>(&'a self, world: &'a World) -> impl Iterator<Item = u64> + 'a {
        let tenant = &world.tenant;
        let of_subscription = move |number: &'a u32| -> Box<dyn Iterator<Item = u64> + 'a> {
            match &self.types {
                None => Box::new(tenant.indexes_of_subscription(*number)),
                Some(types) => Box::new(
                    lower_case(types).flat_map(move |name| tenant.indexes_of_type(*number, name)),
                ),
            }
        };
        let visible = move |row: &u64| {
            tenant.in_resource_graph(*row) && !world.access.denies_type(tenant.resource_type(*row))
        };
        self.subscriptions.iter().flat_map(of_subscription).filter(visible)
    }

    fn containers<'a>(&'a self, world: &'a World) -> impl Iterator<Item = u64> + 'a {
        let tenant = &world.tenant;
        let management_groups = 0..tenant.container_of_subscription(0);
        let groups =
            management_groups.filter(|_| self.has(MANAGEMENT_GROUP, self.management_groups));
        let own = self.subscriptions.iter().filter(|_| self.has(SUBSCRIPTION, true));
        let own = own.map(|number| tenant.container_of_subscription(*number));
        let resource_groups = self.subscriptions.iter().filter(|_| self.has(RESOURCE_GROUP, true));
        let resource_groups = resource_groups
            .flat_map(|number| tenant.groups_of_subscription(*number))
            .map(|group| tenant.container_of_group(group));
        groups.chain(own).chain(resource_groups)
    }

    fn has(&self, kind: &str, in_scope: bool) -> bool {
        in_scope && self.types.as_ref().is_none_or(|types| types.iter().any(|name| name == kind))
    }
}

/// The numbers of those ids that are spelled as Resource Graph spells them, in lower case.
fn numbers(world: &World, ids: &[String]) -> Vec<u32> {
    let number = |id: &String| {
        let number = world.tenant.subscription_number(id)?;
        (world.tenant.subscription_id(number) == id).then_some(number)
    };
    let mut numbers: Vec<u32> = ids.iter().filter_map(number).collect();
    numbers.sort_unstable();
    numbers
}

/// Resource Graph holds types in lower case: a name with capitals, compared exactly, finds none.
fn lower_case(types: &[String]) -> impl Iterator<Item = &str> {
    let is_lower = |name: &&str| !name.bytes().any(|byte| byte.is_ascii_uppercase());
    types.iter().map(String::as_str).filter(is_lower)
}
