//! Creating relationships that are not stored, between nodes that are.

use std::collections::{BTreeMap, HashMap};

use atg_core::Text;
use neo4rs::BoltType;
use serde::Deserialize;

use super::errors::{Failure, Try};
use super::ledger::Change;
use super::names;
use super::node_numbers::{NodeNumber, NodeNumbers};
use super::sets::{Identity, Row};
use super::statements::{self, Naming};
use super::transaction::Transaction;
use super::values;

/// Which relationships have an end that is not there: source, target.
type Missing = HashMap<Identity, [bool; 2], foldhash::fast::RandomState>;

/// Relationships to create by one statement each: by the type, the names of properties, and how
/// ends are named.
type Shapes<'a> = BTreeMap<(&'a Text, Vec<&'a Text>, Naming), Vec<Creation<'a>>>;

/// A relationship to create, with the numbers of its source and target where both are known.
struct Creation<'a> {
    change: &'a Change<'a>,
    row: &'a Row<'a>,
    numbers: Option<[NodeNumber; 2]>,
}

/// Creates the relationships that are not stored, but for those with an end that is not there,
/// which it gives back.
pub(super) async fn create<'a>(
    transaction: &mut Transaction,
    numbers: &NodeNumbers,
    changes: impl IntoIterator<Item = &'a Change<'a>>,
) -> Try<Missing> {
    let mut missing = Missing::default();
    for ((relation, names, naming), creations) in shapes(numbers, changes) {
        let names: Vec<_> =
            names.into_iter().map(|name| names::relationship_property(name)).collect();
        let names: Vec<&str> = names.iter().map(|name| &**name).collect();
        let statement = statements::create_relationships(relation, &names, naming);
        let counters = transaction.run(&statement, rows(&creations)).await?;
        let created = usize::try_from(counters.relationships_created).unwrap_or(0);
        if created < creations.len() {
            let found = find_missing(transaction, &creations).await?;
            if created + found.len() != creations.len() {
                numbers.forget(creations.iter().flat_map(Creation::ends));
                return Err(Failure::overtaken("a node came, went or changed meanwhile"));
            }
            missing.extend(found);
        }
    }
    Ok(missing)
}

fn shapes<'a>(
    numbers: &NodeNumbers,
    changes: impl IntoIterator<Item = &'a Change<'a>>,
) -> Shapes<'a> {
    let mut shapes = Shapes::new();
    let known = numbers.look_up();
    for change in changes {
        let (Some(row), Some(after)) = (change.row, &change.after) else { continue };
        let mut creation = Creation { change, row, numbers: None };
        let [source, target] = creation.ends();
        creation.numbers = known.find(source).zip(known.find(target)).map(Into::into);
        let naming = if creation.numbers.is_some() { Naming::Number } else { Naming::Key };
        let names = after.properties.iter().flatten().map(|(name, _)| name).collect();
        let shape = (&change.identity.relation, names, naming);
        shapes.entry(shape).or_default().push(creation);
    }
    shapes
}

impl<'a> Creation<'a> {
    fn ends(&self) -> [&'a Text; 2] {
        let one = self.row.relationship;
        [one.source.key(), one.target.key()]
    }

    /// The columns that name the source or the target.
    fn end(&self, index: usize) -> Vec<BoltType> {
        match self.numbers {
            Some(numbers) => numbers[index].encode().into(),
            None => vec![values::text(self.ends()[index])],
        }
    }

    /// All but the source.
    fn encode(&self) -> BoltType {
        let mut row = self.end(1);
        row.push(values::text(&self.change.identity.key));
        if let Some(after) = &self.change.after {
            row.push(values::claims(after.claims));
            let properties = after.properties.iter().flatten();
            row.extend(properties.map(|(_, value)| values::encode(value)));
        }
        values::row(row)
    }
}

/// Rows of the relationships to create: a source with all of its own. Sources come by key: one
/// order of locks for all writers.
fn rows(creations: &[Creation<'_>]) -> Vec<BoltType> {
    let mut sorted: Vec<(&Text, &Creation<'_>)> =
        creations.iter().map(|creation| (creation.ends()[0], creation)).collect();
    sorted.sort_by_key(|(source, _)| *source);
    let row = |of_source: &[(&Text, &Creation<'_>)]| {
        let (_, first) = of_source.first()?;
        let mut row = first.end(0);
        row.push(values::row(of_source.iter().map(|(_, creation)| creation.encode()).collect()));
        Some(values::row(row))
    };
    sorted.chunk_by(|(one, _), (other, _)| one == other).filter_map(row).collect()
}

#[derive(Deserialize)]
struct MissingEnds {
    place: usize,
    no_source: bool,
    no_target: bool,
}

/// Seeks by key what has an end that is not there.
async fn find_missing(transaction: &mut Transaction, creations: &[Creation<'_>]) -> Try<Missing> {
    let encoded = creations.iter().enumerate().map(|(place, creation)| {
        let [source, target] = creation.ends().map(|end| values::text(end));
        values::row(vec![source, target, values::place(place)])
    });
    let found: Vec<MissingEnds> =
        transaction.read(statements::MISSING_ENDS, encoded.collect()).await?;
    let named = found.into_iter().filter_map(|one| {
        let identity = creations.get(one.place)?.change.identity.clone();
        Some((identity, [one.no_source, one.no_target]))
    });
    Ok(named.collect())
}
