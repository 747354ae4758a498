//! Graphs made from a seed, and what a reader holds, for comparing stores with each other.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt as _;

use super::random::Random;
use super::suite::shown;
use crate::{
    Error, ErrorKind, GraphReader, NamedBy, Node, NodeFilter, Relationship, RelationshipFilter,
    RelationshipSet, ResourceId, Result, Text, Value, labels,
};

/// A graph to write: its nodes, then its sets.
#[derive(Debug, Clone, Default)]
pub struct RandomGraph {
    /// The nodes, in random order, distinct by key.
    pub nodes: Vec<Node>,
    /// The complete set of every node that names a relationship.
    pub sets: Vec<RelationshipSet>,
}

/// Everything that a reader holds, in an order that does not depend on the store.
#[derive(Debug, Clone, Default)]
pub struct Dump {
    /// The nodes by key, their custom columns sorted by name.
    pub nodes: BTreeMap<Text, Node>,
    /// The relationships by (source key, type, target key), their properties sorted by name.
    pub relationships: BTreeMap<(Text, Text, Text), Relationship>,
}

/// A graph from a seed: the same on every machine. The relationships are distinct, between
/// random nodes (themselves included), a third each named by the source, by the target, and by
/// both; fewer than asked for where the nodes do not allow as many.
pub fn random_graph(seed: u64, nodes: usize, relationships: usize) -> RandomGraph {
    let mut random = Random::new(seed);
    let nodes: Vec<Node> = (0..nodes).map(|number| random_node(&mut random, number)).collect();
    let mut identities = BTreeSet::new();
    let mut sets: BTreeMap<ResourceId, Vec<Relationship>> = BTreeMap::new();
    // Four tries each find all there is room for, but in the smallest of graphs.
    for _ in 0..relationships.saturating_mul(4) {
        let Some(link) = random_link(&mut random, &nodes) else { break };
        let identity = (link.source.clone(), link.relation.clone(), link.target.clone());
        if identities.len() == relationships {
            break;
        }
        if identities.insert(identity) {
            name_link(&mut random, &link, &mut sets);
        }
    }
    let sets = sets.into_iter().map(|(owner, links)| RelationshipSet::complete(owner, links));
    RandomGraph { sets: sets.collect(), nodes }
}

/// Puts a relationship into the set of its source, of its target, or of both.
fn name_link(
    random: &mut Random,
    link: &Relationship,
    sets: &mut BTreeMap<ResourceId, Vec<Relationship>>,
) {
    let way = if link.source == link.target { 0 } else { random.below(3) };
    if way != 1 {
        let named = Relationship { named_by: NamedBy::Source, ..link.clone() };
        sets.entry(link.source.clone()).or_default().push(named);
    }
    if way != 0 {
        let named = Relationship { named_by: NamedBy::Target, ..link.clone() };
        sets.entry(link.target.clone()).or_default().push(named);
    }
}

const TYPES: [&str; 4] = [
    "Microsoft.Compute/virtualMachines",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Storage/storageAccounts",
    "Datadog.Monitor/odd'types",
];

fn random_node(random: &mut Random, number: usize) -> Node {
    let resource_type = random.pick(&TYPES).copied().unwrap_or_default();
    let group = random.below(5);
    let text = format!(
        "/subscriptions/Sub-{}/resourceGroups/Group-{group}/providers/{resource_type}/Näme {number}",
        random.below(3)
    );
    // The types above make valid ids.
    let id = ResourceId::parse(text)
        .unwrap_or_else(|_| ResourceId::named("random", &number.to_string()));
    let label = crate::type_label(&id.resource_type());
    let mut node = Node::new(id, labels([Text::from(crate::RESOURCE_LABEL), label]));
    fill(random, &mut node);
    node
}

/// Fills a node's columns, leaving some empty.
pub(super) fn fill(random: &mut Random, node: &mut Node) {
    node.location = random_text(random);
    node.kind = random_text(random);
    node.tags = random_text(random);
    node.properties = format!(r#"{{"value":{},"text":"é\"\\"}}"#, random.below(1_000)).into();
    node.synthetic = random.once_in(4);
    node.scale_operation_id = if node.synthetic { "scale-1".into() } else { Text::new() };
    node.columns = (0..random.below(3))
        .map(|column| (Text::from(format!("column {column}")), random_value(random)))
        .collect();
}

fn random_text(random: &mut Random) -> Text {
    let texts = ["", "westeurope", "it's \"quoted\" `so`", "日本語 ß 🦀", "{\"a\":[1,2.5,null]}"];
    random.pick(&texts).copied().unwrap_or_default().into()
}

/// A value that every store can hold.
pub(super) fn random_value(random: &mut Random) -> Value {
    match random.below(5) {
        0 => Value::Boolean(random.once_in(2)),
        1 => Value::Integer(random.next().cast_signed()),
        2 => Value::Float(f64::from(u32::try_from(random.below(1 << 30)).unwrap_or(0)) / 7.0),
        3 => Value::Text(random_text(random)),
        _ => Value::List((0..=random.below(3)).map(|_| random_text(random).into()).collect()),
    }
}

fn random_link(random: &mut Random, nodes: &[Node]) -> Option<Relationship> {
    let source = random.pick(nodes)?.id.clone();
    let target = random.pick(nodes)?.id.clone();
    let relation = random.pick(&["CONTAINS", "IN_SUBNET", "USES"])?;
    let mut link = Relationship::new(source, *relation, target);
    link.properties = (0..random.below(3))
        .map(|column| (Text::from(format!("property {column}")), random_value(random)))
        .collect();
    Some(link)
}

/// Reads everything that a reader holds.
///
/// # Errors
/// The reader's; `InvalidData` where an item comes twice.
pub async fn dump<R: GraphReader + ?Sized>(reader: &R) -> Result<Dump> {
    let mut dump = Dump::default();
    let mut nodes = reader.nodes(NodeFilter::default(), None);
    while let Some(mut node) = nodes.try_next().await? {
        node.columns.sort_by(|one, other| one.0.cmp(&other.0));
        if let Some(twice) = dump.nodes.insert(node.id.key().clone(), node) {
            return Err(repeated("read nodes", &twice.id));
        }
    }
    let mut relationships = reader.relationships(RelationshipFilter::default(), None);
    while let Some(mut one) = relationships.try_next().await? {
        one.properties.sort_by(|one, other| one.0.cmp(&other.0));
        let identity = (one.source.key().clone(), one.relation.clone(), one.target.key().clone());
        if let Some(twice) = dump.relationships.insert(identity, one) {
            return Err(repeated("read relationships", &twice));
        }
    }
    Ok(dump)
}

fn repeated(operation: &'static str, item: &impl std::fmt::Debug) -> Error {
    Error::new(ErrorKind::InvalidData, operation, format!("{} came twice", shown(item)))
}

impl Dump {
    /// The dump of a store that holds exactly these nodes and sets.
    pub fn of(nodes: &[Node], sets: &[RelationshipSet]) -> Self {
        let mut dump = Self::default();
        for node in nodes {
            let mut node = node.clone();
            node.columns.sort_by(|one, other| one.0.cmp(&other.0));
            dump.nodes.insert(node.id.key().clone(), node);
        }
        for one in sets.iter().flat_map(|set| &set.relationships) {
            let mut one = one.clone();
            one.properties.sort_by(|one, other| one.0.cmp(&other.0));
            let identity =
                (one.source.key().clone(), one.relation.clone(), one.target.key().clone());
            if let Some(before) = dump.relationships.get(&identity) {
                let claims = before.named_by.bits() | one.named_by.bits();
                one.named_by = NamedBy::from_bits(claims).unwrap_or(one.named_by);
            }
            dump.relationships.insert(identity, one);
        }
        dump
    }

    /// The first thing in which two graphs differ, for people; `None` where they are equal, the
    /// spelling of nodes' ids included.
    pub fn difference(&self, other: &Self) -> Option<String> {
        let nodes = first_difference(&self.nodes, &other.nodes, |one, other| {
            one == other && one.id.as_str() == other.id.as_str()
        });
        nodes.or_else(|| {
            first_difference(&self.relationships, &other.relationships, |one, other| one == other)
        })
    }
}

impl PartialEq for Dump {
    fn eq(&self, other: &Self) -> bool {
        self.difference(other).is_none()
    }
}

fn first_difference<K: Ord + std::fmt::Debug, V: std::fmt::Debug>(
    left: &BTreeMap<K, V>,
    right: &BTreeMap<K, V>,
    equal: impl Fn(&V, &V) -> bool,
) -> Option<String> {
    let differing = left.iter().find_map(|(key, one)| match right.get(key) {
        None => Some(format!("only the first has {}", shown(one))),
        Some(other) if !equal(one, other) => {
            Some(format!("{} differs from {}", shown(one), shown(other)))
        }
        Some(_) => None,
    });
    differing.or_else(|| {
        let only = right.iter().find(|(key, _)| !left.contains_key(*key));
        only.map(|(_, one)| format!("only the second has {}", shown(one)))
    })
}
