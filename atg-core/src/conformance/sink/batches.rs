//! Batches: every row counts once, and a bad one costs nobody else.

use std::sync::Arc;

use super::holds;
use crate::conformance::sample::{Graph, id, node, nodes, numbered, put};
use crate::conformance::suite::{Outcome, Suite, ensure, equal};
use crate::{DeleteOutcome, Node, RelationshipOutcome, ResourceId, Value};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("empty_batches_do_nothing", empty_batches_do_nothing).await;
    suite.check("every_node_of_a_batch_is_kept", every_node_of_a_batch_is_kept).await;
    suite.check("node_counts_are_the_stores_own", node_counts_are_the_stores_own).await;
    suite.check("the_last_of_equal_keys_wins", the_last_of_equal_keys_wins).await;
    suite.check("a_bad_node_is_left_out_and_named", a_bad_node_is_left_out_and_named).await;
    suite.check("prepare_and_flush_keep_everything", prepare_and_flush_keep_everything).await;
}

async fn empty_batches_do_nothing<G: Graph>(graph: Arc<G>) -> Outcome {
    put(&graph, &[], [0, 0, 0]).await?;
    equal(
        "an empty batch of sets",
        &graph.upsert_relationships(&[]).await?,
        &RelationshipOutcome::default(),
    )?;
    equal("an empty deletion", &graph.delete(&[]).await?, &DeleteOutcome::default())?;
    graph.flush().await?;
    holds(&graph, &[], &[]).await
}

async fn every_node_of_a_batch_is_kept<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = numbered(2_500);
    put(&graph, &rows, [2_500, 0, 0]).await?;
    holds(&graph, &rows, &[]).await?;
    put(&graph, &rows, [0, 0, 2_500]).await
}

async fn node_counts_are_the_stores_own<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut rows = nodes(&["a", "b", "c", "d"]);
    put(&graph, &rows[..2], [2, 0, 0]).await?;
    rows[1].kind = "changed".into();
    put(&graph, &rows, [2, 1, 1]).await?;
    holds(&graph, &rows, &[]).await
}

async fn the_last_of_equal_keys_wins<G: Graph>(graph: Arc<G>) -> Outcome {
    let mut first = node("a");
    first.kind = "first".into();
    let mut last = node("a");
    last.id = ResourceId::parse(id("A").as_str())?;
    last.kind = "last".into();
    let other = node("b");
    put(&graph, &[first.clone(), other.clone(), last.clone()], [2, 0, 1]).await?;
    holds(&graph, &[last.clone(), other.clone()], &[]).await?;
    put(&graph, &[first.clone(), last.clone()], [0, 0, 2]).await?;
    holds(&graph, &[last.clone(), other.clone()], &[]).await?;
    put(&graph, &[last, first.clone(), first.clone()], [0, 1, 2]).await?;
    holds(&graph, &[first, other], &[]).await
}

/// Values that no store can hold.
pub(super) fn bad_values() -> Vec<Value> {
    vec![
        Value::Float(f64::NAN),
        Value::Float(f64::NEG_INFINITY),
        Value::List(vec![Value::List(vec![])]),
        Value::List(vec![1.into(), "one".into()]),
        Value::List(vec![Value::Float(f64::INFINITY)]),
    ]
}

async fn a_bad_node_is_left_out_and_named<G: Graph>(graph: Arc<G>) -> Outcome {
    for (number, bad) in bad_values().into_iter().enumerate() {
        let [good, spoiled, fine] =
            ["good", "bad", "fine"].map(|name| node(&format!("{name}{number}")));
        let bad_row = Node { columns: vec![("x".into(), bad)], ..spoiled.clone() };
        put(&graph, std::slice::from_ref(&fine), [1, 0, 0]).await?;
        let batch = [good.clone(), bad_row, fine.clone()];
        let outcome = graph.upsert_nodes(&batch).await?;
        let counts = [outcome.created, outcome.updated, outcome.unchanged];
        equal("nodes [created, updated, unchanged]", &counts, &[1, 0, 1])?;
        let places: Vec<_> = outcome.rejected.iter().map(|row| (row.index, row.inner)).collect();
        equal("places of rejected nodes", &places, &vec![(1, 0)])?;
        ensure(outcome.rejected.iter().all(|row| !row.why.is_empty()), || {
            "a rejected row must say what is wrong with it".to_owned()
        })?;
        equal("the bad node", &graph.node(&spoiled.id).await?, &None)?;
        equal("the good node", &graph.node(&good.id).await?, &Some(good))?;
    }
    Ok(())
}

async fn prepare_and_flush_keep_everything<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows[..1], [1, 0, 0]).await?;
    graph.prepare().await?;
    graph.flush().await?;
    holds(&graph, &rows[..1], &[]).await?;
    put(&graph, &rows, [1, 0, 1]).await?;
    graph.flush().await?;
    graph.flush().await?;
    graph.prepare().await?;
    holds(&graph, &rows, &[]).await?;
    put(&graph, &rows, [0, 0, 2]).await
}
