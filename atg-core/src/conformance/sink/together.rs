//! Many tasks at once, and calls that are dropped.

use std::future::Future;
use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::try_join_all;

use super::holds;
use crate::conformance::graph::random_graph;
use crate::conformance::sample::{Graph, addition, complete, link, node, nodes, numbered, put};
use crate::conformance::suite::{Broken, Outcome, Suite, ensure, equal};
use crate::{Node, Relationship, RelationshipSet};

/// Tasks that write at once.
const TASKS: usize = 8;

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("tasks_write_overlapping_nodes", tasks_write_overlapping_nodes).await;
    suite.check("tasks_write_overlapping_relationships", tasks_write_overlapping_sets).await;
    suite.check("tasks_write_and_delete_at_once", tasks_write_and_delete).await;
    suite.check("a_dropped_call_is_whole_or_nothing", dropped_calls).await;
}

/// Runs every job as a task of its own and gives what they return.
async fn together<T: Send + 'static, Fut>(jobs: impl Iterator<Item = Fut>) -> Result<Vec<T>, Broken>
where
    Fut: Future<Output = crate::Result<T>> + Send + 'static,
{
    let tasks: Vec<_> = jobs.map(tokio::spawn).collect();
    let results = try_join_all(tasks).await.map_err(|gone| Broken(format!("a task: {gone}")))?;
    results.into_iter().map(|result| result.map_err(Broken::from)).collect()
}

async fn tasks_write_overlapping_nodes<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = numbered(400);
    let jobs = (0..TASKS).map(|task| {
        let (graph, mut rows) = (graph.clone(), rows.clone());
        // Batches of two tasks overlap at every step.
        rows.rotate_left(task * 5);
        async move {
            let mut created = 0;
            for batch in rows.chunks(40) {
                let outcome = graph.upsert_nodes(batch).await?;
                created += outcome.created;
            }
            Ok(created)
        }
    });
    let created: u64 = together(jobs).await?.into_iter().sum();
    equal("nodes created by all tasks", &created, &400)?;
    holds(&graph, &rows, &[]).await
}

async fn tasks_write_overlapping_sets<G: Graph>(graph: Arc<G>) -> Outcome {
    let graph_of = random_graph(3, 100, 400);
    graph.upsert_nodes(&graph_of.nodes).await?;
    let jobs = (0..TASKS).map(|task| {
        let (graph, mut sets) = (graph.clone(), graph_of.sets.clone());
        let middle = task * sets.len() / TASKS;
        sets.rotate_left(middle);
        // Half of the tasks go without hashes.
        for set in &mut sets {
            set.hash = if task % 2 == 0 { set.hash } else { 0 };
        }
        async move {
            let mut created = 0;
            for batch in sets.chunks(10) {
                created += graph.upsert_relationships(batch).await?.created;
            }
            Ok(created)
        }
    });
    let created: u64 = together(jobs).await?.into_iter().sum();
    equal("relationships created by all tasks", &created, &400)?;
    holds(&graph, &graph_of.nodes, &graph_of.sets).await
}

async fn tasks_write_and_delete<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = numbered(64);
    put(&graph, &rows, [64, 0, 0]).await?;
    let jobs = (0..TASKS).map(|task| {
        let (graph, own) = (graph.clone(), rows[task * 8..(task + 1) * 8].to_vec());
        async move {
            let ids: Vec<_> = own.iter().map(|row| row.id.clone()).collect();
            let shared = hub();
            for _ in 0..5 {
                graph.upsert_nodes(&own).await?;
                let sets: Vec<RelationshipSet> =
                    own.iter().map(|row| hub_set(row, &shared)).collect();
                graph.upsert_relationships(&sets).await?;
                graph.delete(&ids).await?;
            }
            graph.upsert_nodes(&own).await?;
            Ok(())
        }
    });
    put(&graph, &[hub()], [1, 0, 0]).await?;
    together(jobs).await?;
    let mut all = rows.clone();
    all.push(hub());
    holds(&graph, &all, &[]).await
}

/// A node that all tasks point at.
fn hub() -> Node {
    node("hub")
}

/// What a node names: one relationship to a node that all share.
fn hub_set(row: &Node, hub: &Node) -> RelationshipSet {
    let link = Relationship::new(row.id.clone(), "USES", hub.id.clone());
    RelationshipSet::complete(row.id.clone(), vec![link])
}

/// Polls a call once or a few times, then drops it.
async fn dropped<T>(call: impl Future<Output = T>, polls: usize) {
    let mut call = Box::pin(call);
    for _ in 0..polls {
        if call.as_mut().now_or_never().is_some() {
            return;
        }
        tokio::task::yield_now().await;
    }
}

async fn dropped_calls<G: Graph>(graph: Arc<G>) -> Outcome {
    let rows = numbered(300);
    for polls in 1..6 {
        dropped(graph.upsert_nodes(&rows), polls).await;
        let counts = graph.counts().await?;
        ensure([0, 300].contains(&counts.nodes), || {
            format!("a dropped write of 300 nodes left {}", counts.nodes)
        })?;
    }
    // Calling again is safe, and no lock stayed behind.
    graph.upsert_nodes(&rows).await?;
    put(&graph, &rows, [0, 0, 300]).await?;
    let links = (1..300).map(|number| link("n0", "USES", &format!("n{number}"))).collect();
    let sets = [complete("n0", links)];
    for polls in 1..6 {
        dropped(graph.upsert_relationships(&sets), polls).await;
        let counts = graph.counts().await?;
        ensure([0, 299].contains(&counts.relationships), || {
            format!("a dropped write of 299 relationships left {}", counts.relationships)
        })?;
    }
    graph.upsert_relationships(&sets).await?;
    holds(&graph, &rows, &sets).await?;
    let more = nodes(&["more"]);
    graph.upsert_nodes(&more).await?;
    let extra = [addition("more", vec![link("more", "USES", "n0")])];
    graph.upsert_relationships(&extra).await?;
    let (rows, sets) = ([rows, more].concat(), [&sets[..], &extra].concat());
    holds(&graph, &rows, &sets).await
}
