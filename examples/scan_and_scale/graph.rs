//! Which graph: an SQLite file or a Neo4j server.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use atg_core::memory::MemoryGraph;
use atg_core::{Error, ErrorKind, GraphReader, GraphSink, Result};
use atg_graph::neo4j::Neo4jGraph;
use atg_graph::sqlite::SqliteGraph;
use atg_perf::Monitor;

use crate::options::Options;

/// What the flow needs of a graph.
pub(crate) trait Graph: GraphSink + GraphReader {}

impl<G: GraphSink + GraphReader> Graph for G {}

/// Where the graph is; displays as people name it, without a user or password.
pub(crate) enum Place {
    /// An SQLite file.
    File(PathBuf),
    /// A Neo4j server.
    Server { address: String, database: Option<String> },
}

impl Place {
    /// The place that the options name, or else the environment.
    pub(crate) fn of(options: &Options) -> Result<Self> {
        let place = match &options.graph {
            Some(graph) => Self::named(graph, options)?,
            None => match variable("NEO4J_URI") {
                Some(address) => Self::server(&address, options),
                None => Self::File("atg.sqlite".into()),
            },
        };
        if place.file().is_some() && options.database.is_some() {
            let message = "--database names one of a Neo4j server's databases, and the graph is \
                           a file; give --graph the server's address, such as bolt://127.0.0.1:7687";
            return Err(Error::new(ErrorKind::InvalidInput, "open graph", message));
        }
        Ok(place)
    }

    fn named(graph: &str, options: &Options) -> Result<Self> {
        let Some((scheme, _)) = graph.split_once("://") else {
            return Ok(Self::File(graph.into()));
        };
        if let Some("bolt" | "neo4j") = scheme.to_ascii_lowercase().split('+').next() {
            return Ok(Self::server(graph, options));
        }
        let message = format!(
            "{scheme}:// is no graph this program knows; give --graph a file's path, or the \
             address of a Neo4j server, such as bolt://127.0.0.1:7687"
        );
        Err(Error::new(ErrorKind::Unsupported, "open graph", message))
    }

    fn server(address: &str, options: &Options) -> Self {
        let database = options.database.clone().or_else(|| variable("NEO4J_DATABASE"));
        Self::Server { address: address.to_owned(), database }
    }

    /// The graph's file, where it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Server { .. } => None,
        }
    }

    /// Opens the graph for writing; statements to a server are measured.
    pub(crate) async fn open(&self, monitor: &Monitor) -> Result<Arc<dyn Graph>> {
        Ok(match self {
            Self::File(path) => Arc::new(SqliteGraph::open(path)?),
            Self::Server { address, database } => {
                Arc::new(connect(address, database.as_deref(), monitor).await?)
            }
        })
    }

    /// Opens the graph for reading; an empty one where the file is not there.
    pub(crate) async fn open_to_read(&self, monitor: &Monitor) -> Result<Arc<dyn Graph>> {
        match self {
            Self::File(path) if !path.exists() => Ok(Arc::new(MemoryGraph::new())),
            Self::File(path) => Ok(Arc::new(SqliteGraph::builder(path).read_only(true).open()?)),
            Self::Server { .. } => self.open(monitor).await,
        }
    }

    /// Prints queries to try next.
    pub(crate) fn print_queries(&self) {
        match self {
            Self::File(path) => {
                println!("\nTry next:");
                for query in SQL {
                    println!("  sqlite3 {} \"{query}\"", path.display());
                }
            }
            Self::Server { .. } => {
                println!("\nTry next, in cypher-shell or Neo4j Browser:");
                for query in CYPHER {
                    println!("  {query};");
                }
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Server { address, database } => {
                let (scheme, rest) = address.split_once("://").unwrap_or(("neo4j", address));
                let server = rest.rsplit('@').next().unwrap_or_default();
                let server = server.split(['/', '?', '#']).next().unwrap_or_default();
                write!(f, "{scheme}://{server}")?;
                database.iter().try_for_each(|name| write!(f, ", database {name}"))
            }
        }
    }
}

const SQL: [&str; 3] = [
    "select type, count(*) from nodes group by type order by 2 desc limit 10",
    "select name, json_extract(properties, '$.hardwareProfile.vmSize') from nodes where type = 'microsoft.compute/virtualmachines' limit 10",
    "select source, target from relationships where type = 'HAS_PUBLIC_IP' limit 10",
];

const CYPHER: [&str; 3] = [
    "MATCH (n:Resource) RETURN n.type AS type, count(*) AS nodes ORDER BY nodes DESC LIMIT 10",
    "MATCH (vm:compute_virtualmachines)-[:USES_NIC]->(nic)-[:IN_SUBNET]->(subnet) RETURN vm.name, nic.name, subnet.id LIMIT 10",
    "MATCH (copy:Resource {synthetic: true}) MATCH (template:Resource {id: copy.template_source_id}) RETURN copy.id, template.id LIMIT 10",
];

async fn connect(address: &str, database: Option<&str>, monitor: &Monitor) -> Result<Neo4jGraph> {
    let mut builder = Neo4jGraph::builder(address).monitor(monitor.clone());
    let (user, password) = (variable("NEO4J_USER"), variable("NEO4J_PASSWORD"));
    // Credentials in the address are nearer to hand than those in the environment.
    if !address.contains('@') && (user.is_some() || password.is_some()) {
        let user = user.unwrap_or_else(|| "neo4j".to_owned());
        builder = builder.user(user, password.unwrap_or_default());
    }
    if let Some(name) = database {
        builder = builder.database(name);
    }
    builder.connect().await
}

/// A variable of the environment, where it is set to something.
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}
