//! Trace a scan with OpenTelemetry: every scope, request, page and batch becomes a span, printed
//! here, and sent to a collector by exchanging one line.
//!
//! `cargo run --release --example trace_scan -- --resources 300`

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_core::memory::MemoryGraph;
use atg_core::pipeline::Pipeline;
use atg_core::{Result, Unpaced};
use clap::Parser;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

/// Trace a scan with OpenTelemetry.
#[derive(Debug, Parser)]
struct Options {
    /// Resources in the simulated tenant [count]
    #[arg(long, default_value_t = 300)]
    resources: u64,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    // The exporter is the application's choice: with opentelemetry-otlp's in its place the spans
    // go to a collector, best by `with_batch_exporter`.
    let exporter = opentelemetry_stdout::SpanExporter::default();
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
    let spans = tracing_opentelemetry::layer().with_tracer(provider.tracer("atg"));
    let ours = ["atg_core", "atg_azure"].map(|target| (target, LevelFilter::DEBUG));
    tracing_subscriber::registry().with(spans).with(Targets::new().with_targets(ours)).init();

    let scanned = scan(options.resources).await?;
    provider.shutdown()?;
    println!("scanned {scanned} resources");
    Ok(())
}

async fn scan(resources: u64) -> Result<u64> {
    let tenant = TenantSpec::sized(resources, 2);
    let simulator = Simulator::builder(tenant).limits(Limits::none()).build()?;
    let token = StaticToken::new(AccessToken::new("simulated")?);
    let client = ArmClient::with_pace(simulator, token, Cloud::public()?, Unpaced);
    let report = Pipeline::new(AzureSource::new(client), MemoryGraph::new()).run().await?;
    Ok(report.resources_read)
}
