//! A million nodes and two million relationships by the sink, made while they are written.

use std::time::Instant;

use atg_benches::neo4j_server::{Server, open_sink};
use atg_benches::{Limit, Random};
use atg_core::{GraphReader, GraphSink, Node, RelationshipSet};
use atg_graph::neo4j::Neo4jGraph;
use futures::{StreamExt, TryStreamExt, stream};

use crate::Outcome;
use crate::contestant::Schema;
use crate::data::Recipe;
use crate::options::Options;
use crate::server;
use atg_benches::{peak_memory, reset_peak_memory};

const NODES: usize = 1_000_000;
/// Relationships of a node.
const EACH: usize = 2;
/// Rows that are written before the clock starts: a cold server is slow.
const WARM_UP: usize = 50_000;

#[derive(Debug, Clone, Copy)]
enum Part {
    Nodes,
    Relationships,
}

pub(crate) async fn run(server: &Server, options: &Options) -> Outcome<Vec<Limit>> {
    let warm_up = Recipe { nodes: WARM_UP, kinds: options.kinds };
    load(server, options, warm_up).await?;
    reset_peak_memory();
    let recipe = Recipe { nodes: NODES, kinds: options.kinds };
    let [nodes, relationships] = load(server, options, recipe).await?;
    let memory = peak_memory();
    let kept = |rates: &[f64]| Some(rates.last()? / rates.first()?);
    for (what, rates) in [("nodes", &nodes), ("relationships", &relationships)] {
        let rates: Vec<String> = rates.iter().map(|rate| format!("{:.1}k", rate / 1e3)).collect();
        println!("{what} a second, by tenths: {}", rates.join(", "));
    }
    Ok(vec![
        Limit::least("last tenth of nodes to the first", kept(&nodes), 0.8, "×"),
        Limit::least("last tenth of relationships to the first", kept(&relationships), 0.8, "×"),
        Limit::most("client's memory at its peak", Some(memory), 128.0, "MiB"),
    ])
}

/// Loads into the emptied database; the rate of each tenth, of nodes and of relationships.
async fn load(server: &Server, options: &Options, recipe: Recipe) -> Outcome<[Vec<f64>; 2]> {
    server.clear().await?;
    server::make(server, Schema::Ours).await?;
    let graph = open_sink(&options.uri).await?;
    let nodes = write(&graph, recipe, Part::Nodes).await?;
    let relationships = write(&graph, recipe, Part::Relationships).await?;
    let counts = graph.counts().await?;
    let expected = (recipe.nodes as u64, (recipe.nodes * EACH) as u64);
    if (counts.nodes, counts.relationships) != expected {
        return Err(format!("the load left {counts:?}").into());
    }
    eprintln!("{} nodes: {} deadlocks", recipe.nodes, graph.retries().deadlocks);
    Ok([nodes, relationships])
}

/// Writes as the profile says, each batch by a task of its own; rows a second of each tenth.
async fn write(graph: &Neo4jGraph, recipe: Recipe, part: Part) -> Outcome<Vec<f64>> {
    let profile = graph.profile();
    let (owners, each, writers) = match part {
        Part::Nodes => (profile.node_rows, 1, profile.node_writers),
        Part::Relationships => {
            ((profile.relationship_rows / EACH).max(1), EACH, profile.relationship_writers)
        }
    };
    let batches = (0..recipe.nodes).step_by(owners);
    let batch = |start: usize| {
        let (graph, end) = (graph.clone(), recipe.nodes.min(start + owners));
        async move {
            tokio::spawn(async move {
                write_batch(&graph, recipe, part, start..end).await.map(|()| end - start)
            })
            .await?
        }
    };
    let mut written = stream::iter(batches).map(batch).buffer_unordered(writers);
    let (mut tenths, mut done, mut before, mut begun) = (Vec::new(), 0, 0, Instant::now());
    while let Some(count) = written.try_next().await? {
        done += count;
        if done * 10 >= recipe.nodes * (tenths.len() + 1) {
            tenths.push(((done - before) * each) as f64 / begun.elapsed().as_secs_f64());
            (before, begun) = (done, Instant::now());
        }
    }
    Ok(tenths)
}

async fn write_batch(
    graph: &Neo4jGraph,
    recipe: Recipe,
    part: Part,
    owners: std::ops::Range<usize>,
) -> Outcome {
    match part {
        Part::Nodes => {
            let nodes: Vec<Node> =
                owners.map(|index| recipe.node(index)).collect::<Outcome<_>>()?;
            graph.upsert_nodes(&nodes).await?;
        }
        Part::Relationships => {
            let sets: Vec<RelationshipSet> =
                owners.map(|index| set(recipe, index)).collect::<Outcome<_>>()?;
            graph.upsert_relationships(&sets).await?;
        }
    }
    Ok(())
}

/// Two relationships to nodes anywhere, never to the same one and never to the node itself.
fn set(recipe: Recipe, index: usize) -> Outcome<RelationshipSet> {
    let mut random = Random(index as u64);
    let first = 1 + random.below(recipe.nodes - 2);
    let second = first + 1 + random.below(recipe.nodes - 1 - first);
    let relationships = [first, second]
        .map(|distance| recipe.relationship(index, (index + distance) % recipe.nodes));
    let relationships = relationships.into_iter().collect::<Outcome<Vec<_>>>()?;
    let source = relationships.first().ok_or("no relationship")?.source.clone();
    Ok(RelationshipSet::complete(source, relationships))
}
