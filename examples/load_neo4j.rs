//! Load a Neo4j server through the sink alone: several batches in flight, the server's own counts,
//! the same load again, one node's relationships replaced, and everything deleted again.
//!
//! `cargo run --release --example load_neo4j -- [ADDRESS]`, with a server: `scripts/neo4j start`
//! has one. Without an address `NEO4J_URI` names it; `NEO4J_USER` and `NEO4J_PASSWORD` sign in.

use std::time::Instant;

use atg_core::{
    ErrorKind, GraphReader, GraphSink, Node, Relationship, RelationshipSet, ResourceId, Result,
    labels,
};
use atg_graph::neo4j::Neo4jGraph;
use futures::{StreamExt, TryStreamExt, stream};

const SENSORS: usize = 10_000;
const HUBS: usize = 100;

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let variable = |name| std::env::var(name).ok();
    let address = std::env::args().nth(1).or_else(|| variable("NEO4J_URI"));
    let mut builder =
        Neo4jGraph::builder(address.unwrap_or_else(|| "bolt://127.0.0.1:7687".to_owned()));
    if let (Some(user), Some(password)) = (variable("NEO4J_USER"), variable("NEO4J_PASSWORD")) {
        builder = builder.user(user, password);
    }
    let outcome = async { show(&builder.connect().await?).await };
    let Err(error) = outcome.await else { return std::process::ExitCode::SUCCESS };
    eprintln!("error: {}", error.report());
    if error.kind() == ErrorKind::Unavailable {
        eprintln!("where no server runs, start one with scripts/neo4j start");
    }
    std::process::ExitCode::FAILURE
}

async fn show(graph: &Neo4jGraph) -> Result<()> {
    graph.prepare().await?;
    let nodes: Vec<Node> = (0..HUBS).map(hub).chain((0..SENSORS).map(sensor)).collect();
    let sets: Vec<RelationshipSet> = (0..SENSORS).map(relationships).collect();
    for load in ["the first load", "the same again"] {
        println!("{load}:");
        load_nodes(graph, &nodes).await?;
        load_relationships(graph, &sets).await?;
        // Makes the indexes that reading likes.
        graph.flush().await?;
    }
    let counts = graph.counts().await?;
    println!("the server holds {} nodes: {:?}", counts.nodes, counts.nodes_by_type);
    println!("and {} relationships: {:?}", counts.relationships, counts.relationships_by_type);

    // A complete set is all that its owner names: what it named before and names no more goes.
    let (first, other) = (id("sensor", 0), id("sensor", SENSORS / 2));
    let set =
        RelationshipSet::complete(first.clone(), vec![Relationship::new(first, "NEXT", other)]);
    let outcome = graph.upsert_relationships(&[set]).await?;
    println!("one set replaced: {} created, {} removed", outcome.created, outcome.removed);

    let ids: Vec<_> = nodes.into_iter().map(|node| node.id).collect();
    let gone = graph.delete(&ids).await?;
    println!("deleted: {} nodes, {} relationships", gone.nodes, gone.relationships);
    Ok(())
}

async fn load_nodes(graph: &Neo4jGraph, nodes: &[Node]) -> Result<()> {
    let (begun, profile) = (Instant::now(), graph.profile());
    let batches = stream::iter(nodes.chunks(profile.node_rows));
    let counts = batches
        .map(|batch| graph.upsert_nodes(batch))
        .buffer_unordered(profile.node_writers)
        .try_fold((0, 0), |(created, unchanged), outcome| async move {
            Ok((created + outcome.created, unchanged + outcome.unchanged))
        });
    print("nodes", counts.await?, begun);
    Ok(())
}

async fn load_relationships(graph: &Neo4jGraph, sets: &[RelationshipSet]) -> Result<()> {
    let (begun, profile) = (Instant::now(), graph.profile());
    // Each set is of two.
    let batches = stream::iter(sets.chunks(profile.relationship_rows / 2));
    let counts = batches
        .map(|batch| graph.upsert_relationships(batch))
        .buffer_unordered(profile.relationship_writers)
        .try_fold((0, 0), |(created, unchanged), outcome| async move {
            Ok((created + outcome.created, unchanged + outcome.unchanged))
        });
    print("relationships", counts.await?, begun);
    Ok(())
}

fn print(what: &str, (created, unchanged): (u64, u64), begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let rate = f64::from(u32::try_from(created + unchanged).unwrap_or(u32::MAX)) / seconds;
    println!("  {created} {what} created, {unchanged} unchanged, in {seconds:.2} s: {rate:.0}/s");
}

fn id(kind: &str, number: usize) -> ResourceId {
    ResourceId::named(kind, &format!("load-neo4j-{number}"))
}

fn hub(number: usize) -> Node {
    Node::new(id("hub", number), labels(["Resource", "Hub"]))
}

fn sensor(number: usize) -> Node {
    let mut node = Node::new(id("sensor", number), labels(["Resource", "Sensor"]));
    node.location = "westeurope".into();
    node.properties = format!(r#"{{"serial":{number}}}"#).into();
    node.columns = vec![("indoors".into(), number.is_multiple_of(3).into())];
    node
}

/// A sensor reports to a hub, and is linked to the sensor after it.
fn relationships(number: usize) -> RelationshipSet {
    let (sensor, next) = (id("sensor", number), id("sensor", (number + 1) % SENSORS));
    let hub = id("hub", number % HUBS);
    let reports = Relationship::new(sensor.clone(), "REPORTS_TO", hub);
    let linked = Relationship::new(sensor.clone(), "NEXT", next);
    RelationshipSet::complete(sensor, vec![reports, linked])
}
