//! [`ScaleUp`]: the operation.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, Mutex};

use atg_core::{
    BatchSizer, Error, ErrorKind, GraphCounts, GraphReader, GraphSink, NoMonitor, PerfMonitor,
    Result, Text,
};

use super::copier::{Copier, copies_in_flight};
use super::earlier::Earlier;
use super::in_flight::{Guides, SharedSizer};
use super::report::{ScaleOutcome, ScaleProgress, ScaleReport};
use super::template::Template;

/// Nodes that a scale-up makes at the most.
const MOST_NODES: u64 = u32::MAX as u64;

/// Makes copies of what was read into a graph.
///
/// - **Memory** does not grow with the graph: the template is read as a stream, and each page of
///   it is written as many times as there are copies. Only the ids of its subscriptions are kept.
/// - **Idempotent**: running the same operation id again continues where it was left, and
///   changes nothing where it had ended. It never makes fewer copies than there are, whatever
///   size is asked for now. Another id makes further copies.
/// - **After the template changed**: what it gained, and what changed within its nodes and
///   relationships, the copies gain too. Where the copies have a node, a relationship or a claim
///   that it has lost, they are left as they are and count as any other node: further copies,
///   if the size still asks for any, are made under the id with `.2` (then `.3`, …) added, which
///   the report names.
/// - **Cancel safe**: dropping the future leaves whole batches, of which the last may be
///   committed after it; run the same operation id again to complete them.
/// - **Cost**: the template is read twice, once for its subscriptions. Continuing an operation
///   reads the graph once more, its copies twice, and takes some 40 bytes for each node or
///   relationship of the template.
#[derive(Clone)]
#[must_use = "nothing is copied before `run`"]
pub struct ScaleUp {
    size: Size,
    operation_id: Text,
    progress: Arc<dyn Fn(ScaleProgress) + Send + Sync>,
    sizer: Option<SharedSizer>,
    monitor: Arc<dyn PerfMonitor>,
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
        Self {
            size,
            operation_id: Text::new(),
            progress: Arc::new(|_| ()),
            sizer: None,
            monitor: Arc::new(NoMonitor),
        }
        .with_seed(random)
    }

    /// The id that the copies carry and that their subscriptions are made from; random unless
    /// set. Give an earlier run's id to continue that run; the report's may have a number added
    /// where the template has changed since.
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

    /// Batch sizes, and how many batches are in flight, chosen by `sizer` in place of the
    /// sink's own; at most 100,000 rows. Clones share it.
    pub fn with_sizer(mut self, sizer: impl BatchSizer + 'static) -> Self {
        self.sizer = Some(Arc::new(Mutex::new(Box::new(sizer))));
        self
    }

    /// Measured by `monitor`: the operations `"write nodes"` and `"write relationships"`, a record a
    /// batch.
    pub fn with_monitor(mut self, monitor: impl PerfMonitor + 'static) -> Self {
        self.monitor = Arc::new(monitor);
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
    /// `InvalidInput` for no copies, an empty operation id, or copies of more than 4 294 967 295
    /// nodes; `NotFound` where the graph has nothing to copy; `Conflict` where nodes are deleted
    /// meanwhile; else the store's. What was written before an error stays, as whole batches.
    pub async fn run<R: GraphReader, S: GraphSink + Clone + 'static>(
        &self,
        reader: &R,
        sink: &S,
    ) -> Result<ScaleOutcome> {
        self.check()?;
        let counts = reader.counts().await?;
        let large_enough = ScaleOutcome::AlreadyLargeEnough { nodes: counts.nodes };
        if counts.synthetic_nodes == 0 && self.is_reached(counts.nodes) {
            return Ok(large_enough);
        }
        let template = Template::survey(reader).await?;
        let (operation, earlier) = self.continued(reader, &template, &counts).await?;
        let nodes_before = counts.nodes.saturating_sub(earlier.nodes);
        if self.is_reached(nodes_before) {
            return Ok(large_enough);
        }
        let copies = self.number_of_copies(&template, nodes_before)?.max(earlier.copies);
        let relationships_before = counts.relationships.saturating_sub(earlier.relationships);
        let writer = Copier {
            reader,
            sink,
            template: &template,
            template_relationships: relationships_before,
            operation: &operation,
            copies,
            guides: &self.guides(sink),
            progress: &*self.progress,
        };
        sink.prepare().await?;
        let nodes = writer.nodes().await?;
        let (template_relationships, relationships) = writer.relationships().await?;
        sink.flush().await?;
        Ok(ScaleOutcome::Scaled(ScaleReport {
            operation_id: operation.to_string(),
            template_nodes: template.nodes,
            template_relationships,
            copies,
            nodes,
            relationships,
            nodes_before,
            relationships_before,
        }))
    }

    fn guides(&self, sink: &impl GraphSink) -> Guides {
        let sizer = self.sizer.clone().unwrap_or_else(|| Arc::new(Mutex::new(sink.sizer())));
        Guides { sizer, monitor: self.monitor.clone() }
    }

    /// Whether a graph with so many nodes needs no copies.
    fn is_reached(&self, nodes: u64) -> bool {
        matches!(self.size, Size::Total(total) if total <= nodes)
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
        let copies = match self.size {
            Size::Copies(copies) => copies,
            Size::Total(total) => total.saturating_sub(nodes_before).div_ceil(template.nodes),
        };
        match copies.checked_mul(template.nodes) {
            Some(nodes) if nodes <= MOST_NODES => Ok(copies),
            _ => Err(Error::new(
                ErrorKind::InvalidInput,
                "scale graph",
                format!(
                    "{copies} copies of {} nodes are more than {MOST_NODES} nodes; ask for fewer",
                    template.nodes
                ),
            )),
        }
    }

    /// The id to go on under, and what an earlier run under it left: the first of the
    /// operation's ids under which nothing is that the present template does not have.
    async fn continued<R: GraphReader>(
        &self,
        reader: &R,
        template: &Template,
        counts: &GraphCounts,
    ) -> Result<(Text, Earlier)> {
        let mut operation = self.operation_id.clone();
        if counts.synthetic_nodes == 0 {
            return Ok((operation, Earlier::default()));
        }
        let mut generation = 1_u64;
        loop {
            let lost = copies_in_flight(template);
            if let Some(earlier) = Earlier::of(reader, template, &operation, lost).await? {
                return Ok((operation, earlier));
            }
            generation += 1;
            operation = format!("{}.{generation}", self.operation_id).into();
        }
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
