//! The simulated Azure Resource Manager: lists and single records.

mod list;
mod lists;
mod providers;
mod record;

use super::answer::{Answer, Failure, ok};
use super::call::Call;
use super::route::Operation;
use super::world::World;

/// Answers a read of Resource Manager.
pub(crate) fn read(world: &World, call: &Call) -> Result<Answer, Failure> {
    let subscription = subscription(world, call)?;
    match call.route.operation {
        Operation::Tenants => Ok(ok(lists::tenants(world))),
        Operation::Subscriptions => lists::subscriptions(world, call),
        Operation::ResourceGroups => lists::resource_groups(world, call, subscription),
        Operation::Resources => lists::resources(world, call, subscription),
        Operation::Providers => {
            let id = subscription.map(|number| world.tenant.subscription_id(number));
            Ok(ok(providers::document(id.unwrap_or_default())))
        }
        Operation::TypedList => lists::typed(world, call, subscription),
        Operation::Get => record::get(world, call),
        Operation::Query | Operation::Unknown => Err(Failure::not_found(
            "InvalidResourceType",
            format!("There is no operation at '{}'.", call.path),
        )),
    }
}

/// The number of the subscription that the path names, if it names one that may be read.
fn subscription(world: &World, call: &Call) -> Result<Option<u32>, Failure> {
    let Some(id) = &call.route.subscription else { return Ok(None) };
    let number = world.tenant.subscription_number(id).ok_or_else(|| {
        let message = format!("There is no subscription '{id}'.");
        Failure::not_found("SubscriptionNotFound", message)
    })?;
    if world.access.denies_subscription(number) {
        return Err(Failure::denied(&call.path));
    }
    Ok(Some(number))
}

/// The number of the resource group that the path names.
fn group(world: &World, call: &Call, subscription: u32) -> Result<Option<u64>, Failure> {
    let Some(name) = &call.route.group else { return Ok(None) };
    world.tenant.group_number(subscription, name).map(Some).ok_or_else(|| {
        let message = format!("There is no resource group '{name}'.");
        Failure::not_found("ResourceGroupNotFound", message)
    })
}
