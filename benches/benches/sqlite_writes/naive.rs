//! The schema that one would write first.

use std::path::Path;

use atg_core::{Node, Relationship};
use rusqlite::{Connection, params};

use super::rows::Rows;
use super::{Times, check, checkpoint, open, timed};

/// Rows a transaction.
const BATCH: usize = 1_000;

const TABLES: &str = "
CREATE TABLE node(id TEXT UNIQUE NOT NULL, type TEXT, name TEXT, location TEXT,
   resource_group TEXT, subscription_id TEXT, tenant_id TEXT, sku TEXT,
   provisioning_state TEXT, tags TEXT, properties TEXT);
CREATE TABLE rel(source TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL,
   UNIQUE(source, type, target));
CREATE INDEX rel_reverse ON rel(target, type, source);
";

pub(crate) fn load(rows: &Rows, path: &Path) -> Times {
    let connection = open(path, 4096);
    connection.execute_batch(TABLES).unwrap();
    let nodes = |connection: &_| {
        for batch in rows.nodes.chunks(BATCH) {
            insert_nodes(connection, batch);
        }
    };
    let relationships = |connection: &Connection| {
        let all: Vec<_> = rows.sets.iter().flat_map(|set| &set.relationships).collect();
        for batch in all.chunks(BATCH) {
            insert_relationships(connection, batch);
        }
        checkpoint(connection);
    };
    let times = timed(&connection, nodes, relationships);
    check(&connection, 1);
    times
}

fn insert_nodes(connection: &Connection, batch: &[Node]) {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut insert = connection
        .prepare_cached(
            "INSERT INTO node VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)
             ON CONFLICT(id) DO UPDATE SET properties = excluded.properties",
        )
        .unwrap();
    for node in batch {
        insert
            .execute(params![
                &**node.id.key(),
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
    }
    connection.execute_batch("COMMIT").unwrap();
}

fn insert_relationships(connection: &Connection, batch: &[&Relationship]) {
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    let mut insert = connection
        .prepare_cached("INSERT INTO rel VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
        .unwrap();
    for one in batch {
        insert.execute(params![&**one.source.key(), &*one.relation, &**one.target.key()]).unwrap();
    }
    connection.execute_batch("COMMIT").unwrap();
}
