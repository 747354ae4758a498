//! A graph in an SQLite file: sink and reader, readable by every SQLite tool.
//!
//! ```
//! use atg_core::{GraphReader, GraphSink, Node, Relationship, RelationshipSet, ResourceId, labels};
//! use atg_graph::sqlite::SqliteGraph;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> atg_core::Result<()> {
//! # let directory = tempfile::tempdir().unwrap();
//! # let path = directory.path().join("graph.sqlite");
//! let graph = SqliteGraph::open(&path)?;
//! graph.prepare().await?;
//!
//! let network = ResourceId::parse("/subscriptions/S/resourceGroups/G/providers/Microsoft.Network/virtualNetworks/Hub")?;
//! let subnet = ResourceId::parse(format!("{network}/subnets/Front"))?;
//! let node = |id: &ResourceId| Node::new(id.clone(), labels(["Resource"]));
//! let outcome = graph.upsert_nodes(&[node(&network), node(&subnet)]).await?;
//! assert_eq!(outcome.created, 2);
//!
//! let contains = Relationship::new(network.clone(), "CONTAINS", subnet);
//! graph.upsert_relationships(&[RelationshipSet::complete(network, vec![contains])]).await?;
//! graph.flush().await?;
//! assert_eq!(graph.counts().await?.relationships, 1);
//! # Ok(())
//! # }
//! ```
//!
//! Then, in a shell: `sqlite3 graph.sqlite "SELECT type, count(*) FROM nodes GROUP BY type"`.
//!
//! # For people
//! - **`nodes`**(id, type, name, labels, location, `resource_group`, `subscription_id`,
//!   `tenant_id`, kind, sku, `provisioning_state`, tags, properties, additional, synthetic,
//!   `scale_operation_id`, `template_source_id`, columns): the id as spelled; labels a JSON
//!   array; tags, properties, additional and columns JSON for SQLite's JSON functions; null for
//!   what is empty.
//! - **`relationships`**(source, type, target, properties): ids as spelled.
//!
//! The tables below these views belong to this module and change with its version.
//!
//! # How it works
//! Identities and hashes of all nodes are in memory (about 39 bytes a node), so unchanged rows
//! cost no access and the ends of relationships are resolved without a query. Rows are appended,
//! relationships sorted a batch at a time, and a first load makes its indexes at the end, in
//! [`flush`](atg_core::GraphSink::flush); so does a batch of 1,000 new nodes or more that at least
//! doubles the graph. If the process dies before, the next one, or any other handle, makes them.
//! Several handles, also of several processes, may write one file: each notices the others'
//! commits and reads its index anew.
//!
//! # Runtime
//! Calls block. On a runtime of several threads they use `block_in_place`, which panics within a
//! `LocalSet`; on any other they hold up its thread.

mod blocking;
mod connection;
mod delete;
mod encode;
mod errors;
mod index;
mod index_rows;
mod pages;
mod read_nodes;
mod read_relationships;
mod relationship_rows;
mod schema;
mod settings;
#[cfg(test)]
mod tests;
mod write_nodes;
mod write_relationships;
mod writer;

use std::fmt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use atg_core::{
    BatchSizer, DeleteOutcome, ErrorKind, GraphCounts, GraphReader, GraphSink, Known, Node,
    NodeFilter, NodeOutcome, Relationship, RelationshipFilter, RelationshipOutcome,
    RelationshipSet, ResourceId, Result, SinkProfile,
};
use atg_perf::ResponseSurface;
use futures::stream::BoxStream;
use rusqlite::Connection;

use blocking::blocking;
use connection::Readers;
use errors::{Failure, Try};
use pages::{Page, paged};
use read_nodes::Start;
use read_relationships::Selection;
use settings::Settings;
pub use settings::{SqliteGraphBuilder, Synchronous};
use writer::Writer;

/// A graph in an SQLite file; see the [module](self).
///
/// Share it by reference or in an `Arc`. Writers wait for each other; readers wait for nobody.
pub struct SqliteGraph {
    settings: Settings,
    /// Before the writer, and so closed before it: the last to close takes the log away, which
    /// a reader cannot.
    readers: Readers,
    /// `None` where the file is only read.
    writer: Option<Mutex<Writer>>,
}

impl SqliteGraph {
    /// Opens a graph with the default settings, making the file where it is missing.
    ///
    /// # Errors
    /// As [`SqliteGraphBuilder::open`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Self::builder(path).open()
    }

    /// Starts opening a graph with other settings.
    pub fn builder(path: impl AsRef<Path>) -> SqliteGraphBuilder {
        SqliteGraphBuilder::new(path.as_ref())
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.settings.path
    }

    fn with(settings: Settings) -> Result<Self> {
        let opened = if settings.read_only {
            connection::check_readable(&settings).map(|()| None)
        } else {
            Writer::open(&settings).map(|writer| Some(Mutex::new(writer)))
        };
        let writer = opened.map_err(|failure| failure.at(&settings.path, "open graph"))?;
        Ok(Self { settings, writer, readers: Readers::default() })
    }

    fn write<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&mut Writer) -> Try<T>,
    ) -> Result<T> {
        let read_only = || {
            let what = "the graph is open read-only; open it for writing";
            Failure::Said(ErrorKind::ReadOnly, what.into())
        };
        self.writer
            .as_ref()
            .ok_or_else(read_only)
            // A panic left neither a transaction nor an index behind.
            .and_then(|writer| work(&mut writer.lock().unwrap_or_else(PoisonError::into_inner)))
            .map_err(|failure| failure.at(&self.settings.path, operation))
    }

    fn read<T>(
        &self,
        operation: &'static str,
        work: impl FnOnce(&Connection) -> Try<T>,
    ) -> Result<T> {
        blocking(|| self.readers.read(&self.settings, work))
            .map_err(|failure| failure.at(&self.settings.path, operation))
    }
}

impl fmt::Debug for SqliteGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteGraph").field("settings", &self.settings).finish_non_exhaustive()
    }
}

#[async_trait]
impl GraphSink for SqliteGraph {
    async fn prepare(&self) -> Result<()> {
        blocking(|| self.write("prepare graph", Writer::prepare))
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        blocking(|| {
            let mut outcome = NodeOutcome::default();
            let rows = write_nodes::rows(nodes, self.settings.hasher, &mut outcome)
                .map_err(|failure| failure.at(&self.settings.path, "write nodes"))?;
            self.write("write nodes", |writer| {
                writer.write(|session| write_nodes::upsert(session, &rows, &mut outcome))
            })?;
            Ok(outcome)
        })
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        let hasher = self.settings.hasher;
        blocking(|| {
            self.write("write relationships", |writer| {
                writer.write(|session| write_relationships::upsert(session, hasher, sets))
            })
        })
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        let hasher = self.settings.hasher;
        blocking(|| self.write("delete nodes", |writer| delete::delete(writer, hasher, nodes)))
    }

    async fn flush(&self) -> Result<()> {
        blocking(|| self.write("flush graph", Writer::finish))
    }

    fn profile(&self) -> SinkProfile {
        SinkProfile::default()
            .with_rows(self.settings.node_rows, self.settings.relationship_rows)
            .with_writers(2, 2)
    }

    fn sizer(&self) -> Box<dyn BatchSizer> {
        Box::new(ResponseSurface::for_sink(&self.profile()))
    }
}

#[async_trait]
impl GraphReader for SqliteGraph {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        paged(Start::from(after), move |start| {
            self.read("read nodes", |connection| {
                let behind = read_nodes::place(connection, self.settings.hasher, &start)?;
                read_nodes::page(connection, &filter, behind)
            })
        })
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        paged(None, move |selection: Option<Selection>| {
            self.read("read relationships", |connection| {
                let hasher = self.settings.hasher;
                let selection = match selection {
                    Some(selection) => Some(selection),
                    None => Selection::of(connection, hasher, &filter, after.as_ref())?,
                };
                match selection {
                    Some(selection) => read_relationships::page(connection, selection),
                    None => Ok(Page::new()),
                }
            })
        })
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        paged(Start::from(None), move |start| {
            self.read("read what is known", |connection| {
                let behind = read_nodes::place(connection, self.settings.hasher, &start)?;
                read_nodes::known(connection, behind)
            })
        })
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        let hasher = self.settings.hasher;
        self.read("read node", |connection| read_nodes::one(connection, hasher, id))
    }

    async fn counts(&self) -> Result<GraphCounts> {
        self.read("count", read_relationships::counts)
    }
}
