//! Checking a graph: [`validate_graph`] for any, [`validate`] after a scale-up.

mod copies;
mod graph;

use atg_core::{
    Error, ErrorKind, GraphReader, Node, NodeFilter, Relationship, RelationshipFilter, Result,
};
use futures::TryStreamExt;
use serde::{Deserialize, Serialize};

use self::copies::CopyChecks;
use self::graph::{GraphChecks, Keys};
use super::report::ScaleReport;
use super::template::Template;

/// What checking a graph found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validation {
    /// Whether every check passed.
    pub passed: bool,
    /// The checks, in a fixed order.
    pub checks: Vec<Check>,
}

/// One check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// What must hold: a name that stays the same from run to run.
    pub name: String,
    /// Whether it holds.
    pub passed: bool,
    /// The figures, and the first that does not fit.
    pub detail: String,
}

impl Check {
    fn new(name: &str, passed: bool, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), passed, detail: detail.into() }
    }
}

impl From<Vec<Check>> for Validation {
    fn from(checks: Vec<Check>) -> Self {
        Self { passed: checks.iter().all(|check| check.passed), checks }
    }
}

/// Counts what does not fit, and remembers the first.
#[derive(Debug, Default)]
struct Misfits {
    count: u64,
    first: Option<String>,
}

impl Misfits {
    fn add(&mut self, what: impl FnOnce() -> String) {
        self.count += 1;
        self.first.get_or_insert_with(what);
    }

    fn into_check(self, name: &str, of: &str) -> Check {
        let detail = match self.first {
            None => of.to_owned(),
            Some(first) => format!("{of}; {} do not fit, the first: {first}", self.count),
        };
        Check::new(name, self.count == 0, detail)
    }
}

/// Takes part in a reading of the whole graph.
trait Inspect: Send {
    fn node(&mut self, node: &Node);
    fn relationship(&mut self, relationship: &Relationship);
}

async fn inspect<R: GraphReader>(reader: &R, checks: &mut [&mut dyn Inspect]) -> Result<()> {
    let mut nodes = reader.nodes(NodeFilter::default(), None);
    while let Some(node) = nodes.try_next().await? {
        for check in &mut *checks {
            check.node(&node);
        }
    }
    let mut relationships = reader.relationships(RelationshipFilter::default(), None);
    while let Some(one) = relationships.try_next().await? {
        for check in &mut *checks {
            check.relationship(&one);
        }
    }
    Ok(())
}

/// Checks any graph: no node twice, every relationship's ends there, every node labelled, the
/// counts those of what is read. Memory: some 20 bytes a node. Nobody may write meanwhile.
///
/// # Errors
/// Where the store fails; what does not fit is no error, but a check that did not pass.
pub async fn validate_graph<R: GraphReader>(reader: &R) -> Result<Validation> {
    let keys = Keys::read(reader).await?;
    let mut graph = GraphChecks::new(&keys);
    inspect(reader, &mut [&mut graph]).await?;
    Ok(graph.finish(&reader.counts().await?).into())
}

/// Checks a graph after a scale-up: all of [`validate_graph`], and that the copies are exactly
/// those of the template, marked, complete, and without a reference into the template.
///
/// # Errors
/// As [`validate_graph`], and `InvalidInput` for a report of more copies than the graph has
/// nodes, which is none of this graph.
pub async fn validate<R: GraphReader>(reader: &R, report: &ScaleReport) -> Result<Validation> {
    let nodes = reader.counts().await?.nodes;
    if report.copies > nodes {
        let problem = format!(
            "the report tells of {} copies, and the graph has {nodes} nodes: it is another graph's",
            report.copies
        );
        return Err(Error::new(ErrorKind::InvalidInput, "validate graph", problem));
    }
    let keys = Keys::read(reader).await?;
    let template = Template::survey(reader).await?;
    let mut graph = GraphChecks::new(&keys);
    let mut copies = CopyChecks::new(report, &template, &keys);
    inspect(reader, &mut [&mut graph, &mut copies]).await?;
    let counts = reader.counts().await?;
    let mut checks = graph.finish(&counts);
    checks.extend(copies.finish(&counts));
    Ok(checks.into())
}
