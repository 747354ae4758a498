//! [`Route`]: which of Azure's operations a path names.

use std::fmt;

/// An operation of Azure; what [`SimulatorStats`](super::SimulatorStats) counts by.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// A query of Resource Graph.
    Query,
    /// `GET /tenants`.
    Tenants,
    /// `GET /subscriptions`.
    Subscriptions,
    /// The resource groups of a subscription.
    ResourceGroups,
    /// The resources of a subscription or of a resource group, without properties.
    Resources,
    /// The types and api-versions of a subscription.
    Providers,
    /// The resources of one type.
    TypedList,
    /// One resource or container by its id.
    Get,
    /// Any other path or method.
    Unknown,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Query => "query",
            Self::Tenants => "tenants",
            Self::Subscriptions => "subscriptions",
            Self::ResourceGroups => "resource groups",
            Self::Resources => "resources",
            Self::Providers => "providers",
            Self::TypedList => "typed list",
            Self::Get => "get",
            Self::Unknown => "unknown",
        })
    }
}

/// A path taken apart. Names keep the case of the path; all words are matched in any case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// The subscription that the path begins with.
    pub(crate) subscription: Option<String>,
    /// The resource group that the path names.
    pub(crate) group: Option<String>,
    /// For a typed list: the type, and the id of the resource that holds the items, if any.
    pub(crate) list: Option<TypedList>,
}

/// What a typed list lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TypedList {
    /// `Microsoft.Sql/servers/databases`.
    pub(crate) resource_type: String,
    /// The resource under which the items lie, for nested types.
    pub(crate) parent: Option<String>,
}

impl Route {
    /// Takes a decoded path apart; `post` where the method is POST.
    pub(crate) fn of(path: &str, post: bool) -> Self {
        let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
        let mut route = Self {
            operation: Operation::Unknown,
            subscription: value_after(&segments, 0, "subscriptions"),
            group: value_after(&segments, 2, "resourcegroups"),
            list: None,
        };
        let lower: Vec<String> = segments.iter().map(|word| word.to_ascii_lowercase()).collect();
        let words: Vec<&str> = lower.iter().map(String::as_str).collect();
        route.operation = match (post, words.as_slice()) {
            (true, ["providers", "microsoft.resourcegraph", "resources"]) => Operation::Query,
            (true, _) | (_, []) => Operation::Unknown,
            (_, ["tenants"]) => Operation::Tenants,
            (_, ["subscriptions"]) => Operation::Subscriptions,
            (_, ["subscriptions", _, "resourcegroups"]) => Operation::ResourceGroups,
            (_, ["subscriptions", _, "providers"]) => Operation::Providers,
            (
                _,
                ["subscriptions", _, "resources"]
                | ["subscriptions", _, "resourcegroups", _, "resources"],
            ) => Operation::Resources,
            _ => {
                route.list = typed_list(&segments);
                if route.list.is_some() { Operation::TypedList } else { Operation::Get }
            }
        };
        route
    }
}

fn value_after(segments: &[&str], at: usize, word: &str) -> Option<String> {
    let found = segments.get(at)?.eq_ignore_ascii_case(word);
    found.then(|| segments.get(at + 1).map(|value| (*value).to_owned())).flatten()
}

/// A path that ends in a type and not in a name: after the last `providers` come the namespace
/// and then an odd number of segments.
fn typed_list(segments: &[&str]) -> Option<TypedList> {
    let at = segments.iter().rposition(|word| word.eq_ignore_ascii_case("providers"))?;
    let (namespace, rest) = segments.get(at + 1..)?.split_first()?;
    if rest.len() % 2 == 0 {
        return None;
    }
    let types: Vec<&str> = rest.iter().copied().step_by(2).collect();
    let resource_type = format!("{namespace}/{}", types.join("/"));
    // Nested types lie under the resource before them, extensions under the one they extend.
    let extends = segments.get(..at)?.iter().any(|word| word.eq_ignore_ascii_case("providers"));
    let end = if rest.len() > 1 { segments.len() - 1 } else { at };
    let parent = segments.get(..end).filter(|_| rest.len() > 1 || extends);
    Some(TypedList { resource_type, parent: parent.map(|words| format!("/{}", words.join("/"))) })
}

/// Undoes percent-encoding; what is not valid stays as it is.
pub(crate) fn decode_path(path: &str) -> String {
    let mut bytes = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escaped = (first == b'%').then(|| tail.get(..2)).flatten();
        let digits = escaped.and_then(|pair| std::str::from_utf8(pair).ok());
        let byte = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { tail.get(2..).unwrap_or_default() } else { tail };
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_operations_in_any_case() {
        for (path, operation) in [
            ("/subscriptions", Operation::Subscriptions),
            ("/Subscriptions/x/ResourceGroups/", Operation::ResourceGroups),
            ("/subscriptions/x/resources", Operation::Resources),
            ("/subscriptions/x/resourcegroups/g/resources", Operation::Resources),
            ("/subscriptions/x/providers", Operation::Providers),
            ("/subscriptions/x/providers/Microsoft.Web/sites", Operation::TypedList),
            ("/subscriptions/x", Operation::Get),
            ("/subscriptions/x/resourceGroups/g", Operation::Get),
            ("/subscriptions/x/providers/Microsoft.Web", Operation::Get),
            ("/", Operation::Unknown),
        ] {
            assert_eq!(Route::of(path, false).operation, operation, "{path}");
        }
        let query = "/Providers/microsoft.resourcegraph/RESOURCES";
        assert_eq!(Route::of(query, true).operation, Operation::Query);
        assert_ne!(Route::of(query, false).operation, Operation::Query);
    }

    #[test]
    fn nested_lists_know_their_parent() {
        let route = Route::of(
            "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a/databases",
            false,
        );
        assert_eq!(route.subscription.as_deref(), Some("s"));
        assert_eq!(route.group.as_deref(), Some("g"));
        let list = route.list.unwrap();
        assert_eq!(list.resource_type, "Microsoft.Sql/servers/databases");
        let parent = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Sql/servers/a";
        assert_eq!(list.parent.as_deref(), Some(parent));
        let locks = format!("{parent}/providers/Microsoft.Authorization/locks");
        let list = Route::of(&locks, false).list.unwrap();
        assert_eq!(list.resource_type, "Microsoft.Authorization/locks");
        assert_eq!(list.parent.as_deref(), Some(parent));
        let group = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Web/sites";
        assert_eq!(Route::of(group, false).list.unwrap().parent, None);
    }

    #[test]
    fn percent_signs_are_undone_once_and_never_panic() {
        assert_eq!(decode_path("/a%20b%2Fc%2525"), "/a b/c%25");
        assert_eq!(decode_path("/%"), "/%");
        assert_eq!(decode_path("/%4"), "/%4");
        assert_eq!(decode_path("/%zz%ff"), "/%zz\u{fffd}");
    }
}
