//! The suite of readers.

use std::future::Future;

use super::suite::{ConformanceFailure, Suite};
use crate::{GraphReader, GraphSink};

mod filters;
mod known;
mod order;

/// Checks a [`GraphReader`] against its contract; the graph is filled through its
/// [`GraphSink`]. `make` gives a fresh, empty graph at each call.
///
/// # Errors
/// Every check that failed, with what it found.
pub async fn reader<G, F, Fut>(make: F) -> Result<(), ConformanceFailure>
where
    F: Fn() -> Fut,
    Fut: Future<Output = G>,
    G: GraphSink + GraphReader + 'static,
{
    let mut suite = Suite::new("reader", || async {
        let graph = make().await;
        graph.prepare().await?;
        Ok(graph)
    });
    order::run(&mut suite).await;
    filters::run(&mut suite).await;
    known::run(&mut suite).await;
    suite.finish()
}
