//! A large simulated tenant through the whole pipeline: throughput and peak memory.
//!
//! `MALLOC_MMAP_THRESHOLD_=262144 cargo run --release -p atg-benches --bin million -- --sink sqlite`
//!
//! The variable fixes a threshold of the GNU allocator, which otherwise rises with the first
//! page that is freed and then keeps pages of 2 MB in heaps that fragment.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a benchmark may stop")]

use std::time::Instant;

use atg_azure::simulator::{Face, Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_benches::{peak_memory, reset_peak_memory};
use atg_core::memory::NullSink;
use atg_core::pipeline::{Pipeline, PipelineOptions, ScanReport};
use atg_core::{GraphReader, GraphSink, PerfMonitor as _, Result, Unpaced};
use atg_graph::sqlite::SqliteGraph;
use atg_perf::Monitor;
use clap::{Parser, ValueEnum};

/// A large simulated tenant through the whole pipeline.
#[derive(Debug, Parser)]
struct Options {
    /// Resources in the tenant, a count
    #[arg(long, default_value_t = 1_000_000)]
    resources: u64,
    /// Where they go
    #[arg(long, value_enum, default_value_t = SinkOption::Null)]
    sink: SinkOption,
    /// Bytes in flight, in MiB
    #[arg(long, default_value_t = PipelineOptions::default().bytes_in_flight >> 20)]
    in_flight: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum SinkOption {
    /// Nowhere.
    Null,
    /// An SQLite file in the temporary folder.
    Sqlite,
}

fn main() -> Result<()> {
    let options = Options::parse();
    let own = simulator_seconds(options.resources);
    reset_peak_memory();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let begun = Instant::now();
    let report = runtime.block_on(scan(&options))?;
    let seconds = begun.elapsed().as_secs_f64();
    let expected = options.resources;
    assert!(report.is_complete() && report.resources_read >= expected, "{:?}", report.problems);
    println!("resources            {}", report.resources_read);
    println!("nodes                {}", report.nodes_written);
    println!("relationships        {}", report.relationships_written);
    println!("seconds              {seconds:.2}");
    println!("resources/s          {:.0}", expected as f64 / seconds);
    println!("simulator alone, s   {own:.2} (one thread, writing the same rows)");
    println!("peak memory, MiB     {:.1}", peak_memory());
    for phase in &report.phases {
        println!("  {:18} {:.2} s, {} items", phase.name, phase.seconds, phase.items);
    }
    Ok(())
}

async fn scan(options: &Options) -> Result<ScanReport> {
    let simulator = Simulator::builder(TenantSpec::sized(options.resources, 10))
        .limits(Limits::none())
        .build()?;
    let token = StaticToken::new(AccessToken::new("simulated")?);
    let client = ArmClient::with_pace(simulator, token, Cloud::public()?, Unpaced);
    let source = AzureSource::new(client);
    match options.sink {
        SinkOption::Null => run(source, NullSink, options).await,
        SinkOption::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            let graph = std::sync::Arc::new(SqliteGraph::open(folder.path().join("graph.sqlite"))?);
            let report = run(source, graph.clone(), options).await?;
            println!("peak memory of scan  {:.1}", peak_memory());
            let counts = graph.counts().await?;
            assert_eq!(counts.nodes, report.nodes_written);
            assert_eq!(counts.relationships, report.relationships_written);
            Ok(report)
        }
    }
}

async fn run<G: GraphSink + 'static>(
    source: AzureSource<Simulator, Unpaced>,
    sink: G,
    options: &Options,
) -> Result<ScanReport> {
    let options =
        PipelineOptions { bytes_in_flight: options.in_flight << 20, ..PipelineOptions::default() };
    let monitor = Monitor::new();
    let report = Pipeline::new(source, sink)
        .with_options(options)
        .with_monitor(monitor.clone())
        .run()
        .await?;
    for (operation, seen) in &monitor.snapshot().operations {
        println!("{operation:20} {:.2} s in {} calls", seen.total.as_secs_f64(), seen.count);
    }
    Ok(report)
}

/// What writing all rows costs the simulator.
fn simulator_seconds(resources: u64) -> f64 {
    let tenant = atg_azure::simulator::Tenant::new(TenantSpec::sized(resources, 10)).unwrap();
    let begun = Instant::now();
    let mut row = String::new();
    for index in 0..resources {
        row.clear();
        tenant.write_resource(index, Face::ResourceGraph, &mut row);
        std::hint::black_box(&row);
    }
    begun.elapsed().as_secs_f64()
}
