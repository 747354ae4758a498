//! A loader by neo4rs as its manual shows: UNWIND of maps, `Graph::run`, one after the other.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use atg_benches::neo4j_server::Server;
use neo4rs::{BoltType, Graph, query};

use crate::Outcome;
use crate::contestant::{Contestant, Label, Phase, Role, Schema};
use crate::data::Rows;
use crate::verify::{columns, weight};

/// Rows a transaction.
pub(crate) const BATCH: usize = 1_000;

const NODES: &str = "UNWIND $rows AS row MERGE (n:Resource {id: row.id}) SET n += row";

type Row = HashMap<String, BoltType>;

struct PlainNeo4rs {
    graph: Graph,
    nodes: Vec<Row>,
    /// By type, for a statement cannot take the type as a parameter.
    relationships: BTreeMap<String, Vec<Row>>,
}

pub(crate) fn all(server: &Server, rows: &Rows) -> Vec<Box<dyn Contestant>> {
    let nodes = rows.nodes.iter().map(|node| {
        columns(node).into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
    });
    let mut relationships: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for one in &rows.relationships {
        let row = Row::from([
            ("source".to_owned(), (&**one.source.key()).into()),
            ("target".to_owned(), (&**one.target.key()).into()),
            ("weight".to_owned(), weight(one).into()),
        ]);
        relationships.entry(one.relation.to_string()).or_default().push(row);
    }
    let graph = server.graph.clone();
    vec![Box::new(PlainNeo4rs { graph, nodes: nodes.collect(), relationships })]
}

impl PlainNeo4rs {
    async fn write(&self, statement: &str, rows: &[Row]) -> Outcome {
        for batch in rows.chunks(BATCH) {
            self.graph.run(query(statement).param("rows", batch.to_vec())).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Contestant for PlainNeo4rs {
    fn label(&self) -> Label {
        Label::new("neo4rs, plain", Role::Peer, BATCH, 1)
    }

    fn schema(&self) -> Schema {
        Schema::Plain
    }

    async fn prepare(&mut self) -> Outcome {
        Ok(())
    }

    async fn load(&mut self, phase: Phase) -> Outcome<Option<Duration>> {
        let begun = Instant::now();
        if phase.of_nodes() {
            self.write(NODES, &self.nodes).await?;
        } else {
            for (relation, rows) in &self.relationships {
                let statement = format!(
                    "UNWIND $rows AS row MATCH (a:Resource {{id: row.source}}) \
                     MATCH (b:Resource {{id: row.target}}) \
                     MERGE (a)-[r:{relation}]->(b) SET r.weight = row.weight"
                );
                self.write(&statement, rows).await?;
            }
        }
        Ok(Some(begun.elapsed()))
    }
}
