//! Names that reach a statement: quoted, so that no data does, and kept apart from the store's
//! own.

use std::borrow::Cow;

use atg_core::Text;

/// Properties of nodes that are the store's own.
const NODE_PROPERTIES: [&str; 23] = [
    "id",
    "spelled_id",
    "is_resource",
    "synthetic",
    "content_hash",
    "relationships_hash",
    "type",
    "name",
    "location",
    "resource_group",
    "subscription_id",
    "tenant_id",
    "kind",
    "sku",
    "provisioning_state",
    "tags",
    "properties",
    "additional",
    "scale_operation_id",
    "template_source_id",
    "tenant_id_long",
    "scale_operation_id_long",
    "template_source_id_long",
];

/// Properties of relationships that are the store's own.
const RELATIONSHIP_PROPERTIES: [&str; 2] = ["relationship_key", "named_by"];

/// What a caller's own name gets in front where the store has a property of that name.
const OWN: &str = "own:";

/// The longest name the server takes, in bytes.
const MAX_NAME_BYTES: usize = 16_383;

/// A label, type or property name as a statement holds it.
///
/// Backticks are doubled, and a backslash becomes its own escape: the server resolves `\uXXXX`
/// before it looks for backticks, so that a name could otherwise end its quotes by `\u0060`.
pub(super) fn quoted(name: &str) -> String {
    let escaped = name.replace('\\', "\\u005C").replace('`', "``");
    format!("`{escaped}`")
}

/// Why the server takes no such label or property name, if so.
pub(super) fn problem(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        Some("a name without characters")
    } else if name.len() > MAX_NAME_BYTES {
        Some("a name longer than 16,383 bytes")
    } else if name.contains('\0') {
        Some("a name with a null character")
    } else {
        None
    }
}

/// The property that holds a node's custom column.
pub(super) fn column_property(column: &str) -> Cow<'_, str> {
    own(column, &NODE_PROPERTIES)
}

/// The property that holds a relationship's property.
pub(super) fn relationship_property(name: &str) -> Cow<'_, str> {
    own(name, &RELATIONSHIP_PROPERTIES)
}

fn own<'a>(name: &'a str, reserved: &[&str]) -> Cow<'a, str> {
    if reserved.contains(&name) || name.starts_with(OWN) {
        Cow::Owned(format!("{OWN}{name}"))
    } else {
        Cow::Borrowed(name)
    }
}

/// The custom column that a node's property holds; `None` for the store's own.
pub(super) fn column_of(property: &str) -> Option<Text> {
    name_of(property, &NODE_PROPERTIES)
}

/// The name of the relationship's property that a property holds; `None` for the store's own.
pub(super) fn relationship_property_of(property: &str) -> Option<Text> {
    name_of(property, &RELATIONSHIP_PROPERTIES)
}

fn name_of(property: &str, reserved: &[&str]) -> Option<Text> {
    if reserved.contains(&property) {
        return None;
    }
    Some(property.strip_prefix(OWN).unwrap_or(property).into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{
        column_of, column_property, problem, quoted, relationship_property,
        relationship_property_of,
    };

    #[test]
    fn no_name_ends_its_quotes() {
        assert_eq!(quoted("plain"), "`plain`");
        assert_eq!(quoted("a`b"), "`a``b`");
        assert_eq!(quoted("a\\u0060b"), "`a\\u005Cu0060b`");
    }

    #[test]
    fn names_no_server_takes_are_told() {
        assert!(problem("").is_some());
        assert!(problem("a\0b").is_some());
        assert!(problem(&"x".repeat(16_384)).is_some());
        assert_eq!(problem("日本 `语`"), None);
    }

    #[test]
    fn reserved_names_stay_the_stores() {
        for reserved in ["id", "content_hash", "name"] {
            assert_eq!(column_of(reserved), None);
            assert_eq!(column_property(reserved), format!("own:{reserved}"));
        }
        assert_eq!(relationship_property("named_by"), "own:named_by");
        assert_eq!(relationship_property_of("named_by"), None);
    }

    proptest! {
        #[test]
        fn every_name_comes_back(name in "(own:){0,2}(id|name|named_by|relationship_key|.*)") {
            prop_assert_eq!(column_of(&column_property(&name)).unwrap(), name.as_str());
            let property = relationship_property(&name);
            prop_assert_eq!(relationship_property_of(&property).unwrap(), name.as_str());
        }
    }
}
