//! What is loaded: always the same for the same numbers.

use std::collections::{HashMap, HashSet};

use atg_benches::Random;
use atg_core::{Node, Relationship, RelationshipSet, ResourceId, Text, Value, labels, type_label};

use crate::Outcome;

const TYPES: [&str; 8] = [
    "microsoft.compute/virtualmachines",
    "microsoft.compute/disks",
    "microsoft.network/networkinterfaces",
    "microsoft.network/virtualnetworks",
    "microsoft.network/publicipaddresses",
    "microsoft.storage/storageaccounts",
    "microsoft.keyvault/vaults",
    "microsoft.sql/servers",
];

const RELATIONS: [&str; 8] = [
    "DEPENDS_ON",
    "HAS_DISK",
    "USES_NIC",
    "IN_NETWORK",
    "USES_IP",
    "LOGS_TO",
    "READS_FROM",
    "USES",
];

/// Makes any node and relationship of a graph from its number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recipe {
    pub(crate) nodes: usize,
    /// Label sets and relationship types, 1 to 8.
    pub(crate) kinds: u8,
}

impl Recipe {
    /// The id of a node, in its canonical spelling: so that a node has one id and not two.
    fn id(self, index: usize) -> Outcome<ResourceId> {
        let resource_type = pick(&TYPES, index, self.kinds);
        let (subscription, group) = (index % 4, index / 40);
        Ok(ResourceId::parse(format!(
            "/subscriptions/00000000-0000-0000-0000-{subscription:012}/resourcegroups/\
             group-{group}/providers/{resource_type}/resource-{index}"
        ))?)
    }

    /// A node with eleven properties: the id, and ten columns.
    pub(crate) fn node(self, index: usize) -> Outcome<Node> {
        let resource_type = pick(&TYPES, index, self.kinds);
        let set = labels::<_, Text>(["Resource".into(), type_label(resource_type)]);
        let mut node = Node::new(self.id(index)?, set);
        node.location = "westeurope".into();
        node.tenant_id = "11111111-1111-1111-1111-111111111111".into();
        node.sku = "Standard_D2s_v5".into();
        node.provisioning_state = "Succeeded".into();
        node.tags = format!("{{\"owner\":\"team-{}\"}}", index % 50).into();
        node.properties = self.body(index)?.into();
        Ok(node)
    }

    fn body(self, index: usize) -> Outcome<String> {
        let next = self.id((index + 4) % self.nodes)?;
        Ok(format!(
            "{{\"uniqueId\":\"{index:032x}\",\"hardwareProfile\":{{\"vmSize\":\"Standard_D2s_v5\"}},\
             \"networkProfile\":{{\"id\":\"{next}\"}}}}"
        ))
    }

    /// A relationship with one property.
    pub(crate) fn relationship(self, source: usize, target: usize) -> Outcome<Relationship> {
        let relation = pick(&RELATIONS, source + target, self.kinds);
        let mut one = Relationship::new(self.id(source)?, relation, self.id(target)?);
        let weight = i64::try_from((source * 31 + target) % 1_000)?;
        one.properties.push(("weight".into(), Value::Integer(weight)));
        Ok(one)
    }
}

fn pick(names: &[&'static str; 8], index: usize, kinds: u8) -> &'static str {
    names[index % usize::from(kinds) % names.len()]
}

/// A whole load in memory, in random order: as it comes from a tenant that is read at several
/// places at once.
pub(crate) struct Rows {
    pub(crate) nodes: Vec<Node>,
    pub(crate) relationships: Vec<Relationship>,
    /// The same relationships, as the complete sets of their sources.
    pub(crate) sets: Vec<RelationshipSet>,
}

impl Rows {
    pub(crate) fn new(recipe: Recipe, relationships: usize) -> Outcome<Self> {
        if recipe.nodes < 2 || relationships > recipe.nodes * (recipe.nodes - 1) / 2 {
            return Err("too many relationships for so few nodes; ask for fewer".into());
        }
        let mut random = Random(1);
        let mut order: Vec<usize> = (0..recipe.nodes).collect();
        random.shuffle(&mut order);
        let nodes = order.into_iter().map(|index| recipe.node(index)).collect::<Outcome<_>>()?;
        let mut pairs = HashSet::new();
        let mut drawn = Vec::with_capacity(relationships);
        while drawn.len() < relationships {
            let pair = (random.below(recipe.nodes), random.below(recipe.nodes));
            if pair.0 != pair.1 && pairs.insert(pair) {
                drawn.push(recipe.relationship(pair.0, pair.1)?);
            }
        }
        Ok(Self { nodes, sets: sets(&drawn), relationships: drawn })
    }
}

/// By source, in the order in which sources appear.
fn sets(relationships: &[Relationship]) -> Vec<RelationshipSet> {
    let mut places: HashMap<&Text, usize> = HashMap::new();
    let mut groups: Vec<Vec<Relationship>> = Vec::new();
    for one in relationships {
        let place = *places.entry(one.source.key()).or_insert(groups.len());
        if place == groups.len() {
            groups.push(Vec::new());
        }
        groups[place].push(one.clone());
    }
    let complete = |group: Vec<_>| Some(RelationshipSet::complete(first_source(&group)?, group));
    groups.into_iter().filter_map(complete).collect()
}

fn first_source(group: &[Relationship]) -> Option<ResourceId> {
    Some(group.first()?.source.clone())
}
