//! Deleting: nodes go with their relationships, and may come back.

use std::sync::Arc;

use super::holds;
use super::sets::set_hash;
use crate::conformance::sample::{
    Graph, addition, by_target, complete, id, link, nodes, numbered, put, put_sets,
};
use crate::conformance::suite::{Outcome, Suite, equal};
use crate::{DeleteOutcome, ResourceId};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("deleting_takes_the_relationships_along", takes_relationships).await;
    suite.check("deleting_counts_what_was_there", counts_what_was_there).await;
    suite.check("a_deleted_node_may_come_back", a_deleted_node_may_come_back).await;
    suite.check("a_lost_end_makes_a_set_incomplete", a_lost_end_makes_a_set_incomplete).await;
    suite.check("many_are_deleted_at_once", many_are_deleted_at_once).await;
}

async fn delete<G: Graph>(
    graph: &Arc<G>,
    ids: &[ResourceId],
    nodes: u64,
    relationships: u64,
) -> Outcome {
    let outcome = graph.delete(ids).await?;
    equal("what was deleted", &outcome, &DeleteOutcome { nodes, relationships })
}

async fn takes_relationships<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c", "d"]);
    put(&graph, &rows, [4, 0, 0]).await?;
    let sets = [
        addition("a", vec![link("a", "USES", "b"), link("a", "USES", "a")]),
        addition("b", vec![by_target(link("a", "OWNS", "b"))]),
        addition("c", vec![link("c", "USES", "a")]),
        addition("d", vec![link("d", "USES", "c"), link("d", "USES", "b")]),
    ];
    put_sets(&graph, &sets, [6, 0, 0, 0]).await?;
    // Two of a pair: the relationships between them count once.
    delete(&graph, &[id("a"), id("b")], 2, 5).await?;
    let left = [addition("d", vec![link("d", "USES", "c")])];
    holds(&graph, &rows[2..], &left).await
}

async fn counts_what_was_there<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let strangers = [id("x"), ResourceId::named("tag", "a"), ResourceId::named("tag", "it's")];
    delete(&graph, &strangers, 0, 0).await?;
    holds(&graph, &rows, &[]).await?;
    delete(&graph, &[id("x"), id("B"), id("b")], 1, 0).await?;
    delete(&graph, &[id("b")], 0, 0).await?;
    holds(&graph, &rows[..1], &[]).await
}

async fn a_deleted_node_may_come_back<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b"]);
    put(&graph, &rows, [2, 0, 0]).await?;
    let set = complete("a", vec![link("a", "USES", "b")]);
    put_sets(&graph, std::slice::from_ref(&set), [1, 0, 0, 0]).await?;
    delete(&graph, &[id("a")], 1, 1).await?;
    holds(&graph, &rows[1..], &[]).await?;
    put(&graph, &rows, [1, 0, 1]).await?;
    equal("the set's hash of a node that came back", &set_hash(&graph, "a").await?, &0)?;
    holds(&graph, &rows, &[]).await?;
    put_sets(&graph, std::slice::from_ref(&set), [1, 0, 0, 0]).await?;
    holds(&graph, &rows, &[set]).await
}

async fn a_lost_end_makes_a_set_incomplete<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = nodes(&["a", "b", "c", "d"]);
    put(&graph, &rows, [4, 0, 0]).await?;
    let sets = [
        complete("a", vec![link("a", "USES", "b")]),
        complete("c", vec![by_target(link("b", "OWNS", "c"))]),
        complete("d", vec![link("d", "USES", "a")]),
    ];
    put_sets(&graph, &sets, [3, 0, 0, 0]).await?;
    delete(&graph, &[id("b")], 1, 2).await?;
    equal("the hash of a set that lost its target", &set_hash(&graph, "a").await?, &0)?;
    equal("the hash of a set that lost its source", &set_hash(&graph, "c").await?, &0)?;
    equal("the hash of a set that lost nothing", &set_hash(&graph, "d").await?, &sets[2].hash)?;
    put(&graph, &rows, [1, 0, 3]).await?;
    put_sets(&graph, &sets, [2, 0, 1, 0]).await?;
    holds(&graph, &rows, &sets).await
}

async fn many_are_deleted_at_once<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = numbered(2_500);
    put(&graph, &rows, [2_500, 0, 0]).await?;
    let names = |number: usize| (format!("n{number}"), format!("n{}", (number + 1) % 2_500));
    let ring = (0..2_500).map(names).map(|(from, to)| addition(&from, vec![link(&from, "R", &to)]));
    let ring: Vec<_> = ring.collect();
    put_sets(&graph, &ring, [2_500, 0, 0, 0]).await?;
    let ids: Vec<ResourceId> = rows[..2_000].iter().map(|row| row.id.clone()).collect();
    // A ring's arc of n nodes has n + 1 relationships.
    delete(&graph, &ids, 2_000, 2_001).await?;
    holds(&graph, &rows[2_000..], &ring[2_000..2_499]).await
}
