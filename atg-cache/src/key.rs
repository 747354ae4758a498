//! [`CacheKey`]: what a cached answer is kept under.

use std::fmt;

use atg_core::ResourceId;

/// Who asks: the tenant asked about, and the identity that asks. What one of them may see is
/// never served to another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    tenant: String,
    identity: String,
}

impl Caller {
    /// A caller by its tenant and its identity: an application's or a user's id, never a secret.
    pub fn new(tenant: impl Into<String>, identity: impl Into<String>) -> Self {
        Self { tenant: tenant.into(), identity: identity.into() }
    }

    /// Starts a key of this caller's: the operation it caches (`vm_list`), by which it is
    /// usually invalidated, and the kind of resource (`virtualmachines`).
    pub fn key(&self, namespace: &str, resource: &str) -> KeyBuilder {
        KeyBuilder {
            caller: self.clone(),
            namespace: namespace.to_owned(),
            resource: resource.to_owned(),
            id: String::new(),
            parameters: Vec::new(),
        }
    }
}

/// Collects what tells one answer from another; see [`Caller::key`].
#[derive(Debug, Clone)]
pub struct KeyBuilder {
    caller: Caller,
    namespace: String,
    resource: String,
    id: String,
    parameters: Vec<(String, String)>,
}

impl KeyBuilder {
    /// What was asked about; empty unless set. An ARM id is lower-cased and loses a trailing
    /// slash, for Azure spells the same id in many ways; any other text is kept as it is.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id =
            ResourceId::parse(id).map_or_else(|_| id.to_owned(), |id| id.key().as_str().to_owned());
        self
    }

    /// Adds a parameter that the answer depends on: an api-version, a filter, a page size. The
    /// order in which they are added does not matter.
    #[must_use]
    pub fn parameter(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The key.
    pub fn build(mut self) -> CacheKey {
        self.parameters.sort_unstable();
        let mut key = String::with_capacity(self.length());
        for part in [&self.namespace, &self.resource, &self.id] {
            escape(part, &mut key);
            key.push(':');
        }
        escape(&self.caller.tenant, &mut key);
        key.push('@');
        escape(&self.caller.identity, &mut key);
        for (name, value) in &self.parameters {
            key.push('&');
            escape(name, &mut key);
            key.push('=');
            escape(value, &mut key);
        }
        CacheKey(key)
    }

    fn length(&self) -> usize {
        let parameters: usize =
            self.parameters.iter().map(|(name, value)| name.len() + value.len() + 2).sum();
        let caller = self.caller.tenant.len() + self.caller.identity.len() + 1;
        self.namespace.len() + self.resource.len() + self.id.len() + 3 + caller + parameters
    }
}

/// What a cached answer is kept under: `{namespace}:{resource}:{id}:{variant}`, the variant
/// being tenant, identity and parameters.
///
/// Different inputs make different keys, and nothing is shortened to a hash. The separators, the
/// glob's `*` and `%` are percent-escaped inside the parts, so that a glob such as `vm_list:*`
/// means what it says.
///
/// ```
/// use atg_cache::Caller;
/// let caller = Caller::new("contoso", "scanner");
/// let key = caller.key("vm_list", "virtualmachines").id("/subscriptions/S1").build();
/// assert_eq!(key.as_str(), "vm_list:virtualmachines:/subscriptions/s1:contoso@scanner");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey(String);

impl CacheKey {
    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for CacheKey {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl From<CacheKey> for String {
    fn from(key: CacheKey) -> Self {
        key.0
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn escape(part: &str, key: &mut String) {
    for character in part.chars() {
        match character {
            '%' => key.push_str("%25"),
            ':' => key.push_str("%3A"),
            '*' => key.push_str("%2A"),
            '@' => key.push_str("%40"),
            '&' => key.push_str("%26"),
            '=' => key.push_str("%3D"),
            other => key.push(other),
        }
    }
}
