//! [`ScaleUp`]: the operation.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;

use atg_core::{
    Error, ErrorKind, GraphCounts, GraphReader, GraphSink, NodeFilter, RelationshipFilter, Result,
    Text,
};
use futures::TryStreamExt;

use super::copier::Copier;
use super::report::{ScaleOutcome, ScaleProgress, ScaleReport};
use super::subscriptions::CopiedSubscriptions;
use super::template::{Template, subscription_of};

/// Makes copies of what was read into a graph.
///
/// - **Memory** does not grow with the graph: the template is read as a stream, and each page of
///   it is written as many times as there are copies. Only the ids of its subscriptions are kept.
/// - **Idempotent**: running the same operation id again continues where it was left, and
///   changes nothing where it had ended. Another id makes further copies.
/// - **Cancel safe**: dropping the future leaves whole batches, of which the last may be
///   committed after it; run the same operation id again to complete them.
/// - **Cost**: the template is read twice, once for its subscriptions.
#[derive(Clone)]
#[must_use = "nothing is copied before `run`"]
pub struct ScaleUp {
    size: Size,
    operation_id: Text,
    progress: Arc<dyn Fn(ScaleProgress) + Send + Sync>,
}

#[derive(Debug, Clone, Copy)]
enum Size {
    Copies(u64),
    Total(u64),
}

impl ScaleUp {
    /// Makes this many copies; at least 1.
    pub fn copies(copies: u64) -> Self {
        Self::new(Size::Copies(copies))
    }

    /// Makes the smallest whole number of copies with which the graph has this many nodes in
    /// total.
    pub fn to(nodes: u64) -> Self {
        Self::new(Size::Total(nodes))
    }

    fn new(size: Size) -> Self {
        let random = RandomState::new().build_hasher().finish();
        Self { size, operation_id: Text::new(), progress: Arc::new(|_| ()) }.with_seed(random)
    }

    /// The id that the copies carry and that their subscriptions are made from; random unless
    /// set. Give an earlier run's id to continue that run.
    pub fn with_operation_id(mut self, id: impl Into<Text>) -> Self {
        self.operation_id = id.into();
        self
    }

    /// An operation id made from a seed: the same seed makes the same copies.
    pub fn with_seed(self, seed: u64) -> Self {
        self.with_operation_id(format!("scale-{seed:016x}"))
    }

    /// Calls back with every batch that is committed; the callback must not wait.
    pub fn with_progress(
        mut self,
        progress: impl Fn(ScaleProgress) + Send + Sync + 'static,
    ) -> Self {
        self.progress = Arc::new(progress);
        self
    }

    /// The id of the operation.
    pub fn operation_id(&self) -> &str {
        &self.operation_id
    }

    /// Reads the template from `reader` and writes its copies to `sink`: usually the same store.
    /// Batches are written by tasks of their own, each with a clone of the sink (an `Arc` of it
    /// will do): call it within a tokio runtime.
    ///
    /// # Errors
    /// `InvalidInput` for no copies or an empty operation id; `NotFound` where the graph has
    /// nothing to copy; `Conflict` where nodes are deleted meanwhile; else the store's. What was
    /// written before an error stays, as whole batches.
    pub async fn run<R: GraphReader, S: GraphSink + Clone + 'static>(
        &self,
        reader: &R,
        sink: &S,
    ) -> Result<ScaleOutcome> {
        self.check()?;
        let counts = reader.counts().await?;
        let own_nodes = self.own_nodes(reader, &counts).await?;
        let nodes_before = counts.nodes - own_nodes.min(counts.nodes);
        if matches!(self.size, Size::Total(total) if total <= nodes_before) {
            return Ok(ScaleOutcome::AlreadyLargeEnough { nodes: counts.nodes });
        }
        let template = Template::survey(reader).await?;
        let copies = self.number_of_copies(&template, nodes_before)?;
        let mut relationships_before = counts.relationships;
        if own_nodes > 0 {
            let own = self.own_relationships(reader, &template, copies).await?;
            relationships_before -= own.min(relationships_before);
        }
        let template_nodes = template.nodes;
        let writer = Copier {
            reader,
            sink,
            template: &template,
            operation: &self.operation_id,
            copies,
            progress: &*self.progress,
        };
        sink.prepare().await?;
        let nodes = writer.nodes().await?;
        let (template_relationships, relationships) = writer.relationships().await?;
        sink.flush().await?;
        Ok(ScaleOutcome::Scaled(ScaleReport {
            operation_id: self.operation_id.to_string(),
            template_nodes,
            template_relationships,
            copies,
            nodes,
            relationships,
            nodes_before,
            relationships_before,
        }))
    }

    fn check(&self) -> Result<()> {
        let problem = if self.operation_id.is_empty() {
            "the operation id is empty; give it a name"
        } else if matches!(self.size, Size::Copies(0)) {
            "no copies are asked for; ask for 1 at least"
        } else {
            return Ok(());
        };
        Err(Error::new(ErrorKind::InvalidInput, "scale graph", problem))
    }

    fn number_of_copies(&self, template: &Template, nodes_before: u64) -> Result<u64> {
        if template.nodes == 0 {
            return Err(Error::new(
                ErrorKind::NotFound,
                "scale graph",
                "there is nothing to copy: the graph holds no node that was read from a \
                 subscription; scan into it first",
            ));
        }
        Ok(match self.size {
            Size::Copies(copies) => copies,
            Size::Total(total) => (total - nodes_before.min(total)).div_ceil(template.nodes),
        })
    }

    /// Nodes that an earlier run of this operation made.
    async fn own_nodes<R: GraphReader>(&self, reader: &R, counts: &GraphCounts) -> Result<u64> {
        if counts.synthetic_nodes == 0 {
            return Ok(0);
        }
        let operation = Some(self.operation_id.clone());
        let filter = NodeFilter { scale_operation_id: operation, ..NodeFilter::default() };
        let nodes = reader.nodes(filter, None);
        nodes.try_fold(0, |count, _| async move { Ok(count + 1) }).await
    }

    /// Relationships that an earlier run of this operation made.
    async fn own_relationships<R: GraphReader>(
        &self,
        reader: &R,
        template: &Template,
        copies: u64,
    ) -> Result<u64> {
        let owners = CopiedSubscriptions::of(&template.subscriptions, &self.operation_id, copies);
        let mut count = 0;
        let mut relationships = reader.relationships(RelationshipFilter::default(), None);
        while let Some(one) = relationships.try_next().await? {
            let in_copy = |id| subscription_of(id).is_some_and(|id| owners.owner(id).is_some());
            count += u64::from(in_copy(&one.source) || in_copy(&one.target));
        }
        Ok(count)
    }
}

impl fmt::Debug for ScaleUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScaleUp")
            .field("size", &self.size)
            .field("operation_id", &self.operation_id)
            .finish_non_exhaustive()
    }
}
