//! A scale-up that is run again, cut short, or fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scale_support;

use std::time::Duration;

use atg_core::memory::MemoryGraph;
use atg_core::{ErrorKind, GraphReader, GraphSink, NamedBy, Relationship, RelationshipSet};
use atg_graph::scale::{ScaleOutcome, ScaleReport, ScaleUp, validate};
use scale_support::{Fault, Sink, id, machine, node, subscription, tenant, write};

const ROWS: (usize, usize) = (5, 7);

fn operation() -> ScaleUp {
    ScaleUp::to(40).with_operation_id("op")
}

/// What comes of a run, or `None` where it waits for ever; for paused time.
async fn until_it_hangs<T>(run: impl Future<Output = T>) -> Option<T> {
    tokio::time::timeout(Duration::from_secs(3_600), run).await.ok()
}

async fn undisturbed() -> (MemoryGraph, ScaleReport, usize) {
    let graph = tenant(10).await;
    let sink = Sink::new(&graph, ROWS, 2);
    let ScaleOutcome::Scaled(report) = operation().run(&graph, &sink).await.unwrap() else {
        panic!("nothing was done");
    };
    (graph, report, sink.writes())
}

fn assert_same(one: &MemoryGraph, two: &MemoryGraph) {
    assert_eq!(one.nodes_snapshot(), two.nodes_snapshot());
    assert_eq!(one.relationships_snapshot(), two.relationships_snapshot());
}

#[tokio::test]
async fn the_same_operation_again_changes_nothing_and_says_the_same() {
    let (graph, report, _) = undisturbed().await;
    let (before, _, _) = undisturbed().await;
    let sink = Sink::new(&graph, ROWS, 2);
    let again = operation().run(&graph, &sink).await.unwrap();
    assert_eq!(again, ScaleOutcome::Scaled(report));
    assert_eq!(sink.changes(), 0);
    assert_same(&graph, &before);
    // Another operation finds the graph large enough.
    let other = ScaleUp::to(40).run(&graph, &graph).await.unwrap();
    assert!(matches!(other, ScaleOutcome::AlreadyLargeEnough { .. }));
}

#[tokio::test(start_paused = true)]
async fn cut_short_at_any_write_and_run_again_gives_the_same_graph() {
    let (expected, report, writes) = undisturbed().await;
    assert!(writes > 15, "{writes}");
    for at in 0..writes {
        for fault in [Fault::Hangs, Fault::HangsAfterwards, Fault::Fails] {
            let graph = tenant(10).await;
            let sink = Sink::new(&graph, ROWS, 2).with_fault(fault, at);
            let cut = until_it_hangs(operation().run(&graph, &sink)).await;
            match (fault, cut) {
                (Fault::Fails, Some(Err(error))) => {
                    assert_eq!(error.kind(), ErrorKind::Unavailable);
                }
                (Fault::Hangs | Fault::HangsAfterwards, None) => {}
                (_, outcome) => panic!("{fault:?} at {at}: {outcome:?}"),
            }
            assert!(sink.writes() > at);
            let again = operation().run(&graph, &graph).await.unwrap();
            assert_eq!(again, ScaleOutcome::Scaled(report.clone()), "{fault:?} at {at}");
            assert_same(&graph, &expected);
            assert!(validate(&graph, &report).await.unwrap().passed);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_batches_are_in_flight_and_never_more() {
    for (writers, expected) in [(1, 1), (2, 2), (8, 2)] {
        let graph = tenant(10).await;
        // The first write hangs: only what may be in flight beside it is begun.
        let sink = Sink::new(&graph, ROWS, writers).with_fault(Fault::Hangs, 0);
        assert!(until_it_hangs(operation().run(&graph, &sink)).await.is_none());
        let begun = sink.writes();
        // Those beside it finish and make room, to the end of the nodes.
        if expected == 1 { assert_eq!(begun, 1) } else { assert_eq!(begun, 8) }
    }
}

/// Runs an operation; gives its report where it is said to have made copies, which are sound.
async fn run(scale: ScaleUp, graph: &MemoryGraph) -> Option<ScaleReport> {
    match scale.with_operation_id("op").run(graph, graph).await.unwrap() {
        ScaleOutcome::Scaled(report) => {
            let validation = validate(graph, &report).await.unwrap();
            assert!(validation.passed, "{validation:#?}");
            Some(report)
        }
        ScaleOutcome::AlreadyLargeEnough { .. } => None,
    }
}

#[tokio::test]
async fn a_smaller_size_leaves_every_copy_and_a_larger_one_adds_to_them() {
    let (expected, report, _) = undisturbed().await;
    let (graph, _, _) = undisturbed().await;
    for smaller in [ScaleUp::to(20), ScaleUp::copies(1)] {
        assert_eq!(run(smaller, &graph).await, Some(report.clone()));
        assert_same(&graph, &expected);
    }
    assert_eq!(run(ScaleUp::to(5), &graph).await, None);
    assert_same(&graph, &expected);
    let larger = run(ScaleUp::copies(report.copies + 2), &graph).await.unwrap();
    assert_eq!((&*larger.operation_id, larger.copies), ("op", report.copies + 2));
    assert_eq!(larger.nodes_before, report.nodes_before);
}

#[tokio::test]
async fn the_copies_follow_a_template_that_grew() {
    let (graph, report, _) = undisturbed().await;
    let disk = format!("{}/disks/d", machine(3));
    let mut changed = graph.node(&id(&machine(1))).await.unwrap().unwrap();
    changed.kind = "changed".into();
    let added = Relationship::new(id(&machine(3)), "HAS_DISK", id(&disk));
    write(&graph, &[node(&disk), changed], vec![added]).await;
    let grown = run(ScaleUp::to(40), &graph).await.unwrap();
    assert_eq!((&*grown.operation_id, grown.copies), ("op", report.copies));
    assert_eq!(grown.template_nodes, report.template_nodes + 1);
    assert_eq!(grown.template_relationships, report.template_relationships + 1);
    let nodes = graph.nodes_snapshot();
    let changed = nodes.iter().filter(|node| node.kind == "changed").count() as u64;
    assert_eq!(changed, 1 + report.copies);
}

/// Writes all that a machine names anew.
async fn rescan(graph: &MemoryGraph, owner: &str, keep: impl Fn(&Relationship) -> bool) {
    let owner = id(owner);
    let all = graph.relationships_snapshot();
    let own = all.into_iter().filter(|one| one.source == owner && keep(one)).collect();
    graph.upsert_relationships(&[RelationshipSet::complete(owner, own)]).await.unwrap();
}

#[tokio::test]
async fn copies_of_what_the_template_has_lost_stay_and_others_are_made_beside_them() {
    for change in ["relationship", "claim", "node", "subscription", "astray"] {
        let (graph, report, _) = undisturbed().await;
        match change {
            "relationship" => rescan(&graph, &machine(1), |one| one.relation != "PEER").await,
            // The machine goes on naming what its subscription names no more.
            "claim" => rescan(&graph, &subscription(0), |_| false).await,
            "node" => drop(graph.delete(&[id(&machine(1))]).await.unwrap()),
            "subscription" => {
                let nodes = graph.nodes_snapshot().into_iter().filter(|node| !node.synthetic);
                let gone = nodes.filter(|node| node.id.key().starts_with(&subscription(1)));
                let gone: Vec<_> = gone.map(|node| node.id).collect();
                assert_eq!(graph.delete(&gone).await.unwrap().nodes, 6);
            }
            _ => {
                let nodes = graph.nodes_snapshot();
                let copy = nodes.iter().find(|node| node.synthetic).unwrap().id.clone();
                let own = Relationship::new(id(&machine(0)), "WATCHES", copy);
                write(&graph, &[], vec![own]).await;
            }
        }
        let (nodes, edges) = (graph.nodes_snapshot(), graph.relationships_snapshot());
        assert_eq!(run(ScaleUp::to(nodes.len() as u64), &graph).await, None, "{change}");
        assert_eq!((graph.nodes_snapshot(), graph.relationships_snapshot()), (nodes, edges));

        let target = graph.counts().await.unwrap().nodes + 1;
        let sink = Sink::new(&graph, ROWS, 1).with_fault(Fault::Fails, 1);
        operation_to(target).run(&graph, &sink).await.unwrap_err();
        let beside = run(ScaleUp::to(target), &graph).await.unwrap();
        assert_eq!((&*beside.operation_id, beside.copies), ("op.2", 1), "{change}");
        assert_eq!(run(ScaleUp::to(target), &graph).await, Some(beside), "{change}");
        let synthetic = graph.counts().await.unwrap().synthetic_nodes;
        assert!(synthetic > report.nodes, "{change}");
    }
}

fn operation_to(nodes: u64) -> ScaleUp {
    ScaleUp::to(nodes).with_operation_id("op")
}

#[tokio::test]
async fn reading_a_shared_node_again_takes_nothing_from_the_copies() {
    let graph = tenant(4).await;
    let root = "/providers/Microsoft.Management/managementGroups/Root";
    let mut named = Relationship::new(id(root), "WATCHES", id(&machine(1)));
    named.named_by = NamedBy::Both;
    write(&graph, &[], vec![named]).await;
    let report = run(ScaleUp::copies(3), &graph).await.unwrap();
    let before = graph.relationships_snapshot();
    let to_the_template =
        |one: &Relationship| one.relation == "IN_REGION" || one.target == id(&machine(1));
    rescan(&graph, root, to_the_template).await;
    let own = |edges: &[Relationship]| {
        edges.iter().filter(|one| one.relation == "WATCHES").cloned().collect::<Vec<_>>()
    };
    let after = graph.relationships_snapshot();
    assert_eq!(own(&after).len() as u64, 1 + report.copies);
    assert_eq!(own(&after), own(&before));
    assert_eq!(run(ScaleUp::copies(3), &graph).await, Some(report));
}

#[tokio::test]
async fn each_loss_of_the_template_begins_another_set_of_copies() {
    let graph = tenant(2).await;
    // They have no relationships: only the nodes tell.
    let lonely = ["x", "y"].map(|name| format!("{}/resourceGroups/{name}", subscription(0)));
    write(&graph, &[node(&lonely[0]), node(&lonely[1])], Vec::new()).await;
    assert_eq!(run(ScaleUp::copies(2), &graph).await.unwrap().operation_id, "op");
    for (gone, expected) in lonely.iter().zip(["op.2", "op.3"]) {
        graph.delete(&[id(gone)]).await.unwrap();
        let nodes = graph.counts().await.unwrap().nodes;
        assert_eq!(run(ScaleUp::to(nodes), &graph).await, None);
        let report = run(ScaleUp::copies(2), &graph).await.unwrap();
        assert_eq!((&*report.operation_id, report.nodes_before), (expected, nodes));
        assert_eq!(run(ScaleUp::copies(2), &graph).await, Some(report));
    }
}
