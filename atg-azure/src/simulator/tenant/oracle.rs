//! [`Oracle`]: what a perfect scan of a tenant finds.

use super::Tenant;
use super::containers::{self, Container};
use super::face::Face;
use super::id::{Spelling, write_group_id};
use super::place::Place;
use super::row;
use super::spell::Spell;
use super::tags::{self, Words};
use super::writer::{Endpoint, Writer};

/// What a node of the graph stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum NodeKind {
    /// A resource.
    Resource,
    /// A management group, subscription or resource group.
    Container,
    /// A region: `location:westeurope`.
    Location,
    /// A tag with its value: `tag:env=prod`.
    Tag,
    /// An identity of the directory: `principal:` and its object id.
    Principal,
    /// A host name: `host:name.blob.core.windows.net`.
    Host,
}

/// What a perfect scan of a tenant finds, told in constant memory.
///
/// It is told by the same descriptions that write the records, never read back from JSON. Keys
/// are canonical: ids in lower case; tags as spelled. What is shared by many (locations, tags,
/// hosts, unresolved keys) is told each time it is met, and a relationship as often as a record
/// repeats it: collect into sets to compare.
#[derive(Debug, Clone)]
pub struct Oracle<'t> {
    tenant: &'t Tenant,
}

/// One relationship, and what its target is.
struct Link<'a> {
    source: &'a str,
    relation: &'a str,
    target: &'a str,
    endpoint: Endpoint,
}

impl<'t> Oracle<'t> {
    pub(super) fn new(tenant: &'t Tenant) -> Self {
        Self { tenant }
    }

    /// Visits the key of every node that is found: every resource and container once, then
    /// locations, tags, principals and hosts each time one is met.
    pub fn node_keys(&self, mut visit: impl FnMut(&str, NodeKind)) {
        let mut key = String::new();
        for index in 0..self.tenant.len() {
            key.clear();
            Place::new(self.tenant, index).own().write_id(Spelling::Key, &mut key);
            visit(&key, NodeKind::Resource);
        }
        for container in 0..self.tenant.container_count() {
            container_key(self.tenant, container, &mut key);
            visit(&key, NodeKind::Container);
        }
        self.links(&mut |link| {
            if let Endpoint::Shared(kind) = link.endpoint {
                visit(link.target, kind);
            }
        });
    }

    /// Visits every relationship: source key, type, target key.
    pub fn relationships(&self, mut visit: impl FnMut(&str, &str, &str)) {
        self.links(&mut |link| visit(link.source, link.relation, link.target));
    }

    /// Visits every key that is referred to and that no listing has: subnets and other
    /// children that live inside their parent's record, and the groups that clusters manage.
    pub fn unresolved(&self, mut visit: impl FnMut(&str)) {
        self.links(&mut |link| {
            if matches!(link.endpoint, Endpoint::Unlisted) {
                visit(link.target);
            }
        });
    }

    /// Visits the relationships that one resource's record gives rise to, its parent's
    /// `CONTAINS` included.
    ///
    /// # Panics
    /// Where `index` is not below [`Tenant::len`].
    pub fn relationships_of(&self, index: u64, mut visit: impl FnMut(&str, &str, &str)) {
        Walk::new(self.tenant).resource(index, &mut |link: &Link<'_>| {
            visit(link.source, link.relation, link.target);
        });
    }

    fn links(&self, visit: &mut dyn FnMut(&Link<'_>)) {
        let mut walk = Walk::new(self.tenant);
        for container in 0..self.tenant.container_count() {
            walk.container(container, visit);
        }
        for index in 0..self.tenant.len() {
            walk.resource(index, visit);
        }
    }
}

/// The buffers of a walk over the tenant.
struct Walk<'t> {
    tenant: &'t Tenant,
    source: String,
    target: String,
    body: String,
}

impl<'t> Walk<'t> {
    fn new(tenant: &'t Tenant) -> Self {
        let (source, target, body) = (String::new(), String::new(), String::new());
        Self { tenant, source, target, body }
    }

    fn container(&mut self, container: u64, visit: &mut dyn FnMut(&Link<'_>)) {
        container_key(self.tenant, container, &mut self.source);
        let seed = containers::seed(self.tenant, container);
        match containers::at(self.tenant, container) {
            Container::ManagementGroup(_) => {}
            Container::Subscription(_) => self.tags(seed, Words::of_seed(seed), visit),
            Container::ResourceGroup(unit) => {
                let subscription = containers::of_subscription(unit.subscription);
                container_key(self.tenant, subscription, &mut self.target);
                contains(&self.target, &self.source, visit);
                self.location(unit.region.name, visit);
                self.tags(seed, Words::of_unit(&unit), visit);
            }
        }
    }

    fn resource(&mut self, index: u64, visit: &mut dyn FnMut(&Link<'_>)) {
        let place = Place::new(self.tenant, index);
        self.source.clear();
        place.own().write_id(Spelling::Key, &mut self.source);
        self.parent(&place, visit);
        let envelope = (place.slot.blueprint.envelope)(&place);
        self.location(row::location(&place, &envelope), visit);
        self.tags(place.hash, Words::of_unit(&place.unit), visit);
        self.references(&place, visit);
    }

    fn parent(&mut self, place: &Place<'_>, visit: &mut dyn FnMut(&Link<'_>)) {
        self.target.clear();
        match place.slot.blueprint.parent {
            Some(parent) => place.at(parent).write_id(Spelling::Key, &mut self.target),
            None => write_group_id(self.tenant, &place.unit, Spelling::Key, &mut self.target),
        }
        contains(&self.target, &self.source, visit);
    }

    fn location(&mut self, spelled: &str, visit: &mut dyn FnMut(&Link<'_>)) {
        self.target.clear();
        self.target.push_str("location:");
        let letters = spelled.chars().filter(|letter| *letter != ' ');
        self.target.extend(letters.map(|letter| letter.to_ascii_lowercase()));
        self.visit("LOCATED_IN", NodeKind::Location, visit);
    }

    fn tags(&mut self, seed: u64, words: Words, visit: &mut dyn FnMut(&Link<'_>)) {
        for (name, value) in tags::of(seed, words) {
            self.target.clear();
            ("tag:", name, "=", value).spell(&mut self.target);
            self.visit("TAGGED", NodeKind::Tag, visit);
        }
    }

    fn visit(&self, relation: &str, kind: NodeKind, visit: &mut dyn FnMut(&Link<'_>)) {
        let (source, target) = (&*self.source, &*self.target);
        visit(&Link { source, relation, target, endpoint: Endpoint::Shared(kind) });
    }

    /// The references of the record's body, told by the description that writes it.
    fn references(&mut self, place: &Place<'_>, visit: &mut dyn FnMut(&Link<'_>)) {
        let source = &self.source;
        let mut visitor = |relation: &str, target: &str, endpoint: Endpoint| {
            visit(&Link { source, relation, target, endpoint });
        };
        self.body.clear();
        let writer = Writer::new(self.tenant, Face::Get, &mut self.body);
        row::write(place, &mut writer.with_visitor(&mut visitor));
    }
}

fn contains(parent: &str, child: &str, visit: &mut dyn FnMut(&Link<'_>)) {
    visit(&Link {
        source: parent,
        relation: "CONTAINS",
        target: child,
        endpoint: Endpoint::Listed,
    });
}

fn container_key(tenant: &Tenant, container: u64, key: &mut String) {
    key.clear();
    containers::write_id(tenant, container, key);
    key.make_ascii_lowercase();
}
