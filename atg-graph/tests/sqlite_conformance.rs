//! The shared suites, run on graphs in SQLite files.
#![cfg(feature = "sqlite")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicUsize, Ordering};

use atg_core::conformance;
use atg_graph::sqlite::SqliteGraph;
use tempfile::TempDir;

/// Makes graphs in files of one directory, which goes with this.
struct Files {
    directory: TempDir,
    made: AtomicUsize,
}

impl Files {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap(), made: AtomicUsize::new(0) }
    }

    fn graph(&self) -> SqliteGraph {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        SqliteGraph::open(self.directory.path().join(format!("{number}.sqlite"))).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_sink_keeps_its_contract() {
    let files = Files::new();
    conformance::sink(|| async { files.graph() }).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_reader_keeps_its_contract() {
    let files = Files::new();
    conformance::reader(|| async { files.graph() }).await.unwrap();
}
