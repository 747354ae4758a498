//! [`ResourceId`]: an Azure resource id, its canonical key and its parts.

use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Error, ErrorKind, Result, Text};

mod parts;

pub use parts::{IdParts, lowercase_type};

/// The longest id that is accepted, in bytes. Azure's own limit is lower; the bound keeps a
/// broken record from growing every index.
pub const MAX_ID_LENGTH: usize = 4096;

/// The id of a node: as it was spelled, and the canonical key that identifies it.
///
/// Azure compares ids without regard to ASCII case, and spells the same id differently in
/// different answers; so the **key** is the lower-cased id and is what equality, hashing and
/// every store use, while the spelling is kept for people. A trailing slash is dropped.
///
/// Two families share the type:
/// - **ARM ids** start with `/`: `/subscriptions/…`, `/providers/…`, `/tenants/…`; made by
///   [`ResourceId::parse`]. Nested types, extension resources, tenant- and
///   management-group-scoped ids and ids without a resource group are all ids.
/// - **Named nodes** have no id in Azure: a location, a tag, a principal, a host; made by
///   [`ResourceId::named`], `location:westeurope`.
///
/// ```
/// use atg_core::ResourceId;
/// let id = ResourceId::parse("/subscriptions/S1/resourceGroups/Web/providers/Microsoft.Sql/servers/db/databases/Main")?;
/// assert_eq!(id.resource_type(), "microsoft.sql/servers/databases");
/// assert_eq!(id.name(), "Main");
/// assert_eq!(id.parent().unwrap().name(), "db");
/// assert_eq!(id.resource_group(), Some("Web"));
/// assert_eq!(id, ResourceId::parse(id.key().to_uppercase())?);
/// # Ok::<(), atg_core::Error>(())
/// ```
#[derive(Clone)]
pub struct ResourceId {
    spelled: Text,
    key: Text,
}

impl ResourceId {
    /// Parses an ARM id. Costs one pass, and one allocation where the id has upper-case letters.
    ///
    /// # Errors
    /// `InvalidInput` where the text is not an ARM id, saying why.
    pub fn parse(text: impl Into<Text>) -> Result<Self> {
        let spelled = trimmed(&text.into());
        parts::check(&spelled).map_err(|why| {
            let shown: String = spelled.chars().take(120).collect();
            Error::new(
                ErrorKind::InvalidInput,
                "parse resource id",
                format!("{shown:?} is not an Azure resource id: {why}"),
            )
        })?;
        let key = if has_uppercase(&spelled) {
            Text::from(spelled.to_ascii_lowercase())
        } else {
            spelled.clone()
        };
        Ok(Self { spelled, key })
    }

    /// Whether the text has the form of an ARM id; allocates nothing.
    pub fn is_valid(text: &str) -> bool {
        parts::check(text.strip_suffix('/').unwrap_or(text)).is_ok()
    }

    /// An id from a spelling that [`is_valid`](Self::is_valid) accepts and its lower-cased form,
    /// for callers that keep both in a buffer of their own (a page's arena). Allocates nothing.
    /// Falls back to [`parse`](Self::parse) where the two do not belong together.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_parts(spelled: Text, key: Text) -> Result<Self> {
        if spelled.len() == key.len()
            && !spelled.ends_with('/')
            && spelled.eq_ignore_ascii_case(&key)
            && !has_uppercase(&key)
            && parts::check(&spelled).is_ok()
        {
            return Ok(Self { spelled, key });
        }
        Self::parse(spelled)
    }

    /// The id of a node that has no id in Azure: `kind` in lower case, a colon, and the name,
    /// whose case counts.
    pub fn named(kind: &str, name: &str) -> Self {
        let key = Text::from(format!("{}:{name}", kind.to_ascii_lowercase()));
        Self { spelled: key.clone(), key }
    }

    /// Reads back an id that a store kept: an ARM id or a named node.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn from_stored(text: impl Into<Text>) -> Result<Self> {
        let text = text.into();
        match text.split_once(':') {
            Some((kind, _)) if !kind.is_empty() && !text.starts_with('/') => {
                Ok(Self { spelled: text.clone(), key: text })
            }
            _ => Self::parse(text),
        }
    }

    /// The id as Azure spelled it.
    pub fn as_str(&self) -> &str {
        &self.spelled
    }

    /// The id as Azure spelled it, sharing its buffer.
    pub fn spelled(&self) -> &Text {
        &self.spelled
    }

    /// The canonical key: lower case for ARM ids.
    pub fn key(&self) -> &Text {
        &self.key
    }

    /// Whether this is an ARM id, not a named node.
    pub fn is_arm(&self) -> bool {
        self.key.starts_with('/')
    }

    /// The id's parts, found in one pass.
    pub fn parts(&self) -> IdParts<'_> {
        IdParts::of(&self.spelled)
    }

    /// The canonical type, lower case: `microsoft.sql/servers/databases`; for containers
    /// `microsoft.resources/subscriptions`, `microsoft.resources/subscriptions/resourcegroups`,
    /// `microsoft.management/managementgroups`, `microsoft.resources/tenants`; for named nodes
    /// their kind.
    pub fn resource_type(&self) -> String {
        if let Some((kind, _)) = self.key.split_once(':').filter(|_| !self.is_arm()) {
            return kind.to_owned();
        }
        IdParts::of(&self.key).resource_type()
    }

    /// The last name in the id, as spelled.
    pub fn name(&self) -> &str {
        if self.is_arm() {
            self.spelled.rsplit('/').next().unwrap_or_default()
        } else {
            self.spelled.split_once(':').map_or(&*self.spelled, |(_, name)| name)
        }
    }

    /// The subscription, as spelled, where the id is in one.
    pub fn subscription_id(&self) -> Option<&str> {
        self.parts().subscription
    }

    /// The resource group's name, as spelled, where the id is in one.
    pub fn resource_group(&self) -> Option<&str> {
        self.parts().resource_group
    }

    /// What contains this resource: the resource a nested type hangs on; else its resource
    /// group, subscription, or the resource it extends. `None` for a subscription, a tenant, a
    /// management group, a tenant-scoped resource and a named node. Shares the buffers.
    pub fn parent(&self) -> Option<Self> {
        self.prefix(self.parts().parent_length()?)
    }

    /// The scope the resource lives at: everything before its last `/providers/`; for a
    /// resource group its subscription. `None` where that is the tenant.
    pub fn scope(&self) -> Option<Self> {
        self.prefix(self.parts().scope_length()?)
    }

    /// The same id spelled as its key.
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self { spelled: self.key.clone(), key: self.key.clone() }
    }

    /// A copy with buffers of its own; see [`Text::detached`].
    #[must_use]
    pub fn detached(&self) -> Self {
        let spelled = self.spelled.detached();
        let key = if spelled == self.key { spelled.clone() } else { self.key.detached() };
        Self { spelled, key }
    }

    fn prefix(&self, length: usize) -> Option<Self> {
        if !self.is_arm() || length == 0 {
            return None;
        }
        Some(Self {
            spelled: self.spelled.slice_ref(self.spelled.get(..length)?),
            key: self.key.slice_ref(self.key.get(..length)?),
        })
    }
}

/// A fold without an early exit, which vectorises.
fn has_uppercase(text: &str) -> bool {
    text.bytes().fold(0_u8, |found, byte| found | u8::from(byte.is_ascii_uppercase())) != 0
}

fn trimmed(text: &Text) -> Text {
    match text.strip_suffix('/') {
        Some(rest) => text.slice_ref(rest),
        None => text.clone(),
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key.cmp(&other.key)
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key.hash(state);
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceId({:?})", self.as_str())
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.spelled)
    }
}

impl std::str::FromStr for ResourceId {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::parse(text)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::from_stored(Text::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests;
