//! The statements of the sink in a loop, everything else known beforehand.

use std::path::Path;

use atg_core::Node;
use rusqlite::{Connection, params};

use super::rows::{BATCH, Rows};
use super::{Times, check, checkpoint, open, timed};

const TABLES: &str = "
CREATE TABLE node(nid INTEGER PRIMARY KEY, labels INTEGER NOT NULL,
   synthetic INTEGER NOT NULL, id TEXT NOT NULL, type TEXT, name TEXT, location TEXT,
   resource_group TEXT, subscription_id TEXT, tenant_id TEXT, kind TEXT, sku TEXT,
   provisioning_state TEXT, scale_operation_id TEXT, template_source_id TEXT,
   tags TEXT, columns TEXT, additional TEXT, properties TEXT);
CREATE TABLE nk(nid INTEGER PRIMARY KEY, hash INTEGER NOT NULL,
   checksum INTEGER NOT NULL, content INTEGER NOT NULL);
CREATE TABLE rel(src INTEGER NOT NULL, type INTEGER NOT NULL, dst INTEGER NOT NULL,
   named_by INTEGER NOT NULL, properties TEXT, PRIMARY KEY(src, type, dst))
   WITHOUT ROWID;
";

const INDEXES: &str = "
CREATE UNIQUE INDEX nk_hash ON nk(hash, checksum);
CREATE INDEX rel_reverse ON rel(dst, type, src, named_by);
CREATE INDEX node_type ON node(type);
CREATE INDEX node_scale ON node(scale_operation_id) WHERE scale_operation_id IS NOT NULL;
";

pub(crate) fn load(rows: &Rows, path: &Path) -> Times {
    let connection = open(path, 32_768);
    connection.execute_batch("PRAGMA wal_autocheckpoint=4000").unwrap();
    connection.execute_batch(TABLES).unwrap();
    let nodes = |connection: &_| {
        for (number, batch) in rows.nodes.chunks(BATCH).enumerate() {
            insert_nodes(connection, number * BATCH, batch);
        }
    };
    let relationships = |connection: &Connection| {
        for batch in &rows.numbered {
            insert_relationships(connection, batch);
        }
        connection.execute_batch(INDEXES).unwrap();
        checkpoint(connection);
    };
    let times = timed(&connection, nodes, relationships);
    check(&connection, 4);
    times
}

fn insert_relationships(connection: &Connection, batch: &[(i64, i64, i64)]) {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO rel(src, type, dst, named_by, properties) VALUES (?1, ?2, ?3, 1, NULL)
             ON CONFLICT DO NOTHING",
        )
        .unwrap();
    for (source, relation, target) in batch {
        insert.execute(params![source, relation, target]).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}

fn insert_nodes(connection: &Connection, before: usize, batch: &[Node]) {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO node(nid, labels, synthetic, id, type, name, location, resource_group,
                subscription_id, tenant_id, sku, provisioning_state, tags, properties)
             VALUES (?1, 1, 0, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        )
        .unwrap();
    let mut key = connection
        .prepare_cached("INSERT INTO nk(nid, hash, checksum, content) VALUES (?1, ?2, ?3, ?4)")
        .unwrap();
    for (index, node) in batch.iter().enumerate() {
        let number = (before + index + 1) as i64;
        insert
            .execute(params![
                number,
                node.id.as_str(),
                &*node.resource_type,
                &*node.name,
                &*node.location,
                &*node.resource_group,
                &*node.subscription_id,
                &*node.tenant_id,
                &*node.sku,
                &*node.provisioning_state,
                &*node.tags,
                &*node.properties
            ])
            .unwrap();
        // Any 64 scattered bits cost what a hash does.
        let hash = number.wrapping_mul(0x9E37_79B9_7F4A_7C15_u64 as i64);
        key.execute(params![number, hash, hash & 0xFFFF_FFFF, !hash]).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}
