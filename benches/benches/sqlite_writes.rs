//! SQLite writes: the sink beside a raw loop of the same statements, and beside the naive schema
//! (text ids, unique; a reverse index kept up; 1,000 rows a transaction). All three load the same
//! rows into a fresh file, wait for the disk at each commit, and count what is there at the end.
//! The ratios of the medians are printed last.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "a benchmark may stop"
)]

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use atg_core::{GraphReader, GraphSink, Node, RelationshipSet};
use atg_graph::sqlite::SqliteGraph;
use criterion::{Criterion, Throughput};
use rusqlite::{Connection, params};

const NODES: usize = 40_000;
const RELATIONSHIPS: usize = 80_000;
const BATCH: usize = 20_000;

/// What a load took: nodes, relationships (late indexes included).
type Times = (Duration, Duration);
type Medians = RefCell<BTreeMap<(&'static str, &'static str), Vec<f64>>>;

struct Rows {
    nodes: Vec<Node>,
    sets: Vec<RelationshipSet>,
    /// The same relationships by the numbers of their ends, sorted within each batch.
    numbered: Vec<Vec<(i64, i64, i64)>>,
}

impl Rows {
    fn new() -> Self {
        let nodes = atg_benches::nodes(NODES);
        let sets = atg_benches::relationship_sets(NODES, RELATIONSHIPS);
        let numbers: std::collections::HashMap<_, i64> =
            (1..).zip(&nodes).map(|(number, node)| (node.id.key().clone(), number)).collect();
        let relations = ["USES_NIC", "HAS_DISK", "IN_SUBNET", "LOGS_TO"];
        let all: Vec<_> = sets
            .iter()
            .flat_map(|set| &set.relationships)
            .map(|one| {
                let relation = relations.iter().position(|name| one.relation == *name).unwrap();
                (numbers[one.source.key()], relation as i64, numbers[one.target.key()])
            })
            .collect();
        let numbered = all.chunks(BATCH).map(|batch| {
            let mut batch = batch.to_vec();
            batch.sort_unstable();
            batch
        });
        Self { numbered: numbered.collect(), nodes, sets }
    }
}

async fn sink(rows: &Rows, path: &Path) -> Times {
    let graph = SqliteGraph::open(path).unwrap();
    graph.prepare().await.unwrap();
    let begun = Instant::now();
    for batch in rows.nodes.chunks(BATCH) {
        graph.upsert_nodes(batch).await.unwrap();
    }
    let nodes = begun.elapsed();
    for batch in rows.sets.chunks(BATCH * NODES / RELATIONSHIPS) {
        graph.upsert_relationships(batch).await.unwrap();
    }
    graph.flush().await.unwrap();
    let times = (nodes, begun.elapsed().checked_sub(nodes).unwrap());
    let counts = graph.counts().await.unwrap();
    assert_eq!((counts.nodes, counts.relationships), (NODES as u64, RELATIONSHIPS as u64));
    times
}

fn open(path: &Path, page_size: u32) -> Connection {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(&format!(
            "PRAGMA page_size={page_size}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
        ))
        .unwrap();
    connection
}

/// The statements of the sink in a loop, everything else known beforehand.
fn raw(rows: &Rows, path: &Path) -> Times {
    let connection = open(path, 32_768);
    connection
        .execute_batch(
            "PRAGMA wal_autocheckpoint=4000; PRAGMA cache_size=-65536;
             CREATE TABLE node(nid INTEGER PRIMARY KEY, labels INTEGER NOT NULL,
                synthetic INTEGER NOT NULL, id TEXT NOT NULL, type TEXT, name TEXT, location TEXT,
                resource_group TEXT, subscription_id TEXT, tenant_id TEXT, kind TEXT, sku TEXT,
                provisioning_state TEXT, scale_operation_id TEXT, template_source_id TEXT,
                tags TEXT, columns TEXT, additional TEXT, properties TEXT);
             CREATE TABLE nk(nid INTEGER PRIMARY KEY, hash INTEGER NOT NULL,
                checksum INTEGER NOT NULL, content INTEGER NOT NULL);
             CREATE TABLE rel(src INTEGER NOT NULL, type INTEGER NOT NULL, dst INTEGER NOT NULL,
                named_by INTEGER NOT NULL, properties TEXT, PRIMARY KEY(src, type, dst))
                WITHOUT ROWID;",
        )
        .unwrap();
    let begun = Instant::now();
    for (number, batch) in rows.nodes.chunks(BATCH).enumerate() {
        insert_nodes(&connection, number * BATCH, batch);
    }
    let nodes = begun.elapsed();
    for batch in &rows.numbered {
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
    connection
        .execute_batch(
            "CREATE UNIQUE INDEX nk_hash ON nk(hash, checksum);
             CREATE INDEX rel_reverse ON rel(dst, type, src, named_by);
             CREATE INDEX node_type ON node(type);
             CREATE INDEX node_scale ON node(scale_operation_id)
                WHERE scale_operation_id IS NOT NULL;
             PRAGMA wal_checkpoint(TRUNCATE);",
        )
        .unwrap_or_default();
    let times = (nodes, begun.elapsed().checked_sub(nodes).unwrap());
    assert_counts(&connection, "node", "rel");
    times
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

/// What one would write first.
fn naive(rows: &Rows, path: &Path) -> Times {
    let connection = open(path, 4096);
    connection
        .execute_batch(
            "CREATE TABLE node(id TEXT UNIQUE NOT NULL, type TEXT, name TEXT, location TEXT,
                resource_group TEXT, subscription_id TEXT, tenant_id TEXT, sku TEXT,
                provisioning_state TEXT, tags TEXT, properties TEXT);
             CREATE TABLE rel(source TEXT NOT NULL, type TEXT NOT NULL, target TEXT NOT NULL,
                UNIQUE(source, type, target));
             CREATE INDEX rel_reverse ON rel(target, type, source);",
        )
        .unwrap();
    let begun = Instant::now();
    for batch in rows.nodes.chunks(1_000) {
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
    let nodes = begun.elapsed();
    let all: Vec<_> = rows.sets.iter().flat_map(|set| &set.relationships).collect();
    for batch in all.chunks(1_000) {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut insert = connection
            .prepare_cached("INSERT INTO rel VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING")
            .unwrap();
        for one in batch {
            insert
                .execute(params![&**one.source.key(), &*one.relation, &**one.target.key()])
                .unwrap();
        }
        connection.execute_batch("COMMIT").unwrap();
    }
    let times = (nodes, begun.elapsed().checked_sub(nodes).unwrap());
    assert_counts(&connection, "node", "rel");
    times
}

fn assert_counts(connection: &Connection, nodes: &str, relationships: &str) {
    let count = |table: &str| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |r| r.get(0)).unwrap()
    };
    assert_eq!(count(nodes), NODES as i64);
    assert_eq!(count(relationships), RELATIONSHIPS as i64);
}

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let rows = Rows::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let seen = Medians::default();
    let load = |way: &'static str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.sqlite");
        match way {
            "sink" => runtime.block_on(sink(&rows, &path)),
            "raw loop" => raw(&rows, &path),
            _ => naive(&rows, &path),
        }
    };
    for (what, count) in [("nodes", NODES), ("relationships", RELATIONSHIPS)] {
        let mut group = criterion.benchmark_group(format!("sqlite {what}"));
        group.throughput(Throughput::Elements(count as u64));
        for way in ["sink", "raw loop", "naive schema"] {
            group.bench_function(way, |b| {
                b.iter_custom(|rounds| {
                    (0..rounds)
                        .map(|_| {
                            let times = load(way);
                            let time = if what == "nodes" { times.0 } else { times.1 };
                            seen.borrow_mut()
                                .entry((what, way))
                                .or_default()
                                .push(count as f64 / time.as_secs_f64());
                            time
                        })
                        .sum()
                });
            });
        }
        group.finish();
    }
    print_ratios(&seen.borrow());
    criterion.final_summary();
}

fn print_ratios(seen: &BTreeMap<(&'static str, &'static str), Vec<f64>>) {
    for what in ["nodes", "relationships"] {
        let median = |way: &'static str| {
            let mut rates = seen.get(&(what, way)).cloned().unwrap_or_default();
            rates.sort_by(f64::total_cmp);
            rates.get(rates.len() / 2).copied().unwrap_or(f64::NAN)
        };
        let (sink, raw, naive) = (median("sink"), median("raw loop"), median("naive schema"));
        println!(
            "{what}: sink {sink:.0}/s = {:.2} x raw loop ({raw:.0}/s) = {:.2} x naive schema \
             ({naive:.0}/s)",
            sink / raw,
            sink / naive
        );
    }
}
