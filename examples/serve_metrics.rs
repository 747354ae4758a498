//! Serve a scan's measurements to Prometheus while it runs.
//!
//! `cargo run --release --example serve_metrics -- --resources 20000`
//!
//! The first line printed is the address to scrape. After the scan it waits for one more scrape,
//! so that the last figures are seen, and ends.

use std::convert::Infallible;
use std::future::ready;
use std::net::SocketAddr;
use std::time::Duration;

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_core::memory::MemoryGraph;
use atg_core::pipeline::{Pipeline, ScanReport};
use atg_core::{Result, Unpaced};
use atg_perf::{MetricsExporter, Monitor};
use clap::Parser;
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

/// Serve a scan's measurements to Prometheus while it runs.
#[derive(Debug, Parser)]
struct Options {
    /// Port on 127.0.0.1 [0: any that is free]
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// Resources in the simulated tenant [count]
    #[arg(long, default_value_t = 20_000)]
    resources: u64,
    /// How long to wait for a scrape after the scan [s]
    #[arg(long, default_value_t = 2)]
    wait: u64,
}

#[tokio::main]
async fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    let monitor = Monitor::new();

    // The application chooses the exporter; the monitor's figures reach it through `metrics`.
    let page = PrometheusBuilder::new().install_recorder()?;
    let exporter = MetricsExporter::new(monitor.clone());
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], options.port))).await?;
    println!("http://{}/metrics", listener.local_addr()?);
    let (scraped, mut news) = mpsc::channel(1);
    tokio::spawn(serve(listener, Endpoint { exporter, page: page.clone(), scraped }));

    let report = scan(options.resources, &monitor).await?;
    // What was scraped before is no news.
    while news.try_recv().is_ok() {}
    println!("scanned {} resources in {:.2} s", report.resources_read, report.seconds);
    let last = tokio::time::timeout(Duration::from_secs(options.wait), news.recv()).await;
    println!("{}", if last.is_ok() { "scraped once more" } else { "nobody scraped" });

    MetricsExporter::new(monitor).publish();
    let page = page.render();
    page.lines()
        .filter(|line| line.contains("\"write nodes\""))
        .for_each(|line| println!("{line}"));
    Ok(())
}

async fn scan(resources: u64, monitor: &Monitor) -> Result<ScanReport> {
    let tenant = TenantSpec::sized(resources, 4);
    let simulator = Simulator::builder(tenant).limits(Limits::none()).build()?;
    let token = StaticToken::new(AccessToken::new("simulated")?);
    let client = ArmClient::with_pace(simulator, token, Cloud::public()?, Unpaced);
    let source = AzureSource::new(client);
    Pipeline::new(source, MemoryGraph::new()).with_monitor(monitor.clone()).run().await
}

/// What answers scrapes.
#[derive(Clone)]
struct Endpoint {
    exporter: MetricsExporter,
    page: PrometheusHandle,
    scraped: mpsc::Sender<()>,
}

impl Endpoint {
    fn answer(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        let mut response = Response::new(Full::default());
        if request.uri().path() == "/metrics" {
            // Published when it is asked for: what is scraped is never old.
            self.exporter.publish();
            *response.body_mut() = Full::from(self.page.render());
            let _ = self.scraped.try_send(());
        } else {
            *response.status_mut() = StatusCode::NOT_FOUND;
        }
        response
    }
}

async fn serve(listener: TcpListener, endpoint: Endpoint) {
    while let Ok((stream, _)) = listener.accept().await {
        let endpoint = endpoint.clone();
        let handler =
            service_fn(move |request| ready(Ok::<_, Infallible>(endpoint.answer(&request))));
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), handler));
    }
}
