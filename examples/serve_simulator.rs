//! Serve a simulated Azure on a port of this machine, for any client: Microsoft's SDKs, curl.
//!
//! `cargo run --release --example serve_simulator -- --resources 1632`
//!
//! The first line printed is the address. It ends with Ctrl-C, or when its standard input ends.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_core::{Error, ErrorKind, Result};
use clap::Parser;

/// Serve a simulated Azure on a port of this machine.
#[derive(Debug, Parser)]
struct Options {
    /// Port on 127.0.0.1 [0: any that is free]
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Resources in the tenant [count]
    #[arg(long, default_value_t = 1632)]
    resources: u64,
    /// Subscriptions in the tenant [count]
    #[arg(long, default_value_t = 4)]
    subscriptions: u32,
    /// Seed of the tenant
    #[arg(long, default_value_t = 42)]
    seed: u64,
    /// Switch Azure's limits off
    #[arg(long)]
    no_limits: bool,
    /// Write the canonical id of every resource to this file, a line each
    #[arg(long, value_name = "FILE")]
    ids: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    match serve(Options::parse()).await {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {}", error.report());
            std::process::ExitCode::FAILURE
        }
    }
}

async fn serve(options: Options) -> Result<()> {
    let mut spec = TenantSpec::sized(options.resources, options.subscriptions);
    spec.seed = options.seed;
    let limits = if options.no_limits { Limits::none() } else { Limits::azure() };
    let simulator = Simulator::builder(spec).limits(limits).build()?;
    if let Some(path) = &options.ids {
        write_ids(&simulator, path)?;
    }
    let server = simulator.serve(SocketAddr::from(([127, 0, 0, 1], options.port))).await?;
    println!("{}", server.url());
    for number in 0..simulator.tenant().subscription_count() {
        println!("subscription {}", simulator.tenant().subscription_id(number));
    }
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())) => {}
    }
    server.shutdown().await;
    let stats = simulator.stats();
    println!("{} requests, {} throttled", stats.requests, stats.throttled);
    Ok(())
}

fn write_ids(simulator: &Simulator, path: &std::path::Path) -> Result<()> {
    let mut text = String::new();
    for index in 0..simulator.tenant().len() {
        simulator.tenant().write_id(index, &mut text);
        text.push('\n');
    }
    std::fs::write(path, text.to_lowercase()).map_err(|error| {
        let message = format!("{} cannot be written", path.display());
        Error::new(ErrorKind::InvalidInput, "write ids", message).with_source(error)
    })
}
