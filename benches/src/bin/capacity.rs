//! How many resources a second the whole flow takes on this machine, by the number of workers,
//! and where more of them stop helping: the knee.
//!
//! `cargo run --release -p atg-benches --bin capacity [-- --sink sqlite --latency-ms 20]`
//!
//! Of a Neo4j server it deletes everything, before each round: see `--clear`.

#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "a benchmark may stop")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_benches::clock::Outcome;
use atg_benches::neo4j_server::{Server, open_sink};
use atg_benches::{median, processor_time};
use atg_core::memory::NullSink;
use atg_core::pipeline::{Pipeline, PipelineOptions};
use atg_core::{GraphReader, GraphSink, Unpaced};
use atg_graph::sqlite::SqliteGraph;
use clap::Parser;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

/// The capacity of the whole flow on this machine: resources a second against workers.
///
/// A simulated tenant without quotas, read over a simulated network and written to an empty sink,
/// once for each number of workers and round. The time is that of the scan alone.
#[derive(Debug, Parser)]
struct Options {
    /// Resources in the tenant [count, 1,000 to 10,000,000]
    #[arg(long, default_value_t = 50_000, value_parser = clap::value_parser!(u64).range(1_000..=10_000_000))]
    resources: u64,
    /// Latency of each answer [milliseconds]
    #[arg(long, default_value_t = 20)]
    latency_ms: u64,
    /// Where the rows go: null (nowhere), sqlite (a temporary file), or the address of a Neo4j
    /// server, whose graph is emptied before each round and at the end; `NEO4J_USER` and
    /// `NEO4J_PASSWORD` sign in, where set
    #[arg(long, default_value = "sqlite")]
    sink: String,
    /// Numbers of workers [each 1 to 1024]: so many scopes are read at once and so many batches of
    /// nodes written at once at the most, while as many pages wait, two at least. The sink's own
    /// sizer says how large batches are, and how many of relationships are written at once
    #[arg(long, value_delimiter = ',', default_value = "1,2,4,8,16,32", value_parser = clap::value_parser!(u16).range(1..=1_024))]
    workers: Vec<u16>,
    /// Rounds, of which the median counts [count, 1 to 1,000]
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=1_000))]
    rounds: u64,
    /// Allow to delete what the Neo4j server's graph holds now; an empty graph needs no leave
    #[arg(long)]
    clear: bool,
}

impl Options {
    /// The numbers of workers, rising, each once: their order and repetition on the command line
    /// mean nothing.
    fn workers(&self) -> BTreeSet<usize> {
        self.workers.iter().copied().map(usize::from).collect()
    }
}

/// The share of the best throughput from which more workers are not worth it.
const KNEE: f64 = 0.95;

/// What a number of workers reached.
#[derive(Debug)]
struct Point {
    workers: usize,
    per_second: f64,
    /// Processors kept busy, in the mean.
    processors: f64,
}

fn main() -> Outcome {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(run(&options))
}

async fn run(options: &Options) -> Outcome {
    let sink = Sink::open(options).await?;
    let mut points = Vec::new();
    for workers in options.workers() {
        let mut rounds = Vec::new();
        for _ in 0..options.rounds {
            rounds.push(sink.round(options, workers).await?);
        }
        let of = |pick: fn(&Round) -> f64| median(rounds.iter().map(pick).collect()).unwrap();
        let (per_second, processors) = (of(|one| one.per_second), of(|one| one.processors));
        eprintln!("{workers} workers: {per_second:.0} resources/s");
        points.push(Point { workers, per_second, processors });
    }
    if let Sink::Neo4j(server) = &sink {
        server.clear().await?;
    }
    print(&points);
    Ok(())
}

/// Where the rows go.
enum Sink {
    Null,
    Sqlite,
    Neo4j(Server),
}

impl Sink {
    async fn open(options: &Options) -> Outcome<Self> {
        Ok(match options.sink.as_str() {
            "null" => Self::Null,
            "sqlite" => Self::Sqlite,
            address => {
                let server = Server::connect(address).await?;
                server.claim(options.clear).await?;
                Self::Neo4j(server)
            }
        })
    }

    /// Scans into the emptied sink.
    async fn round(&self, options: &Options, workers: usize) -> Outcome<Round> {
        match self {
            Self::Null => Ok(scan(options, workers, NullSink).await?.0),
            Self::Sqlite => {
                let folder = tempfile::tempdir()?;
                let graph = Arc::new(SqliteGraph::open(folder.path().join("graph.sqlite"))?);
                checked(options, workers, graph).await
            }
            Self::Neo4j(server) => {
                server.clear().await?;
                checked(options, workers, Arc::new(open_sink(&server.uri).await?)).await
            }
        }
    }
}

/// What a round reached.
struct Round {
    per_second: f64,
    /// Processors kept busy, in the mean.
    processors: f64,
}

/// The same, and the graph holds just what was written: it was empty.
async fn checked<G>(options: &Options, workers: usize, graph: Arc<G>) -> Outcome<Round>
where
    G: GraphSink + GraphReader + 'static,
{
    let (round, written) = scan(options, workers, graph.clone()).await?;
    assert_eq!(graph.counts().await?.nodes, written);
    Ok(round)
}

/// What this process took of the processors so far.
fn busy_seconds() -> f64 {
    processor_time(std::process::id()).as_secs_f64()
}

/// Reads the tenant into the sink; what that reached, and the number of nodes written. The schema,
/// the simulator and the client are made before the clock starts.
async fn scan<G>(options: &Options, workers: usize, sink: G) -> Outcome<(Round, u64)>
where
    G: GraphSink + 'static,
{
    sink.prepare().await?;
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
    let pipeline = Pipeline::new(AzureSource::new(client), sink).with_options(settings);
    let busy = busy_seconds();
    let report = pipeline.run().await?;
    let busy = busy_seconds() - busy;
    assert!(report.is_complete(), "{:?}", report.problems);
    assert!(report.resources_read >= options.resources, "{} were read", report.resources_read);
    let per_second = options.resources as f64 / report.seconds;
    Ok((Round { per_second, processors: busy / report.seconds }, report.nodes_written))
}

/// The fewest workers that come near the best.
fn knee(points: &[Point]) -> Option<&Point> {
    let best = best(points);
    points.iter().filter(|point| point.per_second >= KNEE * best).min_by_key(|point| point.workers)
}

fn best(points: &[Point]) -> f64 {
    points.iter().map(|point| point.per_second).fold(0.0, f64::max)
}

fn print(points: &[Point]) {
    let Some(first) = points.first() else { return };
    let (knee, best) = (knee(points), best(points));
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_header(vec![
        "workers",
        "resources/s",
        "× the fewest",
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(workers: &str) -> Result<Options, clap::Error> {
        Options::try_parse_from(["capacity", "--workers", workers])
    }

    #[test]
    fn workers_are_sorted_counted_once_and_bounded() {
        let workers = parsed("8,1,1024,8,2").unwrap().workers();
        assert_eq!(Vec::from_iter(workers), [1, 2, 8, 1_024]);
        for wrong in ["0", "1025", "4,0", "-1", "many", ""] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_knee_is_the_fewest_workers_near_the_best_in_any_order() {
        let point = |(workers, per_second)| Point { workers, per_second, processors: 1.0 };
        let mut points = [(1, 100.0), (2, 190.0), (4, 200.0), (8, 199.0)].map(point);
        assert_eq!(knee(&points).unwrap().workers, 2);
        points.reverse();
        assert_eq!(knee(&points).unwrap().workers, 2);
        assert!(knee(&[]).is_none());
    }
}
