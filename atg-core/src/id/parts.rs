//! The grammar of ARM ids: one pass, no allocation.
//!
//! ```text
//! id       = container *provider | *provider          (not empty)
//! container= /subscriptions/{s} [/resourceGroups/{g}] | /tenants/{t} | …/{word}/{name}
//! provider = /providers/{namespace} *( /{type}/{name} ) [ /{type} ]
//! ```
//! A namespace alone (a registered provider) and a last type without a name (a singleton such
//! as a namespace's `messagingplan`) are real, and accepted.

use super::MAX_ID_LENGTH;

/// The parts of an id, borrowed from it. For an id that was not parsed every part is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdParts<'a> {
    id: &'a str,
    /// The subscription's id.
    pub subscription: Option<&'a str>,
    /// The resource group's name.
    pub resource_group: Option<&'a str>,
    /// The namespace of the last provider: `Microsoft.Sql`.
    pub namespace: Option<&'a str>,
    /// What follows the namespace, or the container's own words: `servers/db/databases/main`.
    tail: &'a str,
    /// Where the last `/providers/` starts; the whole length where there is none.
    providers_at: usize,
}

/// Says why `id` is not an ARM id.
pub(super) fn check(id: &str) -> Result<(), &'static str> {
    let Some(rest) = id.strip_prefix('/') else {
        return Err("it does not start with '/'");
    };
    if id.len() > MAX_ID_LENGTH {
        return Err("it is longer than 4096 bytes");
    }
    let first_end = rest.find('/').ok_or("it has one segment only")?;
    let first = &rest[..first_end];
    let known = ["subscriptions", "providers", "tenants"];
    if !known.iter().any(|word| word.eq_ignore_ascii_case(first)) {
        return Err("it starts with none of /subscriptions/, /providers/ and /tenants/");
    }
    // Two passes without an early exit, which vectorise; the reason is looked for only on failure.
    let bytes = id.as_bytes();
    let odd = bytes.iter().fold(0_u8, |odd, &byte| odd | u8::from(is_odd(byte)));
    let pairs = bytes.iter().zip(bytes.iter().skip(1));
    let empty =
        pairs.fold(0_u8, |found, (&a, &b)| found | (u8::from(a == b'/') & u8::from(b == b'/')));
    if odd != 0 {
        return Err("it has a control character or a query, as links have");
    }
    if bytes.last() == Some(&b'/') {
        return Err("it ends with an empty segment");
    }
    if empty != 0 && !only_the_group_is_empty(id) {
        return Err("it has an empty segment");
    }
    Ok(())
}

fn is_odd(byte: u8) -> bool {
    byte < b' ' || byte == 0x7f || byte == b'?' || byte == b'#'
}

/// Azure gives what is offered in a subscription as a whole (`expressRouteServiceProviders`) a
/// resource group without a name.
fn only_the_group_is_empty(id: &str) -> bool {
    let Some(at) = id.find("//") else { return true };
    let (before, after) = id.split_at(at);
    let group = "/resourcegroups";
    let named = before.len().checked_sub(group.len()).and_then(|start| before.get(start..));
    named.is_some_and(|end| end.eq_ignore_ascii_case(group))
        && before.get(..15).is_some_and(|start| start.eq_ignore_ascii_case("/subscriptions/"))
        && before.matches('/').count() == 3
        && after.get(1..12).is_some_and(|next| next.eq_ignore_ascii_case("/providers/"))
        && after.get(2..).is_some_and(|rest| !rest.contains("//"))
}

impl<'a> IdParts<'a> {
    /// Finds the parts of an id that [`check`] accepts.
    pub(super) fn of(id: &'a str) -> Self {
        let mut parts = Self {
            id,
            subscription: None,
            resource_group: None,
            namespace: None,
            tail: "",
            providers_at: id.len(),
        };
        if !id.starts_with('/') {
            return parts;
        }
        let Some((name, after)) = pair(id, "subscriptions") else {
            parts.find_provider(id);
            return parts;
        };
        parts.subscription = Some(name);
        let Some((group, rest)) = pair(after, "resourcegroups") else {
            parts.find_provider(after);
            return parts;
        };
        parts.find_provider(rest);
        if group.is_empty() {
            // A group without a name is no scope: the subscription is.
            if parts.providers_at == id.len() - rest.len() {
                parts.providers_at = id.len() - after.len();
            }
        } else {
            parts.resource_group = Some(group);
        }
        parts
    }

    fn find_provider(&mut self, rest: &'a str) {
        let start = self.id.len() - rest.len();
        match last_providers(rest) {
            Some(at) => {
                self.providers_at = start + at;
                let after = &rest[at + "/providers/".len()..];
                let (namespace, tail) = after.split_once('/').unwrap_or((after, ""));
                self.namespace = Some(namespace);
                self.tail = tail;
            }
            None => self.tail = rest.trim_start_matches('/'),
        }
    }

    /// The canonical type of the last resource in the id, lower case.
    pub fn resource_type(&self) -> String {
        let mut text = match self.namespace {
            Some(namespace) if self.tail.is_empty() => {
                debug_assert!(!namespace.is_empty());
                return "microsoft.resources/providers".to_owned();
            }
            Some(namespace) => namespace.to_ascii_lowercase(),
            None => match (self.subscription, self.resource_group) {
                (Some(_), None) => "microsoft.resources/subscriptions".to_owned(),
                (Some(_), Some(_)) => "microsoft.resources/subscriptions/resourcegroups".to_owned(),
                (None, _) => "microsoft.resources".to_owned(),
            },
        };
        for word in self.tail.split('/').step_by(2).filter(|word| !word.is_empty()) {
            text.push('/');
            text.extend(word.chars().map(|letter| letter.to_ascii_lowercase()));
        }
        text
    }

    /// The length of the parent's id within this one; `None` where there is no parent.
    pub(super) fn parent_length(&self) -> Option<usize> {
        let words = self.tail.split('/').filter(|word| !word.is_empty()).count();
        // A trailing type without a name hangs on the resource before it.
        let (own, floor) = if words % 2 == 1 { (1, 1) } else { (2, 2) };
        if words > floor || (words > 0 && self.namespace.is_none() && self.subscription.is_some()) {
            return Some(cut(self.id, own));
        }
        self.scope_length()
    }

    /// The length of the scope's id within this one; `None` where the scope is the tenant.
    pub(super) fn scope_length(&self) -> Option<usize> {
        if self.namespace.is_some() {
            return (self.providers_at > 0).then_some(self.providers_at);
        }
        if self.resource_group.is_some() && self.tail.is_empty() {
            return Some(cut(self.id, 2));
        }
        (self.subscription.is_some() && !self.tail.is_empty()).then(|| cut(self.id, 2))
    }
}

/// The canonical, lower-case form of a type as a record spells it; resource groups and
/// subscriptions get the one name that Resource Graph uses.
pub fn lowercase_type(spelled: &str) -> String {
    let lower = spelled.to_ascii_lowercase();
    match lower.as_str() {
        "microsoft.resources/resourcegroups" => {
            "microsoft.resources/subscriptions/resourcegroups".to_owned()
        }
        _ => lower,
    }
}

/// `/{word}/{name}rest` → `(name, rest)`, the word compared without case.
fn pair<'a>(text: &'a str, word: &str) -> Option<(&'a str, &'a str)> {
    let rest = text.strip_prefix('/')?;
    let (head, rest) = rest.split_once('/')?;
    if !head.eq_ignore_ascii_case(word) {
        return None;
    }
    let end = rest.find('/').unwrap_or(rest.len());
    Some((&rest[..end], &rest[end..]))
}

/// Where the last `/providers/` starts that stands where a word stands, not a name: a resource
/// may itself be called "providers".
fn last_providers(rest: &str) -> Option<usize> {
    let mut found = None;
    let mut words_since = 0_usize;
    let mut at = 0;
    for segment in rest.split('/').skip(1) {
        let start = at;
        at += segment.len() + 1;
        let follows = at < rest.len();
        // After `providers/{namespace}` words and names alternate; a provider starts at a word.
        if words_since.is_multiple_of(2) && follows && segment.eq_ignore_ascii_case("providers") {
            found = Some(start);
            words_since = 0;
        }
        words_since += 1;
    }
    found
}

/// The length of `id` without its last `segments` segments.
fn cut(id: &str, segments: usize) -> usize {
    let mut end = id.len();
    for _ in 0..segments {
        end = id[..end].rfind('/').unwrap_or(0);
    }
    end
}
