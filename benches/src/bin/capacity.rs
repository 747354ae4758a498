//! How many resources a second the whole flow takes on this machine, by the number of workers,
//! and where more of them stop helping: the knee.
//!
//! `cargo run --release -p atg-benches --bin capacity [-- --sink sqlite --latency-ms 20]`

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a benchmark may stop")]

use std::sync::Arc;
use std::time::{Duration, Instant};

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_benches::{median, processor_time};
use atg_core::memory::NullSink;
use atg_core::pipeline::{Pipeline, PipelineOptions, ScanReport};
use atg_core::{GraphReader, GraphSink, Result, Unpaced};
use atg_graph::neo4j::Neo4jGraph;
use atg_graph::sqlite::SqliteGraph;
use clap::Parser;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

/// The capacity of the whole flow on this machine: resources a second against workers.
///
/// A simulated tenant without quotas, read over a simulated network and written to a sink, once
/// for each number of workers and round.
#[derive(Debug, Parser)]
struct Options {
    /// Resources in the tenant [count, 1,000 to 10,000,000]
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    resources: u64,
    /// Latency of each answer [milliseconds]
    #[arg(long, default_value_t = 20)]
    latency_ms: u64,
    /// Where the rows go: null (nowhere), sqlite (a temporary file), or the address of a Neo4j
    /// server, whose graph gets the tenant
    #[arg(long, default_value = "sqlite")]
    sink: String,
    /// Numbers of workers, each of which reads a scope at a time and writes a batch at a time
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32")]
    workers: Vec<usize>,
    /// Rounds, of which the median counts [count, 1 or more]
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    rounds: u64,
}

/// The share of the best throughput from which more workers are not worth it.
const KNEE: f64 = 0.95;

/// What a number of workers reached.
struct Point {
    workers: usize,
    per_second: f64,
    /// Processors kept busy, in the mean.
    processors: f64,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut points = Vec::new();
    for workers in options.workers.iter().copied().filter(|workers| *workers > 0) {
        let rounds: Result<Vec<(f64, f64)>> =
            (0..options.rounds).map(|_| round(&runtime, &options, workers)).collect();
        let rounds = rounds?;
        let of = |pick: fn(&(f64, f64)) -> f64| median(rounds.iter().map(pick).collect()).unwrap();
        let (per_second, processors) = (of(|one| one.0), of(|one| one.1));
        eprintln!("{workers} workers: {per_second:.0} resources/s");
        points.push(Point { workers, per_second, processors });
    }
    print(&points);
    Ok(())
}

/// Resources a second, and processors kept busy.
fn round(
    runtime: &tokio::runtime::Runtime,
    options: &Options,
    workers: usize,
) -> Result<(f64, f64)> {
    let (begun, busy) = (Instant::now(), busy_seconds());
    let report = runtime.block_on(scan(options, workers))?;
    let seconds = begun.elapsed().as_secs_f64();
    assert!(report.is_complete(), "{:?}", report.problems);
    assert!(report.resources_read >= options.resources, "{} were read", report.resources_read);
    Ok((options.resources as f64 / seconds, (busy_seconds() - busy) / seconds))
}

/// What this process took of the processors so far.
fn busy_seconds() -> f64 {
    processor_time(std::process::id()).as_secs_f64()
}

async fn scan(options: &Options, workers: usize) -> Result<ScanReport> {
    match options.sink.as_str() {
        "null" => run(options, workers, NullSink).await,
        "sqlite" => {
            let folder = tempfile::tempdir().unwrap();
            let graph = Arc::new(SqliteGraph::open(folder.path().join("graph.sqlite"))?);
            let report = run(options, workers, graph.clone()).await?;
            assert_eq!(graph.counts().await?.nodes, report.nodes_written);
            Ok(report)
        }
        address => {
            let graph = Arc::new(Neo4jGraph::builder(address).connect().await?);
            run(options, workers, graph).await
        }
    }
}

async fn run<G: GraphSink + 'static>(
    options: &Options,
    workers: usize,
    sink: G,
) -> Result<ScanReport> {
    let simulator = Simulator::builder(TenantSpec::sized(options.resources, 32))
        .limits(Limits::none())
        .latency_of(Duration::from_millis(options.latency_ms))
        .build()?;
    let token = StaticToken::new(AccessToken::new("simulated")?);
    let client = ArmClient::with_pace(simulator, token, Cloud::public()?, Unpaced);
    let settings = PipelineOptions {
        reads_in_flight: workers,
        pages_in_flight: workers.max(2),
        bytes_in_flight: 64 << 20,
        node_writers: Some(workers),
        ..PipelineOptions::default()
    };
    Pipeline::new(AzureSource::new(client), sink).with_options(settings).run().await
}

fn print(points: &[Point]) {
    let Some(first) = points.first() else { return };
    let best = points.iter().map(|point| point.per_second).fold(0.0, f64::max);
    let knee = points.iter().find(|point| point.per_second >= KNEE * best);
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(vec![
        "workers",
        "resources/s",
        "× the first",
        "processors busy",
        "",
    ]);
    for point in points {
        let mark = knee.is_some_and(|knee| knee.workers == point.workers);
        table.add_row(vec![
            point.workers.to_string(),
            format!("{:.0}", point.per_second),
            format!("{:.2}", point.per_second / first.per_second),
            format!("{:.2}", point.processors),
            if mark { "knee".to_owned() } else { String::new() },
        ]);
    }
    for column in table.column_iter_mut().take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    println!("{table}");
    let Some(knee) = knee else { return };
    let all = std::thread::available_parallelism().map_or(1.0, |all| all.get() as f64);
    println!(
        "capacity: {best:.0} resources/s; {} workers reach {:.0}% of it, with {:.2} of {all} \
         processors busy in this process",
        knee.workers,
        100.0 * knee.per_second / best,
        knee.processors,
    );
}
