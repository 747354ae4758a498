//! From an id back to its number.

use super::Tenant;
use super::containers;
use super::id::{Spelling, Target};
use super::spell::Spell as _;
use super::unit::SLOTS;

/// The index of the resource with this id, whatever its case.
pub(super) fn resource(tenant: &Tenant, id: &str) -> Option<u64> {
    let id = id.strip_suffix('/').unwrap_or(id);
    let words: Vec<&str> = id.split('/').collect();
    let &[_, _, subscription, _, group_name, _, ..] = words.as_slice() else { return None };
    let number = group(tenant, tenant.subscription_number(subscription)?, group_name)?;
    let last = words.last()?;
    let unit = tenant.unit(number);
    let mut spelled = String::with_capacity(id.len());
    let slot = SLOTS.iter().filter(|slot| unit.has(slot.position)).find(|slot| {
        let target = Target { tenant, unit, position: slot.position, child: None };
        spelled.clear();
        target.name().spell(&mut spelled);
        if !spelled.eq_ignore_ascii_case(last) {
            return false;
        }
        spelled.clear();
        target.write_id(Spelling::Usual, &mut spelled);
        spelled.eq_ignore_ascii_case(id)
    })?;
    Some(unit.index(slot.position))
}

/// The number of the resource group with this name, whatever its case.
pub(super) fn group(tenant: &Tenant, subscription: u32, name: &str) -> Option<u64> {
    let (_, digits) = name.rsplit_once(['-', '_'])?;
    let groups = tenant.groups_of_subscription(subscription);
    let number = groups.start.checked_add(digits.parse().ok()?)?;
    if !groups.contains(&number) {
        return None;
    }
    tenant.resource_group_name(number).eq_ignore_ascii_case(name).then_some(number)
}

/// The number of the container with this id, whatever its case.
pub(super) fn container(tenant: &Tenant, id: &str) -> Option<u64> {
    let id = id.strip_suffix('/').unwrap_or(id);
    let words: Vec<&str> = id.split('/').collect();
    let is = |word: &str, wanted: &str| word.eq_ignore_ascii_case(wanted);
    match *words.as_slice() {
        ["", first, subscription] if is(first, "subscriptions") => {
            tenant.subscription_number(subscription).map(containers::of_subscription)
        }
        ["", first, subscription, second, name]
            if is(first, "subscriptions") && is(second, "resourceGroups") =>
        {
            let number = group(tenant, tenant.subscription_number(subscription)?, name)?;
            Some(containers::of_group(tenant, number))
        }
        ["", first, namespace, word, name]
            if is(first, "providers")
                && is(namespace, "Microsoft.Management")
                && is(word, "managementGroups") =>
        {
            containers::management_group(tenant, name)
        }
        _ => None,
    }
}
