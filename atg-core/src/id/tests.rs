use super::ResourceId;
use proptest::prelude::*;

fn id(text: &str) -> ResourceId {
    ResourceId::parse(text).unwrap()
}

const GROUP: &str = "/subscriptions/S/resourceGroups/Rg";

#[test]
fn parts_of_every_kind_of_id() {
    let cases = [
        ("/subscriptions/S", "microsoft.resources/subscriptions", None),
        (GROUP, "microsoft.resources/subscriptions/resourcegroups", Some("/subscriptions/S")),
        (
            "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Web/sites/a",
            "microsoft.web/sites",
            Some(GROUP),
        ),
        (
            "/subscriptions/S/providers/Microsoft.Authorization/roleDefinitions/r",
            "microsoft.authorization/roledefinitions",
            Some("/subscriptions/S"),
        ),
        (
            "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Web/sites/a/providers/Microsoft.Authorization/locks/l",
            "microsoft.authorization/locks",
            Some("/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Web/sites/a"),
        ),
        (
            "/providers/Microsoft.Management/managementGroups/m",
            "microsoft.management/managementgroups",
            None,
        ),
        (
            "/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Authorization/policyAssignments/p",
            "microsoft.authorization/policyassignments",
            Some("/providers/Microsoft.Management/managementGroups/m"),
        ),
        (
            "/subscriptions/S/providers/Microsoft.Web",
            "microsoft.resources/providers",
            Some("/subscriptions/S"),
        ),
        (
            "/subscriptions/S/locations/eastus",
            "microsoft.resources/subscriptions/locations",
            Some("/subscriptions/S"),
        ),
        ("/tenants/T", "microsoft.resources/tenants", None),
        (
            "/subscriptions/S/resourceGroups/Rg/providers/Microsoft.EventHub/namespaces/n/messagingplan",
            "microsoft.eventhub/namespaces/messagingplan",
            Some("/subscriptions/S/resourceGroups/Rg/providers/Microsoft.EventHub/namespaces/n"),
        ),
    ];
    for (text, resource_type, parent) in cases {
        assert_eq!(id(text).resource_type(), resource_type, "{text}");
        assert_eq!(id(text).parent().as_ref().map(ResourceId::as_str), parent, "{text}");
    }
}

#[test]
fn a_resource_may_be_called_providers() {
    let odd =
        id("/subscriptions/S/resourceGroups/Rg/providers/Microsoft.Web/sites/providers/slots/x");
    assert_eq!(odd.resource_type(), "microsoft.web/sites/slots");
    assert_eq!(odd.scope().unwrap().as_str(), GROUP);
    let group = id("/subscriptions/S/resourceGroups/providers/providers/A.B/c/d");
    assert_eq!(group.resource_group(), Some("providers"));
    assert_eq!(group.resource_type(), "a.b/c");
}

#[test]
fn a_group_without_a_name_is_no_group() {
    let offer = id(
        "/subscriptions/S/resourceGroups//providers/Microsoft.Network/expressRouteServiceProviders/x",
    );
    assert_eq!(offer.resource_group(), None);
    assert_eq!(offer.resource_type(), "microsoft.network/expressrouteserviceproviders");
    assert_eq!(offer.parent().unwrap().as_str(), "/subscriptions/S");
    for text in [
        "/subscriptions/S/resourceGroups//x",
        "/subscriptions//resourceGroups//providers/a/b/c",
        "/subscriptions/S/resourceGroups//providers/a//b",
        "/providers/A/resourceGroups//providers/a/b/c",
    ] {
        assert!(ResourceId::parse(text).is_err(), "{text}");
    }
}

#[test]
fn case_and_trailing_slash_do_not_matter_and_spelling_is_kept() {
    let upper = id("/SUBSCRIPTIONS/s/RESOURCEGROUPS/rg/");
    assert_eq!(upper, id("/subscriptions/S/resourceGroups/RG"));
    assert_eq!(upper.as_str(), "/SUBSCRIPTIONS/s/RESOURCEGROUPS/rg");
    assert_eq!(upper.key(), &"/subscriptions/s/resourcegroups/rg");
}

#[test]
fn what_is_no_id_is_refused_by_name() {
    let long = format!("/subscriptions/{}", "x".repeat(5000));
    for text in [
        "",
        "/",
        "x",
        "/subscriptions",
        "/subscriptions//x",
        "/foo/bar",
        "//a",
        "/subscriptions/a//b",
        "https://management.azure.com/subscriptions/a",
        "/subscriptions/a?x=1",
        "/subscriptions/a\n",
        &long,
        "/subscriptions/",
    ] {
        let error = ResourceId::parse(text).unwrap_err();
        assert_eq!(error.kind(), crate::ErrorKind::InvalidInput, "{text}");
        assert!(!ResourceId::is_valid(text), "{text}");
    }
}

#[test]
fn named_nodes_survive_a_store() {
    let tag = ResourceId::named("Tag", "env=Prod:1");
    assert_eq!(tag.key(), &"tag:env=Prod:1");
    assert_eq!(ResourceId::from_stored(tag.spelled().clone()).unwrap(), tag);
    assert_eq!((tag.resource_type().as_str(), tag.name()), ("tag", "env=Prod:1"));
    assert!(tag.parent().is_none() && !tag.is_arm());
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused(text in "(/(subscriptions|providers|resourceGroups|a\\.b|[a-zß]{0,3})){0,9}/?") {
        if let Ok(id) = ResourceId::parse(text.as_str()) {
            let again = ResourceId::parse(id.key().clone()).unwrap();
            prop_assert_eq!(again.key(), id.key());
            prop_assert!(!id.resource_type().is_empty());
            let mut ancestor = id.parent();
            let mut steps = 0;
            while let Some(parent) = ancestor {
                prop_assert!(ResourceId::is_valid(parent.as_str()), "{} of {}", parent, id);
                prop_assert!(id.as_str().starts_with(parent.as_str()));
                ancestor = parent.parent();
                steps += 1;
                prop_assert!(steps < 20);
            }
        }
    }
}
