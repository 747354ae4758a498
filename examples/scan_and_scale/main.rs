//! The whole flow: scan an Azure tenant into a graph, scale the graph up, validate it, report.
//!
//! `cargo run --release --example scan_and_scale -- --help`

mod answers;
mod batches;
mod files;
mod flow;
mod graph;
mod measure;
mod memory;
mod options;
mod pace;
mod progress;
mod report;
mod source;

use std::process::ExitCode;

use atg_core::pipeline::CancellationToken;
use clap::Parser;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use options::Options;

/// The exit status of a program that Ctrl-C ended.
const STOPPED: u8 = 130;

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    show_warnings();
    let cancel = CancellationToken::new();
    tokio::spawn(stop_on_ctrl_c(cancel.clone()));
    let outcome = flow::run(&options, &cancel).await;
    match outcome {
        Ok(_) if cancel.is_cancelled() => {
            eprintln!("stopped; the graph is whole, and the same command goes on from here");
            ExitCode::from(STOPPED)
        }
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("the job was done in part only: see the scopes and checks in the report");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {}", error.report());
            ExitCode::FAILURE
        }
    }
}

/// Shows what may need somebody's hand: a wait of minutes for a quota, a server or a lock, a cache
/// that fails. What the report has (scopes that failed) it says, and slow statements are for those
/// who tune them.
fn show_warnings() {
    let crates = ["atg_azure", "atg_cache", "atg_graph", "atg_perf"];
    let shown = Targets::new()
        .with_targets(crates.map(|name| (name, LevelFilter::WARN)))
        .with_target("atg_graph::neo4j::slow", LevelFilter::OFF);
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_target(false)
        .without_time()
        .with_filter(shown);
    tracing_subscriber::registry().with(lines).init();
}

/// The first Ctrl-C stops cleanly, the second at once: everything written is whole either way.
async fn stop_on_ctrl_c(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_err() {
        return;
    }
    eprintln!("\nstopping: what was read is being written; Ctrl-C again to stop at once");
    cancel.cancel();
    if tokio::signal::ctrl_c().await.is_ok() {
        std::process::exit(i32::from(STOPPED));
    }
}
