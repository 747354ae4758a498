//! The suite of sinks.

use std::future::Future;
use std::sync::Arc;

use super::graph::{Dump, dump};
use super::sample::Graph;
use super::suite::{ConformanceFailure, Outcome, Suite};
use crate::{GraphReader, GraphSink, Node, RelationshipSet};

mod batches;
mod delete;
mod model;
mod nodes;
mod relationships;
mod sets;
mod together;

/// Checks a [`GraphSink`] against its contract, reading back through its [`GraphReader`].
/// `make` gives a fresh, empty graph at each call.
///
/// Needs a tokio runtime, best with several threads. Writes some ten thousand rows in all.
///
/// # Errors
/// Every check that failed, with what it found.
pub async fn sink<G, F, Fut>(make: F) -> Result<(), ConformanceFailure>
where
    F: Fn() -> Fut,
    Fut: Future<Output = G>,
    G: GraphSink + GraphReader + 'static,
{
    let mut suite = Suite::new("sink", || async {
        let graph = make().await;
        graph.prepare().await?;
        Ok(graph)
    });
    nodes::run(&mut suite).await;
    batches::run(&mut suite).await;
    relationships::run(&mut suite).await;
    sets::run(&mut suite).await;
    delete::run(&mut suite).await;
    together::run(&mut suite).await;
    model::run(&mut suite).await;
    suite.finish()
}

/// Fails unless the graph holds exactly these nodes and sets.
async fn holds<G: Graph>(graph: &Arc<G>, nodes: &[Node], sets: &[RelationshipSet]) -> Outcome {
    let got = dump(graph.as_ref()).await?;
    match got.difference(&Dump::of(nodes, sets)) {
        Some(difference) => {
            Err(format!("what is read back (first) and what was written (second): {difference}")
                .into())
        }
        None => Ok(()),
    }
}
