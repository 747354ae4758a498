//! Random operations: the store and the in-memory graph must end alike and say alike.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::TryStreamExt as _;

use crate::conformance::graph::{dump, fill, random_value};
use crate::conformance::random::Random;
use crate::conformance::sample::{Graph, id, node};
use crate::conformance::suite::{Broken, Outcome, Suite, equal};
use crate::memory::MemoryGraph;
use crate::{
    GraphReader, GraphSink as _, Known, NamedBy, Node, NodeOutcome, Relationship,
    RelationshipOutcome, RelationshipSet, ResourceId, SetMode, Text,
};

pub(super) async fn run<G: Graph>(suite: &mut Suite<'_, G>) {
    suite.check("random_operations_match_the_model", matches_the_model).await;
}

/// Nodes that the operations are about.
const NODES: usize = 24;
/// Operations in all.
const OPERATIONS: usize = 400;

async fn matches_the_model<G: Graph>(graph: Arc<G>) -> Outcome {
    let model = MemoryGraph::new();
    let mut random = Random::new(4);
    let mut history = Vec::new();
    for number in 0..OPERATIONS {
        let operation = Operation::random(&mut random, &history);
        let step = async {
            operation.compare(graph.as_ref(), &model).await?;
            same_graph(graph.as_ref(), &model).await
        };
        step.await.map_err(|Broken(why)| {
            Broken(format!("operation {number}, {}: {why}", operation.name()))
        })?;
        if let Operation::Sets(sets) = operation {
            history.extend(sets);
        }
    }
    Ok(())
}

/// One call.
enum Operation {
    Nodes(Vec<Node>),
    Sets(Vec<RelationshipSet>),
    Delete(Vec<ResourceId>),
}

impl Operation {
    fn random(random: &mut Random, history: &[RelationshipSet]) -> Self {
        match random.below(10) {
            0..3 => Self::Nodes(random_rows(random)),
            3 => Self::Delete(random_ids(random, 2)),
            // A set that was written before, which the store may know by its hash.
            4 | 5 => Self::Sets(random.pick(history).cloned().into_iter().collect()),
            6 | 7 => Self::Sets(random_sets(random, 1, SetMode::Replace)),
            8 => Self::Sets(random_sets(random, 4, SetMode::Add)),
            _ => Self::Sets(random_sets(random, 4, SetMode::Replace)),
        }
    }

    fn name(&self) -> &'static str {
        match self {
            Self::Nodes(_) => "upsert nodes",
            Self::Sets(_) => "upsert relationships",
            Self::Delete(_) => "delete",
        }
    }

    /// Does it to both and compares what they say.
    async fn compare<G: Graph>(&self, graph: &G, model: &MemoryGraph) -> Outcome {
        match self {
            Self::Nodes(rows) => {
                let (got, expected) = (graph.upsert_nodes(rows), model.upsert_nodes(rows));
                equal("the outcome", &of_nodes(&got.await?), &of_nodes(&expected.await?))
            }
            Self::Sets(sets) => {
                let got = graph.upsert_relationships(sets).await?;
                let expected = model.upsert_relationships(sets).await?;
                let shape = if sets.len() > 1 && sets.iter().any(replaces) { net } else { exact };
                equal("the outcome", &shape(&got), &shape(&expected))
            }
            Self::Delete(ids) => {
                let (got, expected) = (graph.delete(ids), model.delete(ids));
                equal("the outcome", &got.await?, &expected.await?)
            }
        }
    }
}

fn replaces(set: &RelationshipSet) -> bool {
    set.mode == SetMode::Replace
}

/// Counts, then the places of rows left out.
type Facts = (Vec<i128>, BTreeSet<(usize, usize, u8)>);

fn of_nodes(outcome: &NodeOutcome) -> Facts {
    let counts = [outcome.created, outcome.updated, outcome.unchanged].map(i128::from);
    (counts.into(), outcome.rejected.iter().map(|row| (row.index, row.inner, 0)).collect())
}

fn exact(outcome: &RelationshipOutcome) -> Facts {
    let counts = [outcome.created, outcome.updated, outcome.unchanged, outcome.removed];
    (counts.map(i128::from).into(), left_out(outcome))
}

/// What does not depend on the order in which a batch writes and withdraws one relationship for
/// two owners: how many more there are, and how many rows were written.
fn net(outcome: &RelationshipOutcome) -> Facts {
    let [created, updated, unchanged, removed] =
        [outcome.created, outcome.updated, outcome.unchanged, outcome.removed].map(i128::from);
    (vec![created - removed, created + updated + unchanged], left_out(outcome))
}

fn left_out(outcome: &RelationshipOutcome) -> BTreeSet<(usize, usize, u8)> {
    let rejected = outcome.rejected.iter().map(|row| (row.index, row.inner, 0));
    let missing = outcome.missing.iter();
    let missing = missing.map(|one| (one.set, one.relationship, 1 + one.endpoint as u8));
    rejected.chain(missing).collect()
}

async fn same_graph<G: Graph>(graph: &G, model: &MemoryGraph) -> Outcome {
    let (got, expected) = (dump(graph).await?, dump(model).await?);
    if let Some(difference) = got.difference(&expected) {
        return Err(format!("the store (first) and the model (second): {difference}").into());
    }
    equal("known()", &known(graph).await?, &known(model).await?)?;
    equal("counts()", &graph.counts().await?, &model.counts().await?)
}

async fn known<R: GraphReader>(reader: &R) -> Result<Vec<Known>, Broken> {
    let mut known: Vec<Known> = reader.known().try_collect().await?;
    known.sort_by(|one, other| one.key.cmp(&other.key));
    Ok(known)
}

/// The id of the node at a place, in one of two spellings.
fn place_id(random: &mut Random, place: usize) -> ResourceId {
    id(&if random.once_in(4) { format!("N{place}") } else { format!("n{place}") })
}

fn random_ids(random: &mut Random, count: usize) -> Vec<ResourceId> {
    let places = random.distinct(count, NODES);
    places.into_iter().map(|place| place_id(random, place)).collect()
}

/// Rows of few contents, so that unchanged ones come about; some twice, some bad.
fn random_rows(random: &mut Random) -> Vec<Node> {
    let count = 1 + random.below(8);
    let ids = random_ids(random, count);
    let mut rows: Vec<Node> = Vec::new();
    for id in ids {
        let mut row = Node { id, ..node("any") };
        // Two contents in all.
        fill(&mut Random::new(random.below(2) as u64), &mut row);
        if random.once_in(12) {
            row.columns = vec![("x".into(), f64::NAN.into())];
        } else if random.once_in(6) {
            rows.push(Node { kind: "earlier".into(), ..row.clone() });
        }
        rows.push(row);
    }
    rows
}

/// One to `most` sets, each of another owner.
fn random_sets(random: &mut Random, most: usize, mode: SetMode) -> Vec<RelationshipSet> {
    let count = 1 + random.below(most);
    let owners = random.distinct(count, NODES);
    owners.into_iter().map(|owner| random_set(random, owner, mode)).collect()
}

/// What the node at a place names: relationships to a few others, either way round.
fn random_set(random: &mut Random, owner: usize, mode: SetMode) -> RelationshipSet {
    let mut links: Vec<Relationship> = Vec::new();
    let count = random.below(6);
    for other in random.distinct(count, NODES / 2) {
        let (owner, other) = (place_id(random, owner), place_id(random, other));
        let relation = *random.pick(&["USES", "OWNS"]).unwrap_or(&"USES");
        let outgoing = owner == other || random.once_in(2);
        let (source, target) = if outgoing { (owner, other) } else { (other, owner) };
        let mut link = Relationship::new(source, relation, target);
        link.named_by = if outgoing { NamedBy::Source } else { NamedBy::Target };
        if random.once_in(3) {
            link.properties = vec![(Text::from("p"), random_value(random))];
        }
        if random.once_in(20) {
            link.properties = vec![(Text::from("p"), f64::INFINITY.into())];
        }
        links.push(link);
    }
    let owner = place_id(random, owner);
    match mode {
        SetMode::Replace => RelationshipSet::complete(owner, links),
        SetMode::Add => RelationshipSet::addition(owner, links),
    }
}
