//! [`GraphSink`]: where nodes and relationships go.

use async_trait::async_trait;

use crate::{
    BatchResult, BatchSizer, Endpoint, FixedSizes, Node, RelationshipSet, ResourceId, Result,
};

/// A row that no store can hold, by its place in the batch; the other rows are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedRow {
    /// The node's index in the batch; for relationships the set's.
    pub index: usize,
    /// For relationships, the index within the set; 0 for nodes.
    pub inner: usize,
    /// What is wrong with it.
    pub why: String,
}

/// A relationship that was not written because a node is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MissingEndpoint {
    /// The set's index in the batch.
    pub set: usize,
    /// The relationship's index within the set.
    pub relationship: usize,
    /// Which end is missing; where both are, each is reported.
    pub endpoint: Endpoint,
}

/// What became of a batch of nodes, by the store's own counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NodeOutcome {
    /// Nodes that were not there before.
    pub created: u64,
    /// Nodes that were there with other content.
    pub updated: u64,
    /// Nodes that were there just so; nothing was written for them.
    pub unchanged: u64,
    /// Rows that were left out.
    pub rejected: Vec<RejectedRow>,
    /// How often the batch was written again because another writer stood in its way.
    pub retries: u32,
    /// Whether the batch was too large for one transaction and committed in parts: smaller batches
    /// are better.
    pub divided: bool,
}

impl NodeOutcome {
    /// How the batch ended, for a sizer.
    pub fn result(&self) -> BatchResult {
        BatchResult::stored(self.divided, self.retries)
    }
}

/// What became of a batch of relationship sets, by the store's own counts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RelationshipOutcome {
    /// Relationships that were not there before.
    pub created: u64,
    /// Relationships that were there with other properties or claims.
    pub updated: u64,
    /// Relationships that were there just so.
    pub unchanged: u64,
    /// Relationships that went because no record names them any more.
    pub removed: u64,
    /// Relationships not written for want of a node; the rest of their set was.
    pub missing: Vec<MissingEndpoint>,
    /// Relationships that were left out.
    pub rejected: Vec<RejectedRow>,
    /// How often the batch was written again because another writer stood in its way.
    pub retries: u32,
    /// Whether the batch was too large for one transaction and committed in parts: smaller batches
    /// are better.
    pub divided: bool,
}

impl RelationshipOutcome {
    /// How the batch ended, for a sizer.
    pub fn result(&self) -> BatchResult {
        BatchResult::stored(self.divided, self.retries)
    }
}

/// What a deletion removed, by the store's own counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeleteOutcome {
    /// Nodes that were there and went.
    pub nodes: u64,
    /// Relationships that went with them.
    pub relationships: u64,
}

/// How a sink likes to be fed; a batch sizer may know better.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SinkProfile {
    /// Rows a batch of nodes; default 1,000.
    pub node_rows: usize,
    /// Relationships a batch; default 1,000.
    pub relationship_rows: usize,
    /// Batches of nodes that gain from being in flight at once; default 4.
    pub node_writers: usize,
    /// Batches of relationships that gain from being in flight at once; default 1.
    pub relationship_writers: usize,
}

impl Default for SinkProfile {
    fn default() -> Self {
        Self {
            node_rows: 1_000,
            relationship_rows: 1_000,
            node_writers: 4,
            relationship_writers: 1,
        }
    }
}

impl SinkProfile {
    /// The same profile with other batch sizes.
    #[must_use]
    pub fn with_rows(mut self, node_rows: usize, relationship_rows: usize) -> Self {
        self.node_rows = node_rows.max(1);
        self.relationship_rows = relationship_rows.max(1);
        self
    }

    /// The same profile with other numbers of writers.
    #[must_use]
    pub fn with_writers(mut self, node_writers: usize, relationship_writers: usize) -> Self {
        self.node_writers = node_writers.max(1);
        self.relationship_writers = relationship_writers.max(1);
        self
    }
}

/// Where nodes and relationships go: a graph database, a file, a memory.
///
/// - **Identity**: a node is its canonical key; a relationship its (source key, type, target
///   key). Writing the same again changes nothing and counts as unchanged.
/// - **All or nothing**: a batch whose call returns an error left nothing behind; once it
///   returns `Ok` it is committed and survives the death of the process. A store that bounds its
///   transactions commits a larger call in parts, in their order, and says how large; an error then
///   may leave whole parts behind, and calling again is safe.
/// - **Too large a batch**, for which the store has not the memory or the time, is divided inside;
///   the outcome says so, and the batch sizer hears of it. An error, by contrast, is final.
/// - **A bad row** is found, left out and named in the outcome; it never costs the others.
/// - **Counts** are what the store did, never the length of the batch:
///   created + updated + unchanged + rejected (+ missing relationships) is the batch.
/// - **One key twice in a batch**: the last row wins; the earlier ones count as unchanged.
/// - **Concurrency**: every method may be called from many tasks at once.
/// - **Cancellation**: a dropped call either committed as a whole or not at all; calling again
///   is safe. No lock stays behind.
/// - **Retry** of what may pass (a busy lock, a lost connection) happens inside, to a deadline of
///   the sink's own.
#[async_trait]
pub trait GraphSink: Send + Sync {
    /// Makes the schema that writing needs, where it is not there; waits until it is usable.
    /// Call it once before the first write; calling again is safe and cheap.
    ///
    /// # Errors
    /// Where the store is something else, newer, read-only, or holds what contradicts the schema.
    async fn prepare(&self) -> Result<()>;

    /// Creates or updates nodes, comparing content hashes: a node becomes exactly what is given,
    /// columns that are empty are cleared.
    ///
    /// # Errors
    /// Where the store fails; nothing of the batch is left then.
    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome>;

    /// Creates or updates relationships, set by set. A [`SetMode::Replace`] set also withdraws
    /// what its owner named before and does not name now, in the same transaction. A set whose
    /// hash the store already keeps is unchanged and costs no write. After any other the store
    /// keeps the set's hash if every relationship of it was stored, else none: so an addition
    /// without a hash makes the owner's next complete set be written again. Relationships left
    /// out (a missing node, a bad row) are still named: nothing is withdrawn for them.
    ///
    /// Counts are the batch's net effect, a relationship named twice counting as created and
    /// unchanged; a claim withdrawn from a relationship that stays counts nowhere.
    ///
    /// [`SetMode::Replace`]: crate::SetMode::Replace
    ///
    /// # Errors
    /// Where the store fails; nothing of the batch is left then.
    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome>;

    /// Deletes nodes with all their relationships; ids that are not there are no error. The
    /// hashes of the owners whose relationships went are forgotten.
    ///
    /// # Errors
    /// Where the store fails; large deletions may then be done in part, by whole nodes.
    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome>;

    /// Ends a load: makes indexes that are cheaper made late, moves logs into place. Everything
    /// written before is durable and readable without it; reading may be slower.
    ///
    /// # Errors
    /// Where the store fails.
    async fn flush(&self) -> Result<()>;

    /// How the sink likes to be fed.
    fn profile(&self) -> SinkProfile {
        SinkProfile::default()
    }

    /// A new sizer for one stretch of work into the sink, which whoever writes takes unless its
    /// caller chooses another; the profile's sizes, always the same, unless the sink knows better.
    fn sizer(&self) -> Box<dyn BatchSizer> {
        let profile = self.profile();
        Box::new(FixedSizes::new(profile.node_rows, profile.relationship_rows))
    }
}

#[async_trait]
impl<S: GraphSink + ?Sized> GraphSink for std::sync::Arc<S> {
    async fn prepare(&self) -> Result<()> {
        (**self).prepare().await
    }

    async fn upsert_nodes(&self, nodes: &[Node]) -> Result<NodeOutcome> {
        (**self).upsert_nodes(nodes).await
    }

    async fn upsert_relationships(&self, sets: &[RelationshipSet]) -> Result<RelationshipOutcome> {
        (**self).upsert_relationships(sets).await
    }

    async fn delete(&self, nodes: &[ResourceId]) -> Result<DeleteOutcome> {
        (**self).delete(nodes).await
    }

    async fn flush(&self) -> Result<()> {
        (**self).flush().await
    }

    fn profile(&self) -> SinkProfile {
        (**self).profile()
    }

    fn sizer(&self) -> Box<dyn BatchSizer> {
        (**self).sizer()
    }
}
