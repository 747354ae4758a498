//! What a scale-up makes of a graph.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scale_support;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use atg_core::memory::MemoryGraph;
use atg_core::{
    ErrorKind, GraphCounts, GraphReader, GraphSink, Node, Relationship, ResourceId, Value,
};
use atg_graph::scale::{ScaleOutcome, ScalePhase, ScaleReport, ScaleUp, validate};
use scale_support::{SUBSCRIPTIONS, Sink, copied, id, node, nodes, relationships, tenant, write};

async fn scaled(scale: ScaleUp, graph: &MemoryGraph) -> ScaleReport {
    let ScaleOutcome::Scaled(report) = scale.run(graph, graph).await.unwrap() else {
        panic!("nothing was copied");
    };
    report
}

async fn counts(graph: &MemoryGraph) -> GraphCounts {
    graph.counts().await.unwrap()
}

async fn assert_valid(graph: &MemoryGraph, report: &ScaleReport) {
    let validation = validate(graph, report).await.unwrap();
    assert!(validation.passed, "{validation:#?}");
}

#[tokio::test]
async fn copies_add_k_times_the_template_and_not_k_squared() {
    for (machines, copies) in [(1, 1), (3, 1), (3, 2), (10, 7), (2, 100)] {
        let graph = tenant(machines).await;
        let before = counts(&graph).await;
        let report = scaled(ScaleUp::copies(copies), &graph).await;
        let after = counts(&graph).await;
        let (nodes, relationships) = copied(machines);
        assert_eq!((report.template_nodes, report.template_relationships), (nodes, relationships));
        assert_eq!((report.nodes, report.relationships), (copies * nodes, copies * relationships));
        assert_eq!(after.nodes, before.nodes + copies * nodes);
        assert_eq!(after.synthetic_nodes, copies * nodes);
        assert_eq!(after.relationships, before.relationships + copies * relationships);
        for (relation, count) in &before.relationships_by_type {
            // Root -IN_REGION-> westeurope is the world's, and stays one.
            let expected = if relation == "IN_REGION" { *count } else { count * (copies + 1) };
            assert_eq!(after.relationships_by_type[relation], expected, "{relation}");
        }
        assert_eq!(after.nodes_by_type["location"], 1);
        assert_valid(&graph, &report).await;
    }
}

#[tokio::test]
async fn to_makes_the_smallest_whole_number_of_copies() {
    // 10 machines: 14 nodes, 12 of them copied.
    for (target, copies) in [(15, 1), (26, 1), (27, 2), (38, 2), (39, 3), (1_000, 83)] {
        let graph = tenant(10).await;
        let report = scaled(ScaleUp::to(target), &graph).await;
        assert_eq!(report.copies, copies, "{target}");
        assert_eq!(counts(&graph).await.nodes, 14 + 12 * copies);
    }
}

#[tokio::test]
async fn a_graph_that_is_large_enough_is_left_alone() {
    for target in [0, 1, 13, 14] {
        let graph = tenant(10).await;
        let sink = Sink::new(&graph, (10, 10), 1);
        let outcome = ScaleUp::to(target).run(&graph, &sink).await.unwrap();
        assert_eq!(outcome, ScaleOutcome::AlreadyLargeEnough { nodes: 14 });
        assert_eq!(sink.writes(), 0);
    }
}

#[tokio::test]
async fn nothing_to_copy_is_a_clear_error() {
    let empty = MemoryGraph::new();
    let shared = MemoryGraph::new();
    shared.upsert_nodes(&[node("location:westeurope")]).await.unwrap();
    for graph in [empty, shared] {
        let error = ScaleUp::to(40_000).run(&graph, &graph).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
        assert!(error.message().contains("nothing to copy"), "{error}");
    }
    let graph = tenant(1).await;
    // A machine and two subscriptions: 3 nodes to copy.
    let too_many = u64::from(u32::MAX) / 3 + 1;
    for scale in [
        ScaleUp::copies(0),
        ScaleUp::copies(too_many),
        ScaleUp::copies(u64::MAX),
        ScaleUp::to(u64::MAX),
        ScaleUp::to(100).with_operation_id(""),
    ] {
        let error = scale.run(&graph, &graph).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(counts(&graph).await.synthetic_nodes, 0);
}

#[tokio::test]
async fn a_subscription_that_ends_no_reference_is_counted_as_it_is_copied() {
    let graph = tenant(2).await;
    let odd = [r#"/subscriptions/a"b"#, r"/subscriptions/a\b/resourceGroups/g"];
    let edges = odd.map(|odd| Relationship::new(id(&scale_support::machine(0)), "PEER", id(odd)));
    write(&graph, &odd.map(node), edges.to_vec()).await;
    let report = scaled(ScaleUp::copies(3), &graph).await;
    let (nodes, relationships) = copied(2);
    assert_eq!((report.template_nodes, report.nodes), (nodes, 3 * nodes));
    assert_eq!(report.relationships, 3 * (relationships + 2));
    assert_eq!(counts(&graph).await.nodes, 8 + 3 * nodes);
    assert_valid(&graph, &report).await;
}

/// What the template's subscriptions are called in each copy, from the copies of their nodes.
fn names(graph: &MemoryGraph) -> Vec<BTreeMap<String, String>> {
    let mut names: Vec<BTreeMap<String, String>> = Vec::new();
    for template in SUBSCRIPTIONS.map(str::to_lowercase) {
        let origin = format!("/subscriptions/{template}");
        let all = graph.nodes_snapshot();
        let copies = all.iter().filter(|node| node.template_source_id == origin.as_str());
        for copy in copies {
            let name = copy.id.subscription_id().unwrap().to_owned();
            let machine = |node: &&Node| {
                node.id.subscription_id() == Some(&name) && node.name.starts_with("VM")
            };
            // A machine's peer tells which subscriptions belong together.
            let machine = all.iter().find(machine).unwrap();
            let Value::Text(peer) = &machine.columns[0].1 else { panic!() };
            let peer = id(peer).subscription_id().unwrap().to_owned();
            let at = names.iter().position(|map| map.values().any(|one| *one == peer));
            let at = at.unwrap_or_else(|| {
                names.push(BTreeMap::new());
                names.len() - 1
            });
            names[at].insert(template.clone(), name);
        }
    }
    names
}

/// A plain replacement, one spelling after the other: what the copy must hold.
fn renamed(text: &str, names: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for (old, new) in names {
        for old in [old.clone(), old.to_uppercase(), mixed(old)] {
            for before in ["/subscriptions/", "/SUBSCRIPTIONS/", r"\/subscriptions\/"] {
                text = text.replace(&format!("{before}{old}"), &format!("{before}{new}"));
            }
            let member = r#""subscriptionId":""#;
            text = text.replace(&format!("{member}{old}"), &format!("{member}{new}"));
        }
    }
    text
}

fn mixed(lower: &str) -> String {
    SUBSCRIPTIONS.iter().find(|one| one.eq_ignore_ascii_case(lower)).unwrap().to_string()
}

fn renamed_id(id: &ResourceId, names: &BTreeMap<String, String>) -> ResourceId {
    ResourceId::from_stored(renamed(id.as_str(), names)).unwrap()
}

fn expected_node(node: &Node, names: &BTreeMap<String, String>, operation: &str) -> Node {
    let text = |text: &str| renamed(text, names).as_str().into();
    let id = renamed_id(&node.id, names);
    let own = id.subscription_id().unwrap();
    Node {
        subscription_id: own.into(),
        name: if node.name.eq_ignore_ascii_case(&node.subscription_id) {
            own.into()
        } else {
            node.name.clone()
        },
        properties: text(&node.properties),
        additional: text(&node.additional),
        columns: node
            .columns
            .iter()
            .map(|(name, value)| {
                let Value::Text(value) = value else { panic!() };
                (name.clone(), Value::Text(text(value)))
            })
            .collect(),
        synthetic: true,
        scale_operation_id: operation.into(),
        template_source_id: node.id.key().clone(),
        id,
        ..node.clone()
    }
}

fn expected_relationship(one: &Relationship, names: &BTreeMap<String, String>) -> Relationship {
    let properties = one.properties.iter().map(|(name, value)| {
        let Value::Text(value) = value else { panic!() };
        (name.clone(), renamed(value, names).as_str().into())
    });
    Relationship {
        source: renamed_id(&one.source, names),
        target: renamed_id(&one.target, names),
        properties: properties.collect(),
        ..one.clone()
    }
}

fn shown<T: std::fmt::Debug>(items: impl IntoIterator<Item = T>) -> BTreeSet<String> {
    items.into_iter().map(|item| format!("{item:?}")).collect()
}

#[tokio::test]
async fn the_graph_is_the_template_and_its_renamed_copies_and_nothing_else() {
    for (machines, copies, rows, writers) in
        [(5, 3, (1_000, 1_000), 4), (5, 3, (4, 3), 1), (6, 1, (1, 1), 2), (80, 3, (7, 1_000), 3)]
    {
        let graph = tenant(machines).await;
        let sink = Sink::new(&graph, rows, writers);
        let scale = ScaleUp::copies(copies).with_operation_id("op");
        scale.run(&graph, &sink).await.unwrap();
        let names = names(&graph);
        assert_eq!(names.len() as u64, copies);
        let (mut expected_nodes, mut expected_edges) = (nodes(machines), relationships(machines));
        for names in &names {
            assert_eq!(names.len(), 2);
            let copied =
                nodes(machines).into_iter().filter(|node| !node.subscription_id.is_empty());
            expected_nodes.extend(copied.map(|node| expected_node(&node, names, "op")));
            let copied = relationships(machines).into_iter();
            let copied = copied.filter(|one| one.relation != "IN_REGION");
            expected_edges.extend(copied.map(|one| expected_relationship(&one, names)));
        }
        assert_eq!(shown(graph.nodes_snapshot()), shown(expected_nodes));
        assert_eq!(shown(graph.relationships_snapshot()), shown(expected_edges));
    }
}

#[tokio::test]
async fn a_second_operation_copies_the_template_and_not_the_copies() {
    let graph = tenant(4).await;
    let first = scaled(ScaleUp::copies(3).with_seed(1), &graph).await;
    // An edge of somebody's own between the template and a copy is no part of the template.
    let copy = graph.nodes_snapshot().into_iter().find(|node| node.synthetic).unwrap();
    let own = Relationship::new(id(&scale_support::machine(0)), "WATCHES", copy.id);
    write(&graph, &[], vec![own]).await;
    let second = scaled(ScaleUp::copies(2).with_seed(2), &graph).await;
    assert_ne!(first.operation_id, second.operation_id);
    assert_eq!(second.template_nodes, first.template_nodes);
    assert_eq!(second.template_relationships, first.template_relationships);
    assert_eq!(second.nodes_before, first.nodes_before + first.nodes);
    assert_eq!(second.relationships_before, first.relationships_before + first.relationships + 1);
    let (nodes, relationships) = copied(4);
    assert_eq!(counts(&graph).await.nodes, 8 + 5 * nodes);
    assert_eq!(counts(&graph).await.relationships, 2 + relationships * 6);
    assert_valid(&graph, &second).await;
}

#[tokio::test]
async fn subscriptions_that_are_no_guids_are_copied_too() {
    let graph = MemoryGraph::new();
    let names = ["/subscriptions/s1", "/subscriptions/s1.x", "/subscriptions/S 2"];
    let mut all = names.map(node).to_vec();
    all[0].properties = r#"{"id":"/subscriptions/s1.x/y","o":"/subscriptions/s 2"}"#.into();
    let edge = Relationship::new(id(names[1]), "PEER", id(names[2]));
    write(&graph, &all, vec![edge]).await;
    let report = scaled(ScaleUp::copies(2), &graph).await;
    assert_eq!((report.nodes, report.relationships), (6, 2));
    assert_valid(&graph, &report).await;
}

#[tokio::test]
async fn one_seed_makes_one_graph_and_unset_seeds_differ() {
    let (one, two) = (tenant(3).await, tenant(3).await);
    scaled(ScaleUp::copies(2).with_seed(7), &one).await;
    scaled(ScaleUp::copies(2).with_seed(7), &two).await;
    assert_eq!(shown(one.nodes_snapshot()), shown(two.nodes_snapshot()));
    assert_ne!(ScaleUp::to(1).operation_id(), ScaleUp::to(1).operation_id());
}

#[tokio::test]
async fn progress_counts_what_is_committed() {
    let graph = tenant(10).await;
    let sink = Sink::new(&graph, (5, 7), 2);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&seen);
    let scale = ScaleUp::copies(3).with_progress(move |now| heard.lock().unwrap().push(now));
    scale.run(&graph, &sink).await.unwrap();
    let seen = seen.lock().unwrap();
    for (phase, rows) in [(ScalePhase::Nodes, 36), (ScalePhase::Relationships, 96)] {
        let done: Vec<_> =
            seen.iter().filter(|one| one.phase == phase).map(|one| one.done).collect();
        assert!(done.is_sorted() && done.len() > 5, "{done:?}");
        assert_eq!(done.last(), Some(&rows));
    }
    assert!(seen.iter().all(|one| one.phase != ScalePhase::Nodes || one.total == Some(36)));
}
