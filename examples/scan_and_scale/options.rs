//! The command line.

use std::path::PathBuf;

use clap::{ArgGroup, Parser, ValueEnum};

use crate::batches::Batch;
use crate::pace::PaceOption;

/// Scan an Azure tenant into a property graph, scale the graph up, validate it, and report.
///
/// Without options it scans a simulated tenant under Azure's true limits. The same command again
/// goes on where a stopped run ended, and writes only what changed.
#[derive(Debug, Parser)]
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
#[command(name = "scan_and_scale", version, after_help = EXAMPLES)]
#[command(group = ArgGroup::new("origin").args(["replay", "azure"]))]
pub(crate) struct Options {
    /// Resources in the simulated tenant [count, 0 to 10,000,000]
    #[arg(long, value_name = "N", default_value_t = 1632)]
    pub(crate) resources: u64,

    /// Subscriptions in the simulated tenant [count, 1 to 10,000]
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(crate) subscriptions: u32,

    /// Seed of the simulated tenant and its faults; the same seed gives the same tenant
    #[arg(long, value_name = "N", default_value_t = 42)]
    pub(crate) seed: u64,

    /// Latency of each simulated answer [milliseconds]
    #[arg(long, value_name = "N", default_value_t = 80)]
    pub(crate) latency_ms: u64,

    /// Limits of the simulated service: Azure's own (15 queries per 5 s, 250 + 25 reads/s), or none
    #[arg(long, value_enum, default_value_t = LimitsOption::Azure)]
    pub(crate) limits: LimitsOption,

    /// Share of simulated answers that fail (429, 5xx, lost, cut off) [0 to 0.9]
    #[arg(long, value_name = "F", default_value_t = 0.0, value_parser = fault_rate)]
    pub(crate) fault_rate: f64,

    /// Read a folder of recorded answers in place of the simulator
    #[arg(long, value_name = "DIR")]
    pub(crate) replay: Option<PathBuf>,

    /// Read the real Azure: AZURE_ACCESS_TOKEN holds a token (az account get-access-token),
    /// AZURE_TENANT_ID the tenant
    #[arg(long)]
    #[allow(clippy::doc_markdown, reason = "this text is shown by --help")]
    pub(crate) azure: bool,

    /// The graph: an SQLite file, made where it is not there, or a Neo4j server: bolt://HOST:PORT,
    /// or neo4j:// for a cluster; with +s or +ssc behind the scheme encrypted. NEO4J_USER and
    /// NEO4J_PASSWORD sign in [default: the server NEO4J_URI where that is set, else atg.sqlite]
    #[arg(long, value_name = "PATH|ADDRESS")]
    #[allow(clippy::doc_markdown, rustdoc::bare_urls, reason = "this text is shown by --help")]
    pub(crate) graph: Option<String>,

    /// The database of the Neo4j server [default: NEO4J_DATABASE where that is set, else the
    /// user's own]
    #[arg(long, value_name = "NAME")]
    #[allow(clippy::doc_markdown, reason = "this text is shown by --help")]
    pub(crate) database: Option<String>,

    /// Keep what is asked of Azure beside the resources (the providers' api-versions) in this
    /// directory, so that the next run does not ask again [default: in memory only]
    #[arg(long, value_name = "DIR", conflicts_with = "no_cache")]
    pub(crate) cache: Option<PathBuf>,

    /// Keep no answer at all, not even in memory
    #[arg(long)]
    pub(crate) no_cache: bool,

    /// Also read this type by its own listing, for what Resource Graph does not hold: in the
    /// simulated tenant, it then does not; may be given several times [namespace/type]
    #[arg(long = "list-type", value_name = "TYPE", value_parser = listed_type)]
    pub(crate) list_types: Vec<String>,

    /// Scale the graph up to at least this many nodes by copying what was scanned: the smallest
    /// whole number of copies that reaches it [nodes; 0: do not scale]
    #[arg(long, value_name = "N", default_value_t = 40_000)]
    pub(crate) scale_to: u64,

    /// Rows in a batch: auto finds the size at which rows are written fastest, static takes it from
    /// a table by the number of rows, N is always N [rows, 1 to 100,000]
    #[arg(long, value_name = "auto|static|N", default_value_t = Batch::Auto)]
    pub(crate) batch: Batch,

    /// When requests go out: auto mirrors the service's quotas, so that hardly any is refused; none
    /// sends at once; N sends so many a second to each subscription [requests/s, 1 to 10,000]
    #[arg(long, value_name = "auto|none|N", default_value_t = PaceOption::Auto)]
    #[arg(conflicts_with = "replay")]
    pub(crate) pace: PaceOption,

    /// Read, compare and report; write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,

    /// Write the report as JSON to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Write the report as a page with charts to this file; it needs no network to be read
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,

    /// Add the run to this file, a line of JSON; compare_reports tells what changed between runs
    #[arg(long, value_name = "FILE")]
    #[allow(clippy::doc_markdown, reason = "this text is shown by --help")]
    pub(crate) metrics: Option<PathBuf>,

    /// No progress and no tables; warnings, errors and the exit status only
    #[arg(long)]
    pub(crate) quiet: bool,
}

impl Options {
    /// What a run depends on, by name, for comparisons; no secret is among it.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let cache = match (&self.cache, self.no_cache) {
            (_, true) => "none",
            (Some(_), _) => "directory",
            (None, _) => "memory",
        };
        let mut parameters = vec![
            ("batch", self.batch.to_string()),
            ("scale to", self.scale_to.to_string()),
            ("cache", cache.to_owned()),
            ("listed types", self.list_types.join(" ")),
        ];
        if self.replay.is_none() {
            parameters.push(("pace", self.pace.to_string()));
        }
        if self.replay.is_none() && !self.azure {
            parameters.push(("limits", format!("{:?}", self.limits).to_lowercase()));
            parameters.push(("latency", format!("{} ms", self.latency_ms)));
            parameters.push(("fault rate", self.fault_rate.to_string()));
        }
        parameters
    }
}

/// Limits of the simulated service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LimitsOption {
    /// Azure's own.
    Azure,
    /// None.
    None,
}

const EXAMPLES: &str = "Examples:
  scan_and_scale                                   1,632 simulated resources, scaled to 40,000 nodes
  scan_and_scale --resources 100000 --scale-to 0   a larger tenant, not scaled
  scan_and_scale --fault-rate 0.1                  one answer in ten fails; nothing is lost
  scan_and_scale --replay DIR --scale-to 0         recorded answers
  scan_and_scale --azure --graph tenant.sqlite     the real thing
  scan_and_scale --list-type Microsoft.Network/natGateways --cache DIR
                                                   with a type that only its own listing has
  scan_and_scale --graph bolt://127.0.0.1:7687     into a Neo4j server; scripts/neo4j start has one
  scan_and_scale --html report.html --metrics runs.jsonl
                                                   with charts, and kept for comparison

Exit status: 0 the job was done; 1 it was not, or only in part; 2 wrong usage; 130 stopped by Ctrl-C.";

fn fault_rate(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(rate) if (0.0..=0.9).contains(&rate) => Ok(rate),
        _ => Err("a share from 0 to 0.9, such as 0.1".to_owned()),
    }
}

/// A type below another has no listing of its own in a subscription.
fn listed_type(text: &str) -> Result<String, String> {
    match text.split_once('/') {
        Some((namespace, name))
            if !(namespace.is_empty() || name.is_empty() || name.contains('/')) =>
        {
            Ok(text.to_owned())
        }
        _ => Err("a type as namespace/type, such as Microsoft.Network/natGateways".to_owned()),
    }
}
