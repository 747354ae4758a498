//! The sink, with complete sets: one for each source.

use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use atg_benches::neo4j_server::open_sink;
use atg_core::{GraphSink, Relationship, RelationshipSet, SinkProfile};
use atg_graph::neo4j::Neo4jGraph;
use futures::{StreamExt, TryStreamExt, stream};

use crate::Outcome;
use crate::contestant::{Contestant, Label, Phase, Role, Schema};
use crate::data::Rows;
use crate::options::Options;

struct Ours {
    uri: String,
    label: Label,
    rows: Arc<Rows>,
    graph: Neo4jGraph,
    /// What the batches hold, as ranges of the nodes and of the sets.
    batches: [Vec<Range<usize>>; 2],
}

/// The sink at every point of the grid, and as its profile says.
pub(crate) async fn all(rows: &Arc<Rows>, options: &Options) -> Outcome<Vec<Box<dyn Contestant>>> {
    let graph = open_sink(&options.uri).await?;
    let mut labels = vec![of_profile(graph.profile())];
    for rows in &options.rows {
        let at = |writers: usize| Label::new("sink", Role::Grid, rows.get(), writers);
        labels.extend(options.writers.iter().map(|writers| at(writers.get())));
    }
    let one = |label: Label| -> Box<dyn Contestant> {
        let batches = [node_batches(rows, label.rows[0]), set_batches(rows, label.rows[1])];
        let (uri, rows, graph) = (options.uri.clone(), rows.clone(), graph.clone());
        Box::new(Ours { uri, label, rows, graph, batches })
    };
    Ok(labels.into_iter().map(one).collect())
}

fn of_profile(profile: SinkProfile) -> Label {
    Label {
        name: "sink, its own profile",
        role: Role::Ours,
        rows: [profile.node_rows, profile.relationship_rows],
        writers: [profile.node_writers, profile.relationship_writers],
    }
}

fn node_batches(rows: &Rows, size: usize) -> Vec<Range<usize>> {
    let starts = (0..rows.nodes.len()).step_by(size);
    starts.map(|start| start..rows.nodes.len().min(start + size)).collect()
}

/// Whole sets, until so many relationships are together.
fn set_batches(rows: &Rows, size: usize) -> Vec<Range<usize>> {
    let (mut batches, mut start, mut held) = (Vec::new(), 0, 0);
    for (place, set) in rows.sets.iter().enumerate() {
        held += set.relationships.len();
        if held >= size || place + 1 == rows.sets.len() {
            batches.push(start..place + 1);
            (start, held) = (place + 1, 0);
        }
    }
    batches
}

impl Ours {
    /// Nodes or relationships: each batch by a task of its own, so many at once.
    async fn write(&self, phase: Phase) -> Outcome {
        let part = usize::from(!phase.of_nodes());
        let batches = self.batches[part].clone();
        let write = |batch: Range<usize>| {
            let (graph, rows) = (self.graph.clone(), self.rows.clone());
            async move {
                tokio::spawn(async move {
                    if phase.of_nodes() {
                        write_nodes(&graph, &rows, batch, phase).await
                    } else {
                        write_sets(&graph, &rows, batch, phase).await
                    }
                })
                .await?
            }
        };
        let in_flight = stream::iter(batches).map(write).buffer_unordered(self.label.writers[part]);
        in_flight.try_collect().await
    }

    /// Writes one relationship of each type and deletes it: what the sink makes at the first use
    /// of a type is schema, and no contestant's schema is timed.
    async fn use_types(&self) -> Outcome {
        let mut samples: Vec<Relationship> = Vec::new();
        for one in &self.rows.relationships {
            if samples.iter().all(|sample| sample.relation != one.relation) {
                samples.push(one.clone());
            }
        }
        for one in samples {
            let ends = [one.source.clone(), one.target.clone()];
            let nodes = self.rows.nodes.iter().filter(|node| ends.contains(&node.id));
            self.graph.upsert_nodes(&nodes.cloned().collect::<Vec<_>>()).await?;
            let set = RelationshipSet::complete(one.source.clone(), vec![one]);
            self.graph.upsert_relationships(&[set]).await?;
            self.graph.delete(&ends).await?;
        }
        Ok(())
    }
}

/// Fails where the sink did not count what the phase must do.
fn check(phase: Phase, rows: usize, created: u64, unchanged: u64) -> Outcome {
    let counted = if phase.again() { unchanged } else { created };
    if counted == rows as u64 {
        return Ok(());
    }
    Err(format!("{rows} rows in {phase:?}: {created} created, {unchanged} unchanged").into())
}

async fn write_nodes(
    graph: &Neo4jGraph,
    rows: &Rows,
    batch: Range<usize>,
    phase: Phase,
) -> Outcome {
    let nodes = rows.nodes.get(batch).unwrap_or_default();
    let done = graph.upsert_nodes(nodes).await?;
    check(phase, nodes.len(), done.created, done.unchanged)
}

async fn write_sets(graph: &Neo4jGraph, rows: &Rows, batch: Range<usize>, phase: Phase) -> Outcome {
    let sets = rows.sets.get(batch).unwrap_or_default();
    let done = graph.upsert_relationships(sets).await?;
    let count = sets.iter().map(|set| set.relationships.len()).sum();
    check(phase, count, done.created, done.unchanged)
}

#[async_trait]
impl Contestant for Ours {
    fn label(&self) -> Label {
        self.label.clone()
    }

    fn schema(&self) -> Schema {
        Schema::Ours
    }

    async fn prepare(&mut self) -> Outcome {
        self.graph = open_sink(&self.uri).await?;
        self.use_types().await
    }

    fn deadlocks(&self) -> Option<u64> {
        Some(self.graph.retries().deadlocks)
    }

    async fn load(&mut self, phase: Phase) -> Outcome<Option<Duration>> {
        let begun = Instant::now();
        self.write(phase).await?;
        Ok(Some(begun.elapsed()))
    }
}
