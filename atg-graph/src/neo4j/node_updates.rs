//! Making nodes that are there what they are to be.

use std::collections::HashMap;

use serde::Deserialize;

use super::errors::{Failure, Try};
use super::names;
use super::node_rows::{self, COLUMN_NAMES, Group, NodeRow};
use super::statements::{self, NodeChange};
use super::transaction::Transaction;
use super::values;

#[derive(Deserialize)]
struct Present {
    place: usize,
    labels: Vec<String>,
    keys: Vec<String>,
}

/// Updates the nodes at these places, which are there, under their locks.
pub(super) async fn update(
    transaction: &mut Transaction,
    rows: &[NodeRow<'_>],
    places: &[usize],
) -> Try<()> {
    if places.is_empty() {
        return Ok(());
    }
    let keys = || {
        let rows = places.iter().filter_map(|place| Some((*place, rows.get(*place)?)));
        rows.map(|(place, row)| {
            values::row(vec![values::text(row.node.id.key()), values::place(place)])
        })
        .collect()
    };
    transaction.run(statements::LOCK_NODES, keys()).await?;
    let present: Vec<Present> = transaction.read(statements::LABELS_AND_KEYS, keys()).await?;
    if present.len() != places.len() {
        return Err(Failure::overtaken("a node was deleted meanwhile"));
    }
    for (stale, places) in by_staleness(rows, &present) {
        for group in node_rows::groups(rows, places.into_iter()) {
            let group = group.with_all_columns();
            let statement = update_statement(&group, &stale);
            transaction.run(&statement, group.encode(rows)).await?;
        }
    }
    Ok(())
}

/// The nodes by what an update has to take away from them.
fn by_staleness(rows: &[NodeRow<'_>], present: &[Present]) -> HashMap<Stale, Vec<usize>> {
    let mut by_staleness: HashMap<Stale, Vec<usize>> = HashMap::new();
    for one in present {
        if let Some(row) = rows.get(one.place) {
            by_staleness.entry(stale(row, one)).or_default().push(one.place);
        }
    }
    by_staleness
}

fn update_statement(group: &Group, stale: &Stale) -> String {
    let quoted: Vec<String> = stale.labels.iter().map(|label| names::quoted(label)).collect();
    let change = NodeChange {
        labels: &node_rows::label_text(&group.labels),
        stale_labels: &quoted.join(":"),
        stale_properties: &stale.properties,
        resource: node_rows::is_resource(&group.labels),
    };
    // The key comes first in a row, and is not set.
    statements::update_nodes(&change, group.properties().get(1..).unwrap_or_default())
}

/// What a stored node has and the one to be written has not.
#[derive(Debug, PartialEq, Eq, Hash)]
struct Stale {
    labels: Vec<String>,
    properties: Vec<String>,
}

fn stale(row: &NodeRow<'_>, present: &Present) -> Stale {
    let node = row.node;
    let wanted_label = |label: &&String| {
        label.as_str() == atg_core::RESOURCE_LABEL
            || node.labels.iter().any(|own| own.as_str() == label.as_str())
    };
    let wanted = node_rows::custom_names(node);
    let kept =
        ["id", "spelled_id", "is_resource", "synthetic", "content_hash", "relationships_hash"];
    let wanted_property = |name: &&String| {
        kept.contains(&name.as_str())
            || COLUMN_NAMES.contains(&name.as_str())
            || wanted.contains(name)
    };
    let mut labels: Vec<String> =
        present.labels.iter().filter(|label| !wanted_label(label)).cloned().collect();
    let mut properties: Vec<String> =
        present.keys.iter().filter(|name| !wanted_property(name)).cloned().collect();
    labels.sort_unstable();
    properties.sort_unstable();
    Stale { labels, properties }
}
