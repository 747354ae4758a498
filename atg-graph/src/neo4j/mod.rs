//! A graph in a Neo4j server, by Bolt.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use atg_core::{
    BatchSizer, DeleteOutcome, GraphCounts, GraphReader, GraphSink, Known, Node, NodeFilter,
    NodeOutcome, Relationship, RelationshipFilter, RelationshipOutcome, RelationshipSet,
    ResourceId, Result, SinkProfile,
};
use atg_perf::ResponseSurface;
use futures::stream::BoxStream;

mod address;
mod delete;
mod errors;
#[cfg(test)]
mod fake_server;
mod fresh;
mod indexes;
mod ledger;
mod meaning;
mod names;
mod node_numbers;
mod node_rows;
mod node_updates;
mod node_view;
mod nodelay;
mod pages;
mod parts;
#[cfg(test)]
mod plans;
mod pool;
mod read_counts;
mod read_nodes;
mod read_relationships;
mod read_statements;
mod relationship_changes;
mod relationship_creation;
mod relationship_view;
mod retry;
mod schema;
mod sets;
mod settings;
mod statements;
mod transaction;
mod turns;
mod values;
mod watch;
mod work;
mod write_nodes;
mod write_relationships;

pub use retry::RetryCounts;
pub use settings::Neo4jBuilder;

use fresh::Freshness;
use node_numbers::NodeNumbers;
use parts::Limits;
use pool::Pool;
use schema::Schema;
use settings::Settings;
use turns::Turns;

/// Nodes a batch at which loads were fastest, on a server that shares two cores with its client;
/// the bench `neo4j` has the table.
const NODE_ROWS: usize = 1_000;

/// Batches of nodes in flight beyond which loads gained nothing.
const NODE_WRITERS: usize = 2;

/// Relationships a batch at which loads were fastest.
const RELATIONSHIP_ROWS: usize = 2_500;

/// The same for relationships; with more, they wait for each other's locks.
const RELATIONSHIP_WRITERS: usize = 2;

/// A graph in a Neo4j server: sink and reader. A clone is another handle to the same graph.
///
/// - **Schema**: writing prepares it where that was not done: a constraint keeps every node, and
///   every relationship, from being there twice, whoever writes.
/// - **A call is one transaction** up to the builder's bounds on rows and bytes; a larger one, or
///   one for which the server has no memory, is several, each all or nothing. So is one that
///   withdraws more relationships than that; what a set withdraws goes before what it adds.
/// - **Rows that the server alone can refuse** (a value too large for an index of another's) are
///   found by halving the batch. After a hundred of them in a row the call fails: then it is not
///   the rows.
/// - **Counts** are exact, but where the answer to a commit was lost and either another writer
///   changed the same rows before the next try, or the withdrawals were more than a transaction's.
/// - **Memory**: where the server stores the nodes created last, up to 900,000 in 35 MB; clones
///   share it.
/// - **Waiting**: a call waits for one of the connections without bound; a try is bounded by the
///   response time-out, and tries begin until the retry deadline.
#[derive(Clone)]
pub struct Neo4jGraph {
    inner: Arc<Inner>,
}

/// What all handles share.
struct Inner {
    settings: Arc<Settings>,
    pool: Arc<Pool>,
    schema: Schema,
    limits: Limits,
    fresh_nodes: Freshness,
    fresh_relationships: Freshness,
    turns: Turns,
    numbers: NodeNumbers,
}

impl fmt::Debug for Neo4jGraph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neo4jGraph").field("settings", &self.inner.settings).finish_non_exhaustive()
    }
}

impl Neo4jBuilder {
    /// Connects, and makes sure that the server answers, lets the user in and has the database.
    ///
    /// # Errors
    /// `InvalidInput` where the address is none of those above or does not speak Bolt;
    /// `Unauthenticated`, `PermissionDenied` or `NotFound` where the server says so;
    /// `Unavailable` or `Timeout` where it does not answer.
    pub async fn connect(self) -> Result<Neo4jGraph> {
        Neo4jGraph::open(self.settings()?).await
    }
}

impl Neo4jGraph {
    /// A graph at an address: `bolt://host:7687`, `neo4j://host` for a cluster's routing, and
    /// `+s` or `+ssc` behind either for TLS. [`Neo4jBuilder::connect`] opens it.
    pub fn builder(uri: impl Into<String>) -> Neo4jBuilder {
        Neo4jBuilder::new(uri)
    }

    /// How often transactions had to be tried again since the graph was opened, by cause; over all
    /// handles.
    pub fn retries(&self) -> RetryCounts {
        self.inner.pool.retries().counts()
    }

    /// Opens a graph and makes sure that the server answers.
    async fn open(settings: Settings) -> Result<Self> {
        let settings = Arc::new(settings);
        let pool = Arc::new(Pool::new(settings.clone())?);
        let inner = Inner {
            limits: Limits::new(settings.rows_per_transaction, settings.bytes_per_transaction),
            settings,
            pool,
            schema: Schema::default(),
            fresh_nodes: Freshness::default(),
            fresh_relationships: Freshness::default(),
            turns: Turns::default(),
            numbers: NodeNumbers::default(),
        };
        schema::check_server(&inner.pool).await?;
        Ok(Self { inner: Arc::new(inner) })
    }
}

#[async_trait]
impl GraphSink for Neo4jGraph {
    async fn prepare(&self) -> Result<()> {
        self.inner.schema.prepare(&self.inner.pool).await
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        self.prepare().await?;
        write_nodes::upsert(&self.inner, nodes).await
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        self.prepare().await?;
        write_relationships::upsert(&self.inner, sets).await
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        self.prepare().await?;
        delete::delete(&self.inner, nodes).await
    }

    async fn flush(&self) -> Result<()> {
        self.inner.schema.finish(&self.inner.pool).await
    }

    fn profile(&self) -> SinkProfile {
        let rows = |most: usize| most.min(self.inner.limits.rows());
        let connections = self.inner.settings.connections;
        SinkProfile::default()
            .with_rows(rows(NODE_ROWS), rows(RELATIONSHIP_ROWS))
            .with_writers(NODE_WRITERS.min(connections), RELATIONSHIP_WRITERS.min(connections))
    }

    fn sizer(&self) -> Box<dyn BatchSizer> {
        Box::new(ResponseSurface::for_sink(&self.profile()))
    }
}

#[async_trait]
impl GraphReader for Neo4jGraph {
    fn nodes(&self, filter: NodeFilter, after: Option<ResourceId>) -> BoxStream<'_, Result<Node>> {
        read_nodes::nodes(&self.inner, filter, after)
    }

    fn relationships(
        &self,
        filter: RelationshipFilter,
        after: Option<Relationship>,
    ) -> BoxStream<'_, Result<Relationship>> {
        read_relationships::relationships(&self.inner, filter, after)
    }

    fn known(&self) -> BoxStream<'_, Result<Known>> {
        read_nodes::known(&self.inner)
    }

    async fn node(&self, id: &ResourceId) -> Result<Option<Node>> {
        read_nodes::node(&self.inner, id).await
    }

    async fn counts(&self) -> Result<GraphCounts> {
        read_counts::counts(&self.inner).await
    }
}
