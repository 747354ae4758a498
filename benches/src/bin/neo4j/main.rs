//! Loads of a Neo4j server: the sink beside the drivers' straightforward loaders and beside what
//! the server does alone, in one run against one server.
//!
//! `cargo run --release -p atg-benches --bin neo4j -- --uri bolt://127.0.0.1:7687`
//!
//! It deletes everything in the database: see `--clear`.

#![allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

use std::sync::Arc;

use atg_benches::Limit;
use atg_benches::neo4j_server::Server;
use clap::Parser;

mod contestant;
mod data;
mod limits;
mod million;
mod options;
mod ours;
mod peers;
mod plain_neo4rs;
mod rounds;
mod scale;
mod server;
mod server_only;
mod subprocess;
mod table;
mod verify;

use contestant::Contestant;
use data::{Recipe, Rows};
use options::{Options, Peers};

/// What may fail stops the benchmark.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> Outcome {
    let server = Server::connect(&options.uri).await?;
    server.claim(options.clear).await?;
    let limits = if options.million {
        million::run(&server, options).await?
    } else {
        compare(&server, options).await?
    };
    server.clear().await?;
    for limit in limits {
        println!("{limit}");
    }
    Ok(())
}

/// The table, and the scale-up.
async fn compare(server: &Server, options: &Options) -> Outcome<Vec<Limit>> {
    let recipe = Recipe { nodes: options.nodes, kinds: options.kinds };
    let rows = Arc::new(Rows::new(recipe, options.relationships)?);
    let mut contestants: Vec<Box<dyn Contestant>> = server_only::all(server, &rows, options);
    let mut absent = Vec::new();
    if options.peers == Peers::All {
        contestants.extend(plain_neo4rs::all(server, &rows));
        peers::add(&rows, options, &mut contestants, &mut absent)?;
    }
    contestants.extend(ours::all(&rows, options).await?);
    let results = rounds::run(server, &rows, &mut contestants, options.rounds).await?;
    println!("{}", table::of(&results, &absent));
    let mut limits = limits::of(&results);
    limits.push(scale::run(server, options).await?);
    Ok(limits)
}
