//! The oracle against an independent reading of the records.

use std::collections::{BTreeMap, BTreeSet};

use super::super::NodeKind;
use super::walk::{self, RULE_COUNT, Triple};
use super::{Face, Tenant, TenantSpec, container, parsed, record, tenant};

fn told(tenant: &Tenant) -> BTreeSet<Triple> {
    let mut triples = BTreeSet::new();
    tenant.oracle().relationships(|source, relation, target| {
        triples.insert((source.to_owned(), relation.to_owned(), target.to_owned()));
    });
    triples
}

fn read(tenant: &Tenant, face: Face) -> (BTreeSet<Triple>, BTreeSet<usize>) {
    let (mut triples, mut rules) = (BTreeSet::new(), BTreeSet::new());
    let records = (0..tenant.len()).map(|index| parsed(&record(tenant, index, face)));
    let containers = (0..tenant.container_count()).map(|number| container(tenant, number, face));
    for record in records.chain(containers) {
        let found = walk::read(&record);
        triples.extend(found.triples);
        rules.extend(found.rules);
    }
    (triples, rules)
}

fn nodes(tenant: &Tenant) -> BTreeMap<String, NodeKind> {
    let mut nodes = BTreeMap::new();
    tenant.oracle().node_keys(|key, kind| {
        assert!(nodes.insert(key.to_owned(), kind).is_none_or(|known| {
            known == kind && !matches!(kind, NodeKind::Resource | NodeKind::Container)
        }));
    });
    nodes
}

fn unresolved(tenant: &Tenant) -> BTreeSet<String> {
    let mut keys = BTreeSet::new();
    tenant.oracle().unresolved(|key| {
        keys.insert(key.to_owned());
    });
    keys
}

#[track_caller]
fn assert_same(told: &BTreeSet<Triple>, read: &BTreeSet<Triple>) {
    let only_told: Vec<_> = told.difference(read).take(5).collect();
    let only_read: Vec<_> = read.difference(told).take(5).collect();
    assert!(only_told.is_empty() && only_read.is_empty(), "{only_told:#?} {only_read:#?}");
}

#[test]
fn relationships_are_those_of_the_records() {
    let tenant = tenant(2_000, 4);
    let told = told(&tenant);
    let (graph, rules) = read(&tenant, Face::ResourceGraph);
    assert_same(&told, &graph);
    assert_same(&told, &read(&tenant, Face::Get).0);
    assert_eq!(rules.len(), RULE_COUNT, "a rule of the test is not used");
    let relations: BTreeSet<_> = told.iter().map(|triple| &triple.1).collect();
    assert!(relations.len() >= 30, "{relations:?}");
}

#[test]
fn relationships_hold_without_quirks_and_wherever_the_last_unit_is_cut() {
    for resources in 1..=58 {
        let spec = TenantSpec {
            case_variation: resources % 2 == 0,
            null_properties: resources % 3 == 0,
            seed: resources,
            ..TenantSpec::sized(resources, 1)
        };
        let tenant = Tenant::new(spec).unwrap();
        assert_same(&told(&tenant), &read(&tenant, Face::ResourceGraph).0);
        every_end_is_known(&tenant);
    }
}

#[test]
fn every_end_is_a_node_or_listed_as_unresolved() {
    every_end_is_known(&tenant(2_000, 4));
}

fn every_end_is_known(tenant: &Tenant) {
    let (nodes, unresolved) = (nodes(tenant), unresolved(tenant));
    for (source, relation, target) in told(tenant) {
        assert!(nodes.contains_key(&source), "{source} {relation} {target}");
        let (node, missing) = (nodes.contains_key(&target), unresolved.contains(&target));
        assert!(node ^ missing, "{source} {relation} {target}");
    }
}

#[test]
fn nodes_are_counted_by_kind() {
    let tenant = tenant(1_632, 4);
    let nodes = nodes(&tenant);
    let count = |kind| nodes.values().filter(|&&node| node == kind).count() as u64;
    assert_eq!(count(NodeKind::Resource), 1_632);
    assert_eq!(count(NodeKind::Container), tenant.container_count());
    assert!((2..=13).contains(&count(NodeKind::Location)));
    assert!(count(NodeKind::Tag) > 20);
    assert!(count(NodeKind::Principal) > 100);
    // A storage account a unit, and the machines that log to it.
    assert_eq!(count(NodeKind::Host), 32);
    assert!(unresolved(&tenant).iter().any(|key| key.ends_with("/subnets/snet-app")));
}

#[test]
fn one_resource_tells_its_own_relationships() {
    let tenant = tenant(110, 1);
    let (mut one_by_one, all) = (BTreeSet::new(), told(&tenant));
    for index in 0..tenant.len() {
        tenant.oracle().relationships_of(index, |source, relation, target| {
            one_by_one.insert((source.to_owned(), relation.to_owned(), target.to_owned()));
        });
    }
    assert!(one_by_one.is_subset(&all));
    // What is left are the containers' own.
    let nodes = nodes(&tenant);
    assert!(all.difference(&one_by_one).all(|(source, ..)| nodes[source] == NodeKind::Container));
    assert!(all.difference(&one_by_one).all(|(.., target)| nodes[target] != NodeKind::Resource));
}
