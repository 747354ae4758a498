//! Reading nodes, and what is known of them.

use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{Known, Node, NodeFilter, ResourceId, Result, Text};
use futures::stream::{self, BoxStream, StreamExt as _};
use neo4rs::{BoltType, Row};
use serde::Deserialize;

use super::errors::Try;
use super::node_view::{LabelSets, StoredNode};
use super::pages::{self, Page, foreign, paged};
use super::pool::Access;
use super::transaction::Transaction;
use super::work::Work;
use super::{Inner, names, read_statements, values};

/// Nodes a page.
const PAGE_NODES: usize = 1_000;

/// Rows a page of what is known, which are small.
const PAGE_KNOWN: usize = 10_000;

/// Streams the nodes that pass, by key; behind `after`, whether it is there or not.
pub(super) fn nodes(
    inner: &Arc<Inner>,
    filter: NodeFilter,
    after: Option<ResourceId>,
) -> BoxStream<'static, Result<Node>> {
    // A label that the server takes on no node, it takes in no statement either.
    if filter.label.as_ref().is_some_and(|label| names::problem(label).is_some()) {
        return stream::empty().boxed();
    }
    let after = after.map(|id| id.key().clone()).unwrap_or_default();
    let statement = read_statements::nodes(&filter).into();
    paged(&inner.pool, NodePages { statement, filter, after })
}

/// One node by its key.
pub(super) async fn node(inner: &Arc<Inner>, id: &ResourceId) -> Result<Option<Node>> {
    pages::read(&inner.pool, OneNode(id.key().clone())).await
}

/// Streams what is known of every node.
pub(super) fn known(inner: &Arc<Inner>) -> BoxStream<'static, Result<Known>> {
    paged(&inner.pool, KnownPages { after: Text::new() })
}

/// The next page of nodes.
struct NodePages {
    statement: Arc<str>,
    filter: NodeFilter,
    after: Text,
}

impl NodePages {
    fn parameters(&self) -> Vec<(&'static str, BoltType)> {
        let NodeFilter { resource_type, synthetic, scale_operation_id, .. } = &self.filter;
        let mut parameters =
            vec![("after", values::text(&self.after)), ("limit", values::place(PAGE_NODES))];
        parameters.extend(resource_type.as_ref().map(|text| ("type", values::text(text))));
        parameters.extend(synthetic.map(|wanted| ("synthetic", values::boolean(wanted))));
        parameters.extend(
            scale_operation_id.as_ref().map(|text| ("scale_operation_id", values::text(text))),
        );
        parameters
    }
}

/// A row of nodes.
#[derive(Deserialize)]
struct NodeRow<'a> {
    /// How many rows the page's bound on rows let through; 0 where there is none.
    #[serde(default)]
    found: usize,
    #[serde(borrow)]
    labels: Vec<&'a str>,
    /// Empty where the node was deleted since it was found.
    properties: StoredNode<'a>,
}

/// Takes a row apart.
fn node_row(row: &Row) -> Try<NodeRow<'_>> {
    row.to_strict().map_err(|error| {
        #[derive(Deserialize)]
        struct Key<'a> {
            id: &'a str,
        }
        let key = row.get::<Key<'_>>("properties").map_or("(not a text)", |key| key.id);
        foreign(&format!("the node with the id {key:?}"), error)
    })
}

#[async_trait]
impl Work for NodePages {
    type Outcome = Page<Node, Self>;

    fn operation(&self) -> &'static str {
        "read nodes"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Page<Node, Self>> {
        let rows = transaction.fetch(&self.statement, self.parameters()).await?;
        let mut labels = LabelSets::default();
        let mut items = Vec::with_capacity(rows.len());
        let mut last = None;
        for row in &rows {
            let NodeRow { found, labels: names, properties } = node_row(row)?;
            if properties.id().is_empty() {
                continue;
            }
            last = Some((found, properties.id()));
            items.push(properties.into_node(&names, &mut labels)?);
        }
        let after = match last {
            Some((found, after)) if found == PAGE_NODES || found > items.len() => after.into(),
            // All of it was deleted, so there is no place behind it: the same again.
            None if !rows.is_empty() => self.after.clone(),
            _ => return Ok(Page::last(items)),
        };
        let next = Self { statement: self.statement.clone(), filter: self.filter.clone(), after };
        Ok(Page { items, next: Some(next) })
    }
}

struct OneNode(Text);

#[async_trait]
impl Work for OneNode {
    type Outcome = Option<Node>;

    fn operation(&self) -> &'static str {
        "read node"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Option<Node>> {
        let id = vec![("id", values::text(&self.0))];
        let rows = transaction.fetch(read_statements::NODE, id).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let NodeRow { labels, properties, .. } = node_row(row)?;
        if properties.id().is_empty() {
            return Ok(None);
        }
        properties.into_node(&labels, &mut LabelSets::default()).map(Some)
    }
}

/// The next page of what is known.
struct KnownPages {
    after: Text,
}

/// A whole page: lists cost less to send and to take apart than as many rows.
#[derive(Deserialize)]
struct KnownLists<'a> {
    #[serde(borrow)]
    keys: Vec<&'a str>,
    contents: Vec<i64>,
    relationships: Vec<i64>,
}

#[async_trait]
impl Work for KnownPages {
    type Outcome = Page<Known, Self>;

    fn operation(&self) -> &'static str {
        "read what is known"
    }

    fn access(&self) -> Access {
        Access::Read
    }

    async fn attempt(&mut self, transaction: &mut Transaction) -> Try<Page<Known, Self>> {
        let parameters =
            vec![("after", values::text(&self.after)), ("limit", values::place(PAGE_KNOWN))];
        let rows = transaction.fetch(read_statements::KNOWN, parameters).await?;
        let Some(row) = rows.first() else { return Ok(Page::last(Vec::new())) };
        let lists: KnownLists<'_> = row.to_strict().map_err(|error| {
            foreign(&format!("a hash of a node behind {:?}", self.after), error)
        })?;
        let hashes = lists.contents.iter().zip(&lists.relationships);
        let known = |(key, (content, relationships)): (&&str, (&i64, &i64))| Known {
            key: (*key).into(),
            content_hash: content.cast_unsigned(),
            relationships_hash: relationships.cast_unsigned(),
        };
        let items: Vec<Known> = lists.keys.iter().zip(hashes).map(known).collect();
        let last = items.last().filter(|_| items.len() == PAGE_KNOWN);
        let next = last.map(|last| Self { after: last.key.clone() });
        Ok(Page { items, next })
    }
}
