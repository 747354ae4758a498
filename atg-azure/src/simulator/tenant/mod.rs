//! The generated tenant: what the simulated Azure holds, and what a perfect scan of it finds.
//!
//! Nothing is stored but the subscriptions' ids: every resource is a pure function of the
//! [`TenantSpec`] and its index, so that a tenant of ten million resources costs no more memory
//! than one of ten. Subscriptions own consecutive blocks of indexes; a block is a row of
//! *units*, each one resource group with the same sequence of types. References point into the
//! same unit or to the first unit of the subscription, and only at what exists.
//!
//! One description of each type writes the body and names the relationships, so the
//! [`Oracle`] cannot disagree with what the tenant answers.

mod containers;
mod face;
mod id;
mod layout;
mod lookup;
mod models;
mod names;
mod oracle;
mod place;
mod random;
mod row;
mod spec;
mod spell;
mod tags;
mod type_indexes;
mod unit;
mod vocabulary;
mod writer;

#[cfg(test)]
mod tests;

pub use face::Face;
pub use oracle::{NodeKind, Oracle};
pub use spec::TenantSpec;
pub use type_indexes::TypeIndexes;

use std::collections::HashMap;
use std::ops::Range;

use atg_core::Result;

use layout::Layout;
use place::Place;
use random::Guid;
use spell::Spell as _;
use unit::{SLOTS, UNIT_SIZE, Unit};

/// A simulated tenant: its containers and resources, computed when asked for.
///
/// Resources are numbered `0..len()`, containers `0..container_count()`. The same spec gives
/// the same tenant, byte for byte. Memory: about 100 bytes a subscription.
#[derive(Debug, Clone)]
pub struct Tenant {
    spec: TenantSpec,
    layout: Layout,
    id: String,
    subscription_ids: Vec<String>,
    subscriptions_by_id: HashMap<u128, u32, foldhash::fast::FixedState>,
    /// Which slots of a unit hold types that Resource Graph does not know.
    hidden: [bool; UNIT_SIZE],
}

impl Tenant {
    /// Makes the tenant that the spec describes. Costs the subscriptions' ids, nothing else.
    ///
    /// # Errors
    /// `InvalidInput` where the spec is out of its ranges.
    pub fn new(spec: TenantSpec) -> Result<Self> {
        spec.validate()?;
        let guids =
            (0..spec.subscriptions).map(|number| Guid::of(spec.seed, 1 + u64::from(number)));
        let subscription_ids = guids.clone().map(Guid::to_text).collect();
        let subscriptions_by_id = guids.map(Guid::value).zip(0..).collect();
        let hidden = SLOTS.each_ref().map(|slot| spec.hides(slot.blueprint.resource_type));
        Ok(Self {
            layout: Layout::new(spec.resources, spec.subscriptions),
            id: Guid::of(spec.seed, 0).to_text(),
            subscription_ids,
            subscriptions_by_id,
            hidden,
            spec,
        })
    }

    /// What the tenant was made from.
    pub fn spec(&self) -> &TenantSpec {
        &self.spec
    }

    /// How many resources there are, those that Resource Graph misses included.
    pub fn len(&self) -> u64 {
        self.spec.resources
    }

    /// Whether there are no resources; containers there always are.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The tenant's id, a lower-case GUID.
    pub fn tenant_id(&self) -> &str {
        &self.id
    }

    /// How many subscriptions there are.
    pub fn subscription_count(&self) -> u32 {
        self.spec.subscriptions
    }

    /// The id of a subscription, a lower-case GUID.
    ///
    /// # Panics
    /// Where `subscription` is not below [`subscription_count`](Self::subscription_count).
    pub fn subscription_id(&self, subscription: u32) -> &str {
        &self.subscription_ids[subscription as usize]
    }

    /// The number of the subscription with this id, whatever its case.
    pub fn subscription_number(&self, id: &str) -> Option<u32> {
        self.subscriptions_by_id.get(&Guid::parse(id)?.value()).copied()
    }

    /// The subscription that owns a resource.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn subscription_of(&self, index: u64) -> u32 {
        self.layout.subscription_of(index)
    }

    /// The indexes of a subscription's resources; empty for a subscription that does not exist.
    pub fn indexes_of_subscription(&self, subscription: u32) -> Range<u64> {
        self.layout.block(subscription)
    }

    /// How many resource groups there are.
    pub fn group_count(&self) -> u64 {
        self.layout.units()
    }

    /// The numbers of a subscription's resource groups; empty where it has none.
    pub fn groups_of_subscription(&self, subscription: u32) -> Range<u64> {
        self.layout.units_of(subscription)
    }

    /// The number of the resource group that holds a resource.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn group_of(&self, index: u64) -> u64 {
        self.layout.unit_of(index)
    }

    /// The indexes of a resource group's resources.
    ///
    /// # Panics
    /// Where `group` is not below [`group_count`](Self::group_count).
    pub fn indexes_of_group(&self, group: u64) -> Range<u64> {
        self.layout.indexes_of_unit(group)
    }

    /// The subscription that holds a resource group.
    ///
    /// # Panics
    /// Where `group` is not below [`group_count`](Self::group_count).
    pub fn subscription_of_group(&self, group: u64) -> u32 {
        self.layout.subscription_of_unit(group)
    }

    /// The name of a resource group, as spelled in its own id.
    ///
    /// # Panics
    /// Where `group` is not below [`group_count`](Self::group_count).
    pub fn resource_group_name(&self, group: u64) -> String {
        let mut name = String::new();
        self.unit(group).group_name().spell(&mut name);
        name
    }

    /// The number of the resource group with this name, whatever its case.
    pub fn group_number(&self, subscription: u32, name: &str) -> Option<u64> {
        lookup::group(self, subscription, name)
    }

    /// The type of a resource in its true spelling: `Microsoft.Compute/virtualMachines`.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn resource_type(&self, index: u64) -> &'static str {
        SLOTS[self.layout.slot_of(index)].blueprint.resource_type
    }

    /// The last name in a resource's id.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn name(&self, index: u64) -> String {
        let mut name = String::new();
        self.place(index).own().name().spell(&mut name);
        name
    }

    /// Whether the table `resources` of Resource Graph has the resource; see
    /// [`TenantSpec::missing_from_graph`].
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn in_resource_graph(&self, index: u64) -> bool {
        !self.hidden[self.layout.slot_of(index)]
    }

    /// A well-mixed number for a resource: what stands for Resource Graph's `hash(tolower(id))`.
    pub fn hash(&self, index: u64) -> u64 {
        random::mix(self.spec.seed ^ random::mix(index))
    }

    /// Appends a resource's id as its own record spells it.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn write_id(&self, index: u64, out: &mut String) {
        let place = self.place(index);
        place.own().write_id(place.own_spelling(), out);
    }

    /// Appends a resource's record as compact JSON, about 1.6 KB.
    ///
    /// # Panics
    /// Where `index` is not below [`len`](Self::len).
    pub fn write_resource(&self, index: u64, face: Face, out: &mut String) {
        row::write(&self.place(index), &mut writer::Writer::new(self, face, out));
    }

    /// The index of the resource with this id, whatever its case. Constant time.
    pub fn index_of(&self, id: &str) -> Option<u64> {
        lookup::resource(self, id)
    }

    /// How many containers there are: 3 management groups, the subscriptions, the resource
    /// groups, in this order.
    pub fn container_count(&self) -> u64 {
        containers::count(self)
    }

    /// The number of a subscription's own container.
    pub fn container_of_subscription(&self, subscription: u32) -> u64 {
        containers::of_subscription(subscription)
    }

    /// The number of a resource group's own container.
    pub fn container_of_group(&self, group: u64) -> u64 {
        containers::of_group(self, group)
    }

    /// Appends a container's id.
    ///
    /// # Panics
    /// Where `container` is not below [`container_count`](Self::container_count).
    pub fn write_container_id(&self, container: u64, out: &mut String) {
        containers::write_id(self, container, out);
    }

    /// Appends a container's record as compact JSON: a row of the table `resourcecontainers`,
    /// or an item of ARM's own lists.
    ///
    /// # Panics
    /// Where `container` is not below [`container_count`](Self::container_count).
    pub fn write_container(&self, container: u64, face: Face, out: &mut String) {
        containers::write(self, container, &mut writer::Writer::new(self, face, out));
    }

    /// The number of the container with this id, whatever its case. Constant time.
    pub fn container_index_of(&self, id: &str) -> Option<u64> {
        lookup::container(self, id)
    }

    /// Every type that a tenant can hold, each once, in its true spelling.
    pub fn types() -> Vec<&'static str> {
        let mut types: Vec<_> = SLOTS.iter().map(|slot| slot.blueprint.resource_type).collect();
        types.sort_unstable();
        types.dedup();
        types
    }

    /// The indexes of a subscription's resources of one type, ascending; the type's case does
    /// not matter. Constant memory; `skip` costs the same whatever its argument.
    pub fn indexes_of_type(&self, subscription: u32, resource_type: &str) -> TypeIndexes {
        TypeIndexes::new(self.layout.block(subscription), resource_type)
    }

    /// What a perfect scan of the tenant finds.
    pub fn oracle(&self) -> Oracle<'_> {
        Oracle::new(self)
    }

    fn unit(&self, number: u64) -> Unit {
        Unit::of(self, number)
    }

    fn place(&self, index: u64) -> Place<'_> {
        Place::new(self, index)
    }
}
