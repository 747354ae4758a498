//! SQLite writes: the sink beside a raw loop of the same statements, and beside the naive schema
//! (text ids, unique; a reverse index kept up; 1,000 rows a transaction). All three load the same
//! rows in the same order into a fresh file, with the same cache, wait for the disk at each commit,
//! move the log into the file, and count what is there at the end.
//!
//! Three figures of the same loads, whose ratios of medians are printed last:
//!
//! - **nodes**: until the last node is committed. The sink and the raw loop make indexes later;
//!   the naive schema has kept its index up.
//! - **relationships**: the rest, with all indexes that were left for the end, those of nodes too.
//! - **whole**: from the first row to the end. Only here have all three done the same work, so this
//!   is the figure to compare, and the one that criterion keeps.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "a benchmark may stop"
)]

mod naive;
mod raw;
mod rows;
mod sink;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use rusqlite::Connection;

use rows::{NODES, RELATIONSHIPS, Rows};

/// Bytes of pages that each way keeps: the sink's default.
const CACHE_BYTES: usize = 32 << 20;

const WAYS: [&str; 3] = ["sink", "raw loop", "naive schema"];

/// What a load took.
#[derive(Clone, Copy)]
struct Times {
    nodes: Duration,
    whole: Duration,
}

/// Runs both parts of a load and takes their times.
fn timed<C>(context: &C, nodes: impl FnOnce(&C), relationships: impl FnOnce(&C)) -> Times {
    let begun = Instant::now();
    nodes(context);
    let nodes = begun.elapsed();
    relationships(context);
    Times { nodes, whole: begun.elapsed() }
}

/// Opens a fresh file as the sink does, but for the size of pages.
fn open(path: &Path, page_size: u32) -> Connection {
    let connection = Connection::open(path).unwrap();
    let kibibytes = CACHE_BYTES >> 10;
    connection
        .execute_batch(&format!(
            "PRAGMA page_size={page_size}; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             PRAGMA cache_size=-{kibibytes};"
        ))
        .unwrap();
    connection
}

/// Moves the log into the file, all of it.
fn checkpoint(connection: &Connection) {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |r| r.get(0)).unwrap();
    assert!(!busy);
}

fn number(connection: &Connection, sql: &str) -> usize {
    let number: u32 = connection.query_row(sql, [], |r| r.get(0)).unwrap();
    number as usize
}

/// Fails unless all rows, and this many indexes of the statements' own, are in the file.
fn check(connection: &Connection, indexes: usize) {
    assert_eq!(number(connection, "SELECT count(*) FROM node"), NODES);
    assert_eq!(number(connection, "SELECT count(*) FROM rel"), RELATIONSHIPS);
    let made = "SELECT count(*) FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL";
    assert_eq!(number(connection, made), indexes);
}

fn main() {
    let mut criterion = Criterion::default().sample_size(10).configure_from_args();
    let rows = Rows::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let seen = RefCell::new(BTreeMap::<&str, Vec<Times>>::new());
    let load = |way: &'static str| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("graph.sqlite");
        let times = match way {
            "sink" => runtime.block_on(sink::load(&rows, &path)),
            "raw loop" => raw::load(&rows, &path),
            _ => naive::load(&rows, &path),
        };
        seen.borrow_mut().entry(way).or_default().push(times);
        times.whole
    };
    let mut group = criterion.benchmark_group("sqlite load");
    group.throughput(Throughput::Elements((NODES + RELATIONSHIPS) as u64));
    for way in WAYS {
        group.bench_function(way, |b| {
            b.iter_custom(|rounds| (0..rounds).map(|_| load(way)).sum());
        });
    }
    group.finish();
    print_ratios(&seen.borrow());
    criterion.final_summary();
}

/// What a figure takes of a load's times.
type Part = fn(&Times) -> Duration;

fn print_ratios(seen: &BTreeMap<&str, Vec<Times>>) {
    let parts: [(&str, usize, Part); 3] = [
        ("nodes", NODES, |times| times.nodes),
        ("relationships", RELATIONSHIPS, |times| times.whole.saturating_sub(times.nodes)),
        ("whole", NODES + RELATIONSHIPS, |times| times.whole),
    ];
    for (what, count, part) in parts {
        let [sink, raw, naive] = WAYS.map(|way| {
            let mut taken: Vec<Duration> = seen.get(way).into_iter().flatten().map(part).collect();
            taken.sort_unstable();
            taken.get(taken.len() / 2).map_or(f64::NAN, |one| count as f64 / one.as_secs_f64())
        });
        println!(
            "{what}: sink {sink:.0} rows/s = {:.2} x raw loop ({raw:.0}/s) = {:.2} x naive schema \
             ({naive:.0}/s)",
            sink / raw,
            sink / naive
        );
    }
}
