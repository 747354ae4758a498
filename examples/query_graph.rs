//! Read a graph back: counts, the nodes of a type, and what surrounds one of them.
//!
//! `cargo run --release --example query_graph -- [PATH] [TYPE]`, after `scan_and_scale`.

use atg_core::{GraphReader, NodeFilter, RelationshipFilter, Result};
use atg_graph::sqlite::SqliteGraph;
use futures::{StreamExt, TryStreamExt};

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "atg.sqlite".to_owned());
    let wanted = arguments.next().unwrap_or_else(|| "microsoft.compute/virtualmachines".to_owned());
    match show(&path, &wanted.to_lowercase()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.report());
            std::process::ExitCode::FAILURE
        }
    }
}

async fn show(path: &str, wanted: &str) -> Result<()> {
    let graph = SqliteGraph::builder(path).read_only(true).open()?;
    let counts = graph.counts().await?;
    println!("{} nodes, {} relationships", counts.nodes, counts.relationships);

    let filter = NodeFilter {
        resource_type: Some(wanted.into()),
        synthetic: Some(false),
        ..NodeFilter::default()
    };
    let nodes: Vec<_> = graph.nodes(filter, None).take(5).try_collect().await?;
    for node in &nodes {
        println!("{}  {}  {}", node.name, node.location, node.id);
    }
    let Some(first) = nodes.first() else {
        println!("no node of type {wanted}");
        return Ok(());
    };

    println!("\naround {}:", first.name);
    let from =
        RelationshipFilter { source: Some(first.id.clone()), ..RelationshipFilter::default() };
    let mut from = graph.relationships(from, None);
    while let Some(one) = from.try_next().await? {
        println!("  -[{}]-> {}", one.relation, one.target);
    }
    let to = RelationshipFilter { target: Some(first.id.clone()), ..RelationshipFilter::default() };
    let mut to = graph.relationships(to, None);
    while let Some(one) = to.try_next().await? {
        println!("  <-[{}]- {}", one.relation, one.source);
    }
    Ok(())
}
