//! 5,000 nodes with two relationships each, scaled up to 40,000.

use std::time::Instant;

use atg_benches::neo4j_server::{Server, open_sink};
use atg_benches::{Limit, median};
use atg_core::{GraphReader, GraphSink};
use atg_graph::scale::ScaleUp;

use crate::Outcome;
use crate::contestant::Schema;
use crate::options::Options;
use crate::server;

const TEMPLATE: usize = 5_000;
const SIZE: usize = 40_000;

/// The median of the rounds.
pub(crate) async fn run(server: &Server, options: &Options) -> Outcome<Limit> {
    let mut seconds = Vec::new();
    for _ in 0..options.rounds.get() {
        seconds.push(once(server, options).await?);
    }
    Ok(Limit::most("scale-up from 5,000 nodes to 40,000", median(seconds), 10.0, "s"))
}

async fn once(server: &Server, options: &Options) -> Outcome<f64> {
    server.clear().await?;
    server::make(server, Schema::Ours).await?;
    let graph = open_sink(&options.uri).await?;
    graph.upsert_nodes(&atg_benches::nodes(TEMPLATE)).await?;
    graph.upsert_relationships(&atg_benches::relationship_sets(TEMPLATE, 2 * TEMPLATE)).await?;
    let begun = Instant::now();
    ScaleUp::to(SIZE as u64).with_seed(1).run(&graph, &graph).await?;
    let seconds = begun.elapsed().as_secs_f64();
    let counts = graph.counts().await?;
    if (counts.nodes, counts.relationships) != (SIZE as u64, 2 * SIZE as u64) {
        return Err(format!("the scale-up left {counts:?}").into());
    }
    eprintln!("scale-up: {seconds:.2} s, {} deadlocks", graph.retries().deadlocks);
    Ok(seconds)
}
