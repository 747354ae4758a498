//! The lists of Resource Manager.

use serde_json::json;

use super::super::answer::{Answer, Failure};
use super::super::call::Call;
use super::super::route::TypedList;
use super::super::world::World;
use super::group;
use super::list::Listing;
use crate::simulator::tenant::{Face, Tenant};

/// The one tenant.
pub(super) fn tenants(world: &World) -> String {
    let id = world.tenant.tenant_id();
    let tenant = json!({"id": format!("/tenants/{id}"), "tenantId": id, "tenantCategory": "Home"});
    json!({"value": [tenant]}).to_string()
}

/// All subscriptions, those that may not be read as well.
pub(super) fn subscriptions(world: &World, call: &Call) -> Result<Answer, Failure> {
    let tenant = &world.tenant;
    let count = tenant.subscription_count();
    let tail = format!(",\"count\":{{\"type\":\"Total\",\"value\":{count}}}");
    let items = (0..count).map(|number| tenant.container_of_subscription(number));
    Listing { world, call, items, tail }
        .page(|item, body| tenant.write_container(item, Face::Get, body))
}

/// The resource groups of a subscription.
pub(super) fn resource_groups(
    world: &World,
    call: &Call,
    subscription: Option<u32>,
) -> Result<Answer, Failure> {
    let tenant = &world.tenant;
    let groups = tenant.groups_of_subscription(subscription.unwrap_or(u32::MAX));
    let items = groups.map(|group| tenant.container_of_group(group));
    Listing { world, call, items, tail: String::new() }
        .page(|item, body| tenant.write_container(item, Face::Get, body))
}

/// The resources of a subscription or resource group, without their properties.
pub(super) fn resources(
    world: &World,
    call: &Call,
    subscription: Option<u32>,
) -> Result<Answer, Failure> {
    let tenant = &world.tenant;
    let subscription = subscription.unwrap_or(u32::MAX);
    let all = match group(world, call, subscription)? {
        Some(group) => tenant.indexes_of_group(group),
        None => tenant.indexes_of_subscription(subscription),
    };
    let denied = !world.access.denied_types.is_empty();
    let items: Box<dyn Iterator<Item = u64>> = match call.parameter("$filter") {
        None if denied => Box::new(all.filter(|index| may_read(world, *index))),
        None => Box::new(all),
        Some(filter) => {
            let wanted = filtered_type(filter)?;
            let of_type = tenant.indexes_of_type(subscription, &wanted);
            Box::new(of_type.filter(move |index| all.contains(index) && may_read(world, *index)))
        }
    };
    Listing { world, call, items, tail: String::new() }
        .page(|item, body| tenant.write_resource(item, Face::Summary, body))
}

/// The resources of one type, whole.
pub(super) fn typed(
    world: &World,
    call: &Call,
    subscription: Option<u32>,
) -> Result<Answer, Failure> {
    let tenant = &world.tenant;
    let Some(list) = &call.route.list else { return Err(unknown_type(&call.path)) };
    let known = |name: &&str| name.eq_ignore_ascii_case(&list.resource_type);
    let (Some(subscription), true) = (subscription, Tenant::types().iter().any(known)) else {
        return Err(unknown_type(&list.resource_type));
    };
    if world.access.denies_type(&list.resource_type) {
        return Err(Failure::denied(&call.path));
    }
    let of_type = tenant.indexes_of_type(subscription, &list.resource_type);
    let items: Box<dyn Iterator<Item = u64>> = match group(world, call, subscription)? {
        None if list.parent.is_some() => return Err(unknown_type(&call.path)),
        None => Box::new(of_type),
        Some(group) => {
            let members = tenant.indexes_of_group(group);
            let parent = parent_index(world, list)?;
            Box::new(of_type.filter(move |index| {
                members.contains(index)
                    && parent.as_ref().is_none_or(|id| lies_in(world, *index, id))
            }))
        }
    };
    Listing { world, call, items, tail: String::new() }
        .page(|item, body| tenant.write_resource(item, Face::Get, body))
}

fn may_read(world: &World, index: u64) -> bool {
    !world.access.denies_type(world.tenant.resource_type(index))
}

/// The id under which the items of a nested list lie, which must exist.
fn parent_index(world: &World, list: &TypedList) -> Result<Option<String>, Failure> {
    let Some(parent) = &list.parent else { return Ok(None) };
    if world.tenant.index_of(parent).is_none() {
        let message = format!("There is no resource '{parent}'.");
        return Err(Failure::not_found("ParentResourceNotFound", message));
    }
    Ok(Some(parent.to_ascii_lowercase() + "/"))
}

fn lies_in(world: &World, index: u64, parent: &str) -> bool {
    let mut id = String::new();
    world.tenant.write_id(index, &mut id);
    id.make_ascii_lowercase();
    id.starts_with(parent)
}

/// The type in `resourceType eq 'x'`, the only filter that is understood.
fn filtered_type(filter: &str) -> Result<String, Failure> {
    let words: Vec<&str> = filter.split_whitespace().collect();
    let found = match words.as_slice() {
        [name, operator, value]
            if name.eq_ignore_ascii_case("resourceType") && operator.eq_ignore_ascii_case("eq") =>
        {
            value.strip_prefix('\'').and_then(|value| value.strip_suffix('\''))
        }
        _ => None,
    };
    found.map(str::to_owned).ok_or_else(|| {
        let message = format!("The filter '{filter}' is not understood.");
        Failure::bad_request("InvalidFilterInQueryString", message)
    })
}

fn unknown_type(name: &str) -> Failure {
    let message = format!("No provider has the type '{name}'.");
    Failure::not_found("InvalidResourceType", message)
}
