//! Writing a batch of copies, and counting what the store made of it.

use atg_core::{
    BatchResult, Error, ErrorKind, GraphSink, Node, Relationship, RelationshipSet, Result,
};

/// A relationship, and which of its ends it is written under.
pub(super) struct Owned {
    pub(super) relationship: Relationship,
    pub(super) by_source: bool,
}

/// What a write stored, and how it ended.
#[derive(Debug)]
pub(super) struct Stored {
    pub(super) rows: u64,
    pub(super) result: BatchResult,
}

pub(super) async fn write_nodes<S: GraphSink>(sink: S, nodes: Vec<Node>) -> Result<Stored> {
    let outcome = sink.upsert_nodes(&nodes).await?;
    if let Some(row) = outcome.rejected.first() {
        let id = nodes.get(row.index).map_or("?", |node| node.id.as_str());
        return Err(refused(ErrorKind::InvalidData, &format!("the node {id}: {}", row.why)));
    }
    let rows = outcome.created + outcome.updated + outcome.unchanged;
    Ok(Stored { rows, result: outcome.result() })
}

pub(super) async fn write_relationships<S: GraphSink>(sink: S, rows: Vec<Owned>) -> Result<Stored> {
    let sets = sets_of(rows);
    let outcome = sink.upsert_relationships(&sets).await?;
    let shown = |set: usize, inner: usize| {
        let one = sets.get(set).and_then(|set| set.relationships.get(inner));
        one.map_or_else(String::new, |one| {
            format!("{} -{}-> {}", one.source, one.relation, one.target)
        })
    };
    if let Some(row) = outcome.rejected.first() {
        let what = shown(row.index, row.inner);
        return Err(refused(
            ErrorKind::InvalidData,
            &format!("the relationship {what}: {}", row.why),
        ));
    }
    if let Some(row) = outcome.missing.first() {
        let what = shown(row.set, row.relationship);
        return Err(refused(
            ErrorKind::Conflict,
            &format!("the relationship {what}: an end is gone; the graph was changed meanwhile"),
        ));
    }
    let rows = outcome.created + outcome.updated + outcome.unchanged;
    Ok(Stored { rows, result: outcome.result() })
}

fn refused(kind: ErrorKind, what: &str) -> Error {
    Error::new(kind, "scale graph", format!("the store did not take {what}"))
}

/// Groups neighbours with one owner. The sets add: what the copies' owners name is not known
/// before the whole template was read.
fn sets_of(rows: Vec<Owned>) -> Vec<RelationshipSet> {
    let mut sets: Vec<RelationshipSet> = Vec::new();
    for Owned { relationship, by_source } in rows {
        let owner = if by_source { &relationship.source } else { &relationship.target };
        match sets.last_mut() {
            Some(set) if set.owner == *owner => set.relationships.push(relationship),
            _ => sets.push(RelationshipSet::addition(owner.clone(), vec![relationship])),
        }
    }
    sets
}
