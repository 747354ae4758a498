//! [`Earlier`]: what an earlier run of the same operation left in the graph.

use std::collections::HashSet;

use atg_core::{GraphReader, Node, NodeFilter, RelationshipFilter, Result, Text};
use foldhash::fast::RandomState;
use futures::TryStreamExt;
use xxhash_rust::xxh3::xxh3_64;

use super::origins::{Origins, Part, Shown};
use super::template::{Home, Template, subscription_of};

type Hashes = HashSet<u64, RandomState>;

/// What an earlier run left; nothing where there was none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Earlier {
    /// Copies that were begun.
    pub(super) copies: u64,
    /// Their nodes.
    pub(super) nodes: u64,
    /// Their relationships.
    pub(super) relationships: u64,
}

impl Earlier {
    /// What an earlier run of an operation left; `None` where some of it is no part of a copy of
    /// the present template, so that writing the copies again would not make them whole.
    ///
    /// `lost` is how many copies a run may have left out below its last, as batches that were lost.
    pub(super) async fn of<R: GraphReader>(
        reader: &R,
        template: &Template,
        operation: &Text,
        lost: usize,
    ) -> Result<Option<Self>> {
        let Some((nodes, subscriptions)) = own(reader, operation).await? else { return Ok(None) };
        if nodes == 0 {
            return Ok(Some(Self::default()));
        }
        let Some(copies) = copies(template, operation, &subscriptions, lost) else {
            return Ok(None);
        };
        let origins = Origins::new(template, operation, copies);
        if !nodes_fit(reader, template, &origins, operation).await? {
            return Ok(None);
        }
        let relationships = relationships_that_fit(reader, &origins).await?;
        Ok(relationships.map(|relationships| Self { copies, nodes, relationships }))
    }
}

fn own_filter(operation: &Text) -> NodeFilter {
    NodeFilter { scale_operation_id: Some(operation.clone()), ..NodeFilter::default() }
}

/// How many nodes an operation made, and the subscriptions they live in; `None` where one lives
/// in none.
async fn own<R: GraphReader>(
    reader: &R,
    operation: &Text,
) -> Result<Option<(u64, HashSet<Text, RandomState>)>> {
    let (mut count, mut subscriptions) = (0, HashSet::default());
    let mut nodes = reader.nodes(own_filter(operation), None);
    while let Some(node) = nodes.try_next().await? {
        let Some(subscription) = subscription_of(&node.id) else { return Ok(None) };
        if !subscriptions.contains(subscription) {
            subscriptions.insert(Text::from(subscription));
        }
        count += 1;
    }
    Ok(Some((count, subscriptions)))
}

/// The number of copies that these subscriptions belong to; `None` where one belongs to none.
fn copies(
    template: &Template,
    operation: &str,
    own: &HashSet<Text, RandomState>,
    lost: usize,
) -> Option<u64> {
    let mut missing = own.len();
    // Each copy that is there has one of them at least.
    let most = own.len().saturating_add(lost);
    for copy in 0..u64::try_from(most).ok()? {
        let ids = template.subscriptions.of_copy(operation, copy);
        missing -= ids.iter().filter(|id| own.contains(id.as_str())).count().min(missing);
        if missing == 0 {
            return Some(copy + 1);
        }
    }
    None
}

/// Whether every node that the operation made is a copy of a node that the template has.
async fn nodes_fit<R: GraphReader>(
    reader: &R,
    template: &Template,
    origins: &Origins<'_>,
    operation: &Text,
) -> Result<bool> {
    let (mut there, mut wanted) = (Hashes::default(), Hashes::default());
    let mut nodes = reader.nodes(NodeFilter::default(), None);
    while let Some(node) = nodes.try_next().await? {
        if is_template_node(&node, template) {
            there.insert(xxh3_64(node.id.key().as_bytes()));
        } else if node.scale_operation_id == *operation {
            let Some((_, origin)) = origins.of_node(&node) else { return Ok(false) };
            wanted.insert(xxh3_64(origin.as_bytes()));
        }
    }
    Ok(wanted.is_subset(&there))
}

fn is_template_node(node: &Node, template: &Template) -> bool {
    !node.synthetic && template.home(&node.id) == Home::Template
}

/// How many relationships the copies have; `None` where one is no copy of one that the template
/// has, or has a claim which that has not.
async fn relationships_that_fit<R: GraphReader>(
    reader: &R,
    origins: &Origins<'_>,
) -> Result<Option<u64>> {
    let (mut there, mut wanted, mut count) = (Hashes::default(), Hashes::default(), 0);
    let mut relationships = reader.relationships(RelationshipFilter::default(), None);
    while let Some(one) = relationships.try_next().await? {
        match origins.part(&one) {
            Part::Template(shown) => there.extend(claims(&shown)),
            Part::Copy(_, shown) => {
                wanted.extend(claims(&shown));
                count += 1;
            }
            Part::Astray => return Ok(None),
            Part::Other => {}
        }
    }
    Ok(wanted.is_subset(&there).then_some(count))
}

/// A hash for each claim: a store adds claims up.
fn claims(shown: &Shown) -> impl Iterator<Item = u64> {
    let (hash, claims) = (xxh3_64(shown.identity.as_bytes()), shown.claims);
    [1, 2]
        .into_iter()
        .filter(move |claim| claims & claim != 0)
        .map(move |claim| hash.wrapping_add(u64::from(claim)))
}
