//! A scale-up that is run again, cut short, or fails.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod scale_support;

use std::time::Duration;

use atg_core::ErrorKind;
use atg_core::memory::MemoryGraph;
use atg_graph::scale::{ScaleOutcome, ScaleReport, ScaleUp, validate};
use scale_support::{Fault, Sink, tenant};

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
