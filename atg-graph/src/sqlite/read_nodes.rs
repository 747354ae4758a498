//! Reading nodes, and what is known of them.

use std::collections::HashMap;

use atg_core::{ErrorKind, Known, Labels, Node, NodeFilter, ResourceId, Text};
use rusqlite::types::Value as Bound;
use rusqlite::{Connection, OptionalExtension as _, Row, params_from_iter};

use super::encode::{parse_labels, parse_object};
use super::errors::{Failure, Try};
use super::index::{BLOCK, INCOMPLETE, block_hashes};
use super::index_rows::Identity;
use super::pages::{PAGE_ROWS, Page};
use super::schema::TEXT_COLUMNS;
use super::settings::KeyHasher;

/// Where a page of nodes starts.
#[derive(Debug, Clone)]
pub(super) enum Start {
    /// Behind the node of this number.
    Behind(u32),
    /// Behind this node.
    BehindNode(ResourceId),
}

impl From<Option<ResourceId>> for Start {
    fn from(after: Option<ResourceId>) -> Self {
        after.map_or(Self::Behind(0), Self::BehindNode)
    }
}

/// Finds a node's number.
pub(super) fn find(
    connection: &Connection,
    hasher: KeyHasher,
    id: &ResourceId,
) -> Try<Option<u32>> {
    let (hash, checksum) = Identity::from(hasher(id.key())).columns();
    let mut statement =
        connection.prepare_cached("SELECT nid FROM nk WHERE hash = ?1 AND checksum = ?2")?;
    Ok(statement.query_row((hash, checksum), |row| row.get(0)).optional()?)
}

/// Finds the number of the node that a stream continues behind.
pub(super) fn place(connection: &Connection, hasher: KeyHasher, start: &Start) -> Try<u32> {
    match start {
        Start::Behind(nid) => Ok(*nid),
        Start::BehindNode(id) => find(connection, hasher, id)?.ok_or_else(|| gone(id.as_str())),
    }
}

/// The item to continue behind is not there.
pub(super) fn gone(what: &str) -> Failure {
    let what = format!("{what} is not in the graph, so reading cannot go on behind it");
    Failure::Said(ErrorKind::NotFound, format!("{what}; read from the start"))
}

/// A page of the nodes that pass.
pub(super) fn page(
    connection: &Connection,
    filter: &NodeFilter,
    behind: u32,
) -> Try<Page<Node, Start>> {
    let (conditions, bound) = conditions(filter, behind);
    let sql =
        format!("SELECT {} FROM node WHERE {conditions} ORDER BY nid LIMIT {PAGE_ROWS}", columns());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query(params_from_iter(bound))?;
    let mut labels = LabelSets::default();
    let mut page = Page::new();
    while let Some(row) = rows.next()? {
        let node = node(connection, row, &mut labels)?;
        let bytes = node.size();
        if page.push(node, bytes, Start::Behind(row.get(0)?)) {
            break;
        }
    }
    Ok(page)
}

/// One node.
pub(super) fn one(
    connection: &Connection,
    hasher: KeyHasher,
    id: &ResourceId,
) -> Try<Option<Node>> {
    let Some(nid) = find(connection, hasher, id)? else { return Ok(None) };
    let sql = format!("SELECT {} FROM node WHERE nid = ?1", columns());
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([nid])?;
    match rows.next()? {
        Some(row) => node(connection, row, &mut LabelSets::default()).map(Some),
        None => Err(Failure::data(format!("node {nid} is known and not stored"))),
    }
}

fn columns() -> String {
    format!("nid, labels, synthetic, id, columns, {}", TEXT_COLUMNS.join(", "))
}

fn conditions(filter: &NodeFilter, behind: u32) -> (String, Vec<Bound>) {
    let mut sql = String::from("nid > ?1");
    let mut bound = vec![Bound::from(behind)];
    let mut add = |condition: &str, value: Bound| {
        bound.push(value);
        sql.push_str(" AND ");
        sql.push_str(&condition.replace('?', &format!("?{}", bound.len())));
    };
    if let Some(label) = &filter.label {
        let sets =
            "labels IN (SELECT l.id FROM labelset l, json_each(l.labels) j WHERE j.value = ?)";
        add(sets, label.as_str().to_owned().into());
    }
    let texts =
        [("type", &filter.resource_type), ("scale_operation_id", &filter.scale_operation_id)];
    for (column, wanted) in texts {
        match wanted.as_deref() {
            // An empty text is stored as null.
            Some("") => add(&format!("coalesce({column}, '') = ?"), String::new().into()),
            Some(text) => add(&format!("{column} = ?"), text.to_owned().into()),
            None => {}
        }
    }
    if let Some(synthetic) = filter.synthetic {
        add("synthetic = ?", synthetic.into());
    }
    (sql, bound)
}

/// Label sets by number, each parsed once a page.
#[derive(Default)]
struct LabelSets(HashMap<i64, Labels>);

impl LabelSets {
    fn get(&mut self, connection: &Connection, id: i64) -> Try<Labels> {
        if let Some(labels) = self.0.get(&id) {
            return Ok(labels.clone());
        }
        let mut statement =
            connection.prepare_cached("SELECT labels FROM labelset WHERE id = ?1")?;
        let json: Option<String> = statement.query_row([id], |row| row.get(0)).optional()?;
        let json = json.ok_or_else(|| Failure::data(format!("there is no label set {id}")))?;
        let labels = parse_labels(&json)?;
        self.0.insert(id, labels.clone());
        Ok(labels)
    }
}

fn node(connection: &Connection, row: &Row<'_>, labels: &mut LabelSets) -> Try<Node> {
    let id = stored_id(text(row, 3)?)?;
    let mut node = Node::new(id, labels.get(connection, row.get(1)?)?);
    node.synthetic = row.get(2)?;
    node.columns = parse_object(row.get_ref(4)?.as_str_or_null()?)?;
    let texts = [
        &mut node.resource_type,
        &mut node.name,
        &mut node.location,
        &mut node.resource_group,
        &mut node.subscription_id,
        &mut node.tenant_id,
        &mut node.kind,
        &mut node.sku,
        &mut node.provisioning_state,
        &mut node.tags,
        &mut node.properties,
        &mut node.additional,
        &mut node.scale_operation_id,
        &mut node.template_source_id,
    ];
    for (column, place) in (5..).zip(texts) {
        *place = text(row, column)?;
    }
    Ok(node)
}

/// A text column; empty where it is null.
pub(super) fn text(row: &Row<'_>, column: usize) -> Try<Text> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    Ok(text.map(Text::from).unwrap_or_default())
}

/// An id as the file holds it.
pub(super) fn stored_id(text: Text) -> Try<ResourceId> {
    ResourceId::from_stored(text).map_err(|error| Failure::data(error.message().to_owned()))
}

/// A page of what is known.
pub(super) fn known(connection: &Connection, behind: u32) -> Try<Page<Known, Start>> {
    let mut statement = connection.prepare_cached(
        "SELECT k.nid, k.content, n.id FROM nk k CROSS JOIN node n ON n.nid = k.nid \
         WHERE k.nid > ?1 ORDER BY k.nid",
    )?;
    let mut rows = statement.query([behind])?;
    let mut hashes = RelationshipHashes::default();
    let mut page = Page::new();
    while let Some(row) = rows.next()? {
        let (nid, content): (u32, i64) = (row.get(0)?, row.get(1)?);
        let key = stored_id(text(row, 2)?)?.key().clone();
        let relationships_hash = hashes.get(connection, nid)?;
        let bytes = key.len();
        let known = Known { key, content_hash: content.cast_unsigned(), relationships_hash };
        if page.push(known, bytes, Start::Behind(nid)) {
            break;
        }
    }
    Ok(page)
}

/// The relationship hashes of one block of nodes after the other.
#[derive(Default)]
struct RelationshipHashes {
    block: Option<u32>,
    hashes: HashMap<u32, u64>,
}

impl RelationshipHashes {
    fn get(&mut self, connection: &Connection, nid: u32) -> Try<u64> {
        let block = nid.saturating_sub(1) / BLOCK;
        if self.block != Some(block) {
            let sql = "SELECT hashes FROM relhash WHERE block = ?1";
            let mut statement = connection.prepare_cached(sql)?;
            let stored: Option<Vec<u8>> =
                statement.query_row([block], |row| row.get(0)).optional()?;
            self.hashes = block_hashes(block, &stored.unwrap_or_default()).collect();
            self.block = Some(block);
        }
        Ok(self.hashes.get(&nid).copied().filter(|hash| *hash != INCOMPLETE).unwrap_or(0))
    }
}
