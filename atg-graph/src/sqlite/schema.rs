//! Tables, indexes and views, and making sure that a file has them.

use rusqlite::{Connection, OptionalExtension as _};

use super::errors::{Failure, Try};
use atg_core::ErrorKind;

/// Marks a file as ours: "ATGR".
pub(super) const APPLICATION_ID: i32 = 0x4154_4752;

/// The version of the schema below.
pub(super) const VERSION: i32 = 1;

/// The names of a node's text columns, in the order of `Node::text_columns`.
pub(super) const TEXT_COLUMNS: [&str; 14] = [
    "type",
    "name",
    "location",
    "resource_group",
    "subscription_id",
    "tenant_id",
    "kind",
    "sku",
    "provisioning_state",
    "tags",
    "properties",
    "additional",
    "scale_operation_id",
    "template_source_id",
];

/// Tables by name. The text must stay as it is for a version: it is compared with the file's.
///
/// - `node`: what people read. Large columns come last, so that reading the others stays cheap.
/// - `nk`: identity (96 bits of the key's hash) and content hash. Narrow and appended to, and so
///   quick to read when a load starts.
/// - `relhash`: the hashes of the nodes' relationship sets, 256 nodes a row, 8 bytes each,
///   little-endian; see `index.rs`.
/// - `rel`: relationships, by the numbers of their ends and type.
const TABLES: [(&str, &str); 6] = [
    (
        "node",
        "CREATE TABLE node(nid INTEGER PRIMARY KEY, labels INTEGER NOT NULL, \
         synthetic INTEGER NOT NULL, id TEXT NOT NULL, type TEXT, name TEXT, location TEXT, \
         resource_group TEXT, subscription_id TEXT, tenant_id TEXT, kind TEXT, sku TEXT, \
         provisioning_state TEXT, scale_operation_id TEXT, template_source_id TEXT, tags TEXT, \
         columns TEXT, additional TEXT, properties TEXT)",
    ),
    (
        "nk",
        "CREATE TABLE nk(nid INTEGER PRIMARY KEY, hash INTEGER NOT NULL, \
         checksum INTEGER NOT NULL, content INTEGER NOT NULL)",
    ),
    ("relhash", "CREATE TABLE relhash(block INTEGER PRIMARY KEY, hashes BLOB NOT NULL)"),
    (
        "rel",
        "CREATE TABLE rel(src INTEGER NOT NULL, type INTEGER NOT NULL, dst INTEGER NOT NULL, \
         named_by INTEGER NOT NULL, properties TEXT, PRIMARY KEY(src, type, dst)) WITHOUT ROWID",
    ),
    ("reltype", "CREATE TABLE reltype(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE)"),
    ("labelset", "CREATE TABLE labelset(id INTEGER PRIMARY KEY, labels TEXT NOT NULL UNIQUE)"),
];

// Scalar subqueries, not joins: `count(*)` then reads no second table.
const VIEWS: &str = "
CREATE VIEW nodes AS SELECT n.id, n.type, n.name,
    (SELECT l.labels FROM labelset l WHERE l.id = n.labels) AS labels,
    n.location, n.resource_group, n.subscription_id, n.tenant_id, n.kind, n.sku,
    n.provisioning_state, n.tags, n.properties, n.additional, n.synthetic,
    n.scale_operation_id, n.template_source_id, n.columns
FROM node n;
CREATE VIEW relationships AS SELECT
    (SELECT s.id FROM node s WHERE s.nid = r.src) AS source,
    (SELECT t.name FROM reltype t WHERE t.id = r.type) AS type,
    (SELECT d.id FROM node d WHERE d.nid = r.dst) AS target,
    r.properties
FROM rel r;
";

/// Indexes that are cheaper made after a load than kept up during it.
const LATE_INDEXES: &str = "
CREATE UNIQUE INDEX IF NOT EXISTS nk_hash ON nk(hash, checksum);
CREATE INDEX IF NOT EXISTS rel_reverse ON rel(dst, type, src, named_by);
CREATE INDEX IF NOT EXISTS node_type ON node(type);
CREATE INDEX IF NOT EXISTS node_scale ON node(scale_operation_id)
    WHERE scale_operation_id IS NOT NULL;
";

const DROP_LATE_INDEXES: &str = "
DROP INDEX IF EXISTS nk_hash;
DROP INDEX IF EXISTS rel_reverse;
DROP INDEX IF EXISTS node_type;
DROP INDEX IF EXISTS node_scale;
";

/// What a file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// A database without tables and without an owner: it may become a graph.
    Empty,
    /// A graph of this version.
    Graph,
}

/// Looks whose file this is, without changing it.
pub(super) fn inspect(connection: &Connection) -> Try<Found> {
    let application: i32 = connection.pragma_query_value(None, "application_id", |r| r.get(0))?;
    let version: i32 = connection.pragma_query_value(None, "user_version", |r| r.get(0))?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_master", [], |r| r.get(0))?;
    match (application, version) {
        (APPLICATION_ID, VERSION) => check_tables(connection).map(|()| Found::Graph),
        (APPLICATION_ID, newer) if newer > VERSION => Err(Failure::Said(
            ErrorKind::Unsupported,
            format!(
                "the graph has schema version {newer} and this program knows versions up to \
                 {VERSION}; update the program"
            ),
        )),
        (0, 0) if tables == 0 => Ok(Found::Empty),
        _ => Err(Failure::data(
            "the file is another application's SQLite database; choose another path",
        )),
    }
}

fn check_tables(connection: &Connection) -> Try<()> {
    let mut statement =
        connection.prepare("SELECT sql FROM sqlite_master WHERE type = 'table' AND name = ?1")?;
    for (name, expected) in TABLES {
        let found: Option<String> = statement.query_row([name], |r| r.get(0)).optional()?;
        if found.as_deref() != Some(expected) {
            return Err(Failure::data(format!(
                "table {name:?} is missing or not as this program made it; restore the file \
                 from a copy, or move it away and scan again"
            )));
        }
    }
    Ok(())
}

/// Makes all but the late indexes, within the caller's transaction.
pub(super) fn create(connection: &Connection) -> Try<()> {
    for (_, sql) in TABLES {
        connection.execute_batch(sql)?;
    }
    connection.execute_batch(VIEWS)?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", VERSION)?;
    Ok(())
}

/// Makes the late indexes that are missing. Costs a pass over nodes and relationships for them.
pub(super) fn create_late_indexes(connection: &Connection) -> Try<()> {
    Ok(connection.execute_batch(LATE_INDEXES)?)
}

/// Whether all late indexes are there.
pub(super) fn has_late_indexes(connection: &Connection) -> Try<bool> {
    let sql = "SELECT count(*) = 4 FROM sqlite_master WHERE type = 'index' \
               AND name IN ('nk_hash', 'rel_reverse', 'node_type', 'node_scale')";
    Ok(connection.query_row(sql, [], |r| r.get(0))?)
}

/// Drops the late indexes, for a load larger than all that is there.
pub(super) fn drop_late_indexes(connection: &Connection) -> Try<()> {
    Ok(connection.execute_batch(DROP_LATE_INDEXES)?)
}

/// Whether there is neither a node nor a relationship.
pub(super) fn is_empty(connection: &Connection) -> Try<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM nk) AND NOT EXISTS (SELECT 1 FROM rel)";
    Ok(connection.query_row(sql, [], |r| r.get(0))?)
}

#[cfg(test)]
mod tests {
    use super::TEXT_COLUMNS;
    use atg_core::{Node, ResourceId, labels};

    #[test]
    fn text_columns_are_the_cores_in_the_same_order() {
        let node = Node::new(ResourceId::named("tag", "x"), labels(["Resource"]));
        assert_eq!(node.text_columns().map(|(name, _)| name), TEXT_COLUMNS);
    }
}
