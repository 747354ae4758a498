//! The end of a scan: relationships that waited for a node go out; what never came becomes a
//! node labelled `Unresolved`.

use std::collections::HashSet;

use super::map::unresolved_node;
use super::missing::missing_part;
use super::pending::Pending;
use super::run::Run;
use crate::{
    BatchContext, BatchKind, Endpoint, GraphSink, Node, RelationshipOutcome, RelationshipSet,
    ResourceId, ResourceSource, Result, Skipped,
};

/// Sets by which the size of a row is told.
const SAMPLE: usize = 64;

/// Sends everything that waits, batch by batch.
pub(super) async fn resolve<S, G>(run: &mut Run<'_, S, G>) -> Result<()>
where
    S: ResourceSource + 'static,
    G: GraphSink + 'static,
{
    let mut waiting = std::mem::replace(&mut run.pending, Pending::new(0)).drain()?;
    while let Some(mut sets) = waiting.next_block()? {
        while !sets.is_empty() {
            if run.pipeline.cancel.is_cancelled() {
                run.report.cancelled = true;
                return Ok(());
            }
            let rest = sets.split_off(sets_in_a_batch(run, &sets));
            write(run, &sets).await?;
            sets = rest;
            run.observe();
        }
    }
    Ok(())
}

/// How many of these sets the next batch may hold; at least one.
fn sets_in_a_batch<S, G>(run: &Run<'_, S, G>, sets: &[RelationshipSet]) -> usize
where
    S: ResourceSource + 'static,
    G: GraphSink + 'static,
{
    let sample = sets.iter().take(SAMPLE);
    let (rows, bytes) = sample.fold((0, 0), |(rows, bytes), set| {
        (rows + set.relationships.len(), bytes + RelationshipSet::size(set))
    });
    let size = run.pipeline.sizer().next_size(&BatchContext {
        kind: BatchKind::Relationships,
        rows_remaining: None,
        rows_done: run.report.relationships_written,
        parallelism: 1,
        bytes_per_row: bytes / rows.max(1),
    });
    let mut rows = 0;
    let fitting = sets.iter().take_while(|set| {
        rows += set.relationships.len();
        rows <= size
    });
    fitting.count().max(1)
}

async fn write<S, G>(run: &mut Run<'_, S, G>, sets: &[RelationshipSet]) -> Result<()>
where
    S: ResourceSource + 'static,
    G: GraphSink + 'static,
{
    let outcome = run.write_sets(sets).await?;
    if outcome.missing.is_empty() {
        return Ok(());
    }
    make_placeholders(run, sets, &outcome).await?;
    let parts = missing_part(sets, &outcome);
    let outcome = run.write_sets(&parts).await?;
    run.skip(outcome.missing.iter().filter_map(|missing| {
        let set = parts.get(missing.set)?;
        let one = set.relationships.get(missing.relationship)?;
        Some(Skipped {
            id: set.owner.spelled().detached(),
            why: format!("relationship {} to {}: no node could be made", one.relation, one.target)
                .into(),
        })
    }));
    Ok(())
}

async fn make_placeholders<S, G>(
    run: &mut Run<'_, S, G>,
    sets: &[RelationshipSet],
    outcome: &RelationshipOutcome,
) -> Result<()>
where
    S: ResourceSource + 'static,
    G: GraphSink + 'static,
{
    let mut distinct = HashSet::new();
    let nodes: Vec<Node> = missing_ids(sets, outcome)
        .filter(|id| distinct.insert(id.key().clone()))
        .map(unresolved_node)
        .collect();
    let outcome = run.pipeline.sink.upsert_nodes(&nodes).await?;
    run.count_nodes(&outcome, |row| nodes.get(row.index).map(|node| node.id.spelled().clone()));
    run.report.unresolved += outcome.created;
    Ok(())
}

fn missing_ids<'a>(
    sets: &'a [RelationshipSet],
    outcome: &'a RelationshipOutcome,
) -> impl Iterator<Item = &'a ResourceId> {
    outcome.missing.iter().filter_map(|missing| {
        let one = sets.get(missing.set)?.relationships.get(missing.relationship)?;
        Some(match missing.endpoint {
            Endpoint::Source => &one.source,
            Endpoint::Target => &one.target,
        })
    })
}
