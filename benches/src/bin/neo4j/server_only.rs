//! What the server does alone: it makes the nodes itself, out of a range of numbers.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use atg_benches::neo4j_server::Server;
use neo4rs::{Graph, query};

use crate::Outcome;
use crate::contestant::{Contestant, Label, Phase, Role, Schema};
use crate::data::Rows;
use crate::options::Options;
use crate::verify::columns;

struct ServerOnly {
    graph: Graph,
    label: Label,
    schema: Schema,
    rows: Arc<Rows>,
}

/// For each number of rows; and once under the schema of the sink, to see what its indexes cost.
pub(crate) fn all(
    server: &Server,
    rows: &Arc<Rows>,
    options: &Options,
) -> Vec<Box<dyn Contestant>> {
    let one = |name, role, batch, schema| -> Box<dyn Contestant> {
        let label = Label::new(name, role, batch, 1);
        Box::new(ServerOnly { graph: server.graph.clone(), label, schema, rows: rows.clone() })
    };
    let mut batches = options.rows.iter().map(|batch| batch.get());
    let mut all: Vec<_> = batches
        .clone()
        .map(|batch| one("server only", Role::ServerOnly, batch, Schema::Plain))
        .collect();
    let name = "server only, the sink's indexes";
    all.extend(batches.next_back().map(|batch| one(name, Role::Aside, batch, Schema::Ours)));
    all
}

#[async_trait]
impl Contestant for ServerOnly {
    fn label(&self) -> Label {
        self.label.clone()
    }

    fn schema(&self) -> Schema {
        self.schema
    }

    async fn prepare(&mut self) -> Outcome {
        Ok(())
    }

    /// Nodes of the same size, in one call: the server itself begins a transaction for each so
    /// many rows, and no client's pauses are between them.
    async fn load(&mut self, phase: Phase) -> Outcome<Option<Duration>> {
        let (Phase::Nodes, Some(sample)) = (phase, self.rows.nodes.first()) else {
            return Ok(None);
        };
        let columns = columns(sample);
        let properties: Vec<String> =
            columns.iter().map(|(name, _)| format!("{name}: {}", value(name))).collect();
        let statement = format!(
            "UNWIND range(0, $last) AS i CALL (i) {{ CREATE (n:Resource {{{}}}) }} \
             IN TRANSACTIONS OF {} ROWS",
            properties.join(", "),
            self.label.rows[0]
        );
        let mut query = query(&statement).param("last", i64::try_from(self.rows.nodes.len())? - 1);
        for (name, text) in columns {
            query = query.param(name, text.trim_end_matches(|c: char| c.is_ascii_digit()));
        }
        let begun = Instant::now();
        self.graph.run(query).await?;
        Ok(Some(begun.elapsed()))
    }
}

/// The expression for a property: what differs from node to node ends in the node's number.
fn value(name: &str) -> String {
    if matches!(name, "id" | "name") { format!("${name} + i") } else { format!("${name}") }
}
