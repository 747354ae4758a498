//! What the tests of the SQLite graph share.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use atg_core::{GraphReader, Known, NamedBy, Node, Relationship, ResourceId, labels};
use atg_graph::sqlite::SqliteGraph;
use futures::TryStreamExt as _;
use tempfile::TempDir;

/// A path for a graph in a directory that goes with the first value.
pub fn place() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("graph.sqlite");
    (directory, path)
}

pub fn open(path: &Path) -> SqliteGraph {
    SqliteGraph::open(path).unwrap()
}

/// A machine's id; its name has an upper-case letter, so that spelling and key differ.
pub fn id(name: &str) -> ResourceId {
    let group = "/subscriptions/s1/resourceGroups/Web/providers/Microsoft.Compute";
    ResourceId::parse(format!("{group}/virtualMachines/{name}")).unwrap()
}

pub fn node(name: &str) -> Node {
    Node::new(id(name), labels(["Resource", "compute_virtualmachines"]))
}

/// A relationship between two machines that the source names.
pub fn uses(source: &str, target: &str) -> Relationship {
    Relationship::new(id(source), "USES", id(target))
}

/// The same, named by the target.
pub fn used_by(source: &str, target: &str) -> Relationship {
    Relationship { named_by: NamedBy::Target, ..uses(source, target) }
}

pub async fn known<R: GraphReader>(reader: &R) -> Vec<Known> {
    let mut known: Vec<Known> = reader.known().try_collect().await.unwrap();
    known.sort_by(|one, other| one.key.cmp(&other.key));
    known
}
