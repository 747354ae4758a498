//! What the value that a rule points at is, and how it is written as a node's key.

/// What the value at a rule's path is. A value that is not of that kind is ignored.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Target {
    /// The id of a resource, a group, a subscription: anything that Azure has an id for.
    #[default]
    ArmId,
    /// The id of a child within a resource (an interface's `ipConfigurations/x`); the resource
    /// that has the child is meant.
    Parent,
    /// The object id of a user, a group or a service principal: the node `principal:{guid}`.
    Principal,
    /// An address, `https://name.blob.core.windows.net/`: the node `host:{its host}`.
    StorageHost,
    /// The name of a resource group in the record's own subscription.
    ResourceGroupName,
}

impl Target {
    /// The target that a rule's text calls `name`.
    pub(super) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "id" => Self::ArmId,
            "parent" => Self::Parent,
            "principal" => Self::Principal,
            "host" => Self::StorageHost,
            "group" => Self::ResourceGroupName,
            _ => return None,
        })
    }
}

/// Whether a text is a GUID in its usual form.
pub(crate) fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// The host of an address, where it has one with a domain.
pub(crate) fn host_of(address: &str) -> Option<&str> {
    let (_, rest) = address.split_once("://")?;
    let end = rest.find(['/', ':', '?', '#']).unwrap_or(rest.len());
    let host = rest.get(..end)?;
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-');
    (host.contains('.') && host.bytes().all(plain)).then_some(host)
}

/// The id without its last type and name, where it is a child of a resource in a resource group;
/// else the id itself.
pub(crate) fn without_child(id: &str) -> &str {
    // `/subscriptions/s/resourceGroups/g/providers/ns/type/name` has eight segments.
    if id.bytes().filter(|byte| *byte == b'/').count() < 10 {
        return id;
    }
    id.rsplitn(3, '/').nth(2).unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::{host_of, is_guid, without_child};

    #[test]
    fn values_are_recognised_by_their_form() {
        assert!(is_guid("0a1B2c3D-0000-1111-2222-333344445555"));
        assert!(!is_guid("0a1b2c3d-0000-1111-2222-33334444555g"));
        assert!(!is_guid("0a1b2c3d000011112222333344445555----"));
        assert_eq!(
            host_of("https://Logs.blob.core.windows.net/"),
            Some("Logs.blob.core.windows.net")
        );
        assert_eq!(host_of("http://a.example:81/x"), Some("a.example"));
        for none in ["", "logs", "https://", "https://localhost/", "https://a b.c/", "a://user@h.c"]
        {
            assert_eq!(host_of(none), None, "{none}");
        }
    }

    #[test]
    fn only_a_child_is_cut() {
        let interface = "/subscriptions/s/resourceGroups/g/providers/N/networkInterfaces/i";
        assert_eq!(without_child(&format!("{interface}/ipConfigurations/c")), interface);
        assert_eq!(without_child(interface), interface);
        assert_eq!(without_child(""), "");
    }
}
