//! The canonical type of an item.

use atg_core::ResourceId;

/// The type of a container; its id says what it is, whatever its record says. `None` for all
/// other ids.
pub(super) fn container_type(id: &str) -> Option<&'static str> {
    if id.bytes().filter(|byte| *byte == b'/').count() > 4 {
        return None;
    }
    let mut words = id.split('/').skip(1);
    let first = words.next()?;
    words.next()?;
    let is = |word: Option<&str>, name: &str| word.is_some_and(|w| w.eq_ignore_ascii_case(name));
    let (third, fourth, fifth) = (words.next(), words.next(), words.next());
    match (third, fourth, fifth) {
        (None, None, None) if first.eq_ignore_ascii_case("subscriptions") => {
            Some("microsoft.resources/subscriptions")
        }
        (None, None, None) if first.eq_ignore_ascii_case("tenants") => {
            Some("microsoft.resources/tenants")
        }
        (group, Some(_), None)
            if first.eq_ignore_ascii_case("subscriptions") && is(group, "resourceGroups") =>
        {
            Some("microsoft.resources/subscriptions/resourcegroups")
        }
        (group, Some(_), None) if is(group, "managementGroups") => {
            let namespace = id.split('/').nth(2);
            is(namespace, "Microsoft.Management").then_some("microsoft.management/managementgroups")
        }
        _ => None,
    }
}

/// The type that an id itself says; why it is no id, where it is none.
pub(super) fn type_of_id(id: &str) -> Result<String, String> {
    match ResourceId::parse(id) {
        Ok(id) => Ok(id.resource_type()),
        Err(error) => Err(error.message().to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::{container_type, type_of_id};

    #[test]
    fn containers_are_what_their_ids_say() {
        for id in [
            "/subscriptions/s",
            "/SUBSCRIPTIONS/s/resourcegroups/g",
            "/tenants/t",
            "/providers/microsoft.management/managementgroups/m",
        ] {
            assert_eq!(container_type(id), Some(type_of_id(id).unwrap().as_str()), "{id}");
        }
        for id in [
            "",
            "/",
            "/subscriptions",
            "/subscriptions/s/locations/l",
            "/subscriptions/s/resourceGroups",
            "/subscriptions/s/resourceGroups/g/providers/N/t/n",
            "/providers/Contoso.Management/managementGroups/m",
            "/providers/Microsoft.Billing/accounts/a",
        ] {
            assert_eq!(container_type(id), None, "{id}");
        }
    }
}
