//! The writing side: batches of nodes, then of the relationships their records name.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{Instrument, debug_span};
use xxhash_rust::xxh3::xxh3_64;

use super::lane::{Lane, lost};
use super::map::{Mapped, shared_node};
use super::reading::Hold;
use crate::{
    BatchKind, BatchObservation, BatchResult, BatchSizer, Error, ErrorKind, GraphSink, Node,
    NodeOutcome, RelationshipOutcome, RelationshipSet, Result,
};

/// Shared nodes remembered as already sent; beyond that some are sent again, which is harmless.
const MOST_SHARED_SEEN: usize = 1 << 20;

/// A written batch.
pub(super) enum Written {
    Nodes { batch: NodeBatch, outcome: NodeOutcome },
    Relationships { batch: SetBatch, outcome: RelationshipOutcome },
}

/// Nodes, the first `sets.len()` of which own the sets; shared nodes come behind.
#[derive(Default)]
pub(super) struct NodeBatch {
    pub(super) nodes: Vec<Node>,
    pub(super) sets: Vec<(RelationshipSet, Hold)>,
    bytes: usize,
}

/// Relationship sets with what keeps their pages' bytes counted.
pub(super) struct SetBatch {
    pub(super) sets: Vec<RelationshipSet>,
    _holds: Vec<Hold>,
    rows: usize,
}

/// What a write of relationship sets tells.
pub(super) fn sets_written(
    rows: usize,
    bytes: usize,
    begun: Instant,
    result: &Result<RelationshipOutcome>,
) -> BatchObservation {
    let result = BatchResult::of(result, RelationshipOutcome::result);
    let kind = BatchKind::Relationships;
    BatchObservation { kind, rows, bytes, elapsed: begun.elapsed(), result }
}

/// Collects rows into batches and keeps several of them in flight.
pub(super) struct Writer<G> {
    sink: Arc<G>,
    sizer: Arc<Mutex<Box<dyn BatchSizer>>>,
    in_flight: JoinSet<(BatchObservation, Result<Written>)>,
    nodes: Lane,
    relationships: Lane,
    waiting_nodes: NodeBatch,
    waiting_shared: Vec<Node>,
    waiting_sets: VecDeque<(RelationshipSet, Hold)>,
    waiting_set_rows: usize,
    /// Hashes of the shared nodes sent. Where two are equal one waits for the resolving instead.
    shared_seen: HashSet<u64, foldhash::fast::RandomState>,
    batch_bytes: usize,
}

impl<G: GraphSink + 'static> Writer<G> {
    pub(super) fn new(
        sink: Arc<G>,
        sizer: Arc<Mutex<Box<dyn BatchSizer>>>,
        node_writers: usize,
        relationship_writers: usize,
        bytes_in_flight: usize,
    ) -> Self {
        let lane = |kind, writers| {
            let mut lane = Lane::new(kind, writers);
            lane.adapt(&mut **sizer.lock().unwrap_or_else(PoisonError::into_inner));
            lane
        };
        Self {
            sink,
            nodes: lane(BatchKind::Nodes, node_writers),
            relationships: lane(BatchKind::Relationships, relationship_writers),
            sizer,
            in_flight: JoinSet::new(),
            waiting_nodes: NodeBatch::default(),
            waiting_shared: Vec::new(),
            waiting_sets: VecDeque::new(),
            waiting_set_rows: 0,
            shared_seen: HashSet::default(),
            batch_bytes: (bytes_in_flight / 4).max(1),
        }
    }

    /// Tells how many nodes there will be, about.
    pub(super) fn expect_nodes(&mut self, nodes: Option<u64>) {
        self.nodes.expected = nodes;
    }

    /// Whether more rows may come before a batch has to finish.
    pub(super) fn has_room(&self) -> bool {
        let waiting = &self.waiting_nodes;
        self.nodes.has_room() && (waiting.nodes.is_empty() || waiting.bytes < self.batch_bytes)
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_flight.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.is_idle()
            && self.waiting_nodes.nodes.is_empty()
            && self.waiting_shared.is_empty()
            && self.waiting_sets.is_empty()
    }

    pub(super) fn add(&mut self, rows: Vec<Mapped>, bytes: usize, hold: &Hold) {
        if rows.is_empty() {
            return;
        }
        self.waiting_nodes.bytes += bytes;
        for row in rows {
            for one in &row.relationships.relationships {
                self.add_shared(&one.target);
            }
            self.waiting_nodes.nodes.push(row.node);
            self.waiting_nodes.sets.push((row.relationships, hold.clone()));
        }
    }

    fn add_shared(&mut self, target: &crate::ResourceId) {
        if target.is_arm() {
            return;
        }
        if self.shared_seen.len() >= MOST_SHARED_SEEN {
            self.shared_seen.clear();
        }
        if self.shared_seen.insert(xxh3_64(target.key().as_bytes())) {
            self.waiting_shared.extend(shared_node(&target.detached()));
        }
    }

    /// Starts the batches that are full; with `partial` also those that are not, one of a kind.
    pub(super) fn start(&mut self, partial: bool) {
        while self.start_nodes(partial) {}
        while self.start_relationships(partial) {}
    }

    fn start_nodes(&mut self, partial: bool) -> bool {
        let waiting = self.waiting_nodes.nodes.len();
        if !self.nodes.has_room() || waiting + self.waiting_shared.len() == 0 {
            return false;
        }
        let size = self.nodes.next_size(&self.sizer);
        let full = waiting + self.waiting_shared.len() >= size
            || self.waiting_nodes.bytes >= self.batch_bytes;
        if !full && !partial {
            return false;
        }
        let batch = self.take_nodes(size);
        self.nodes.started(batch.nodes.len(), batch.bytes);
        let sink = self.sink.clone();
        let span = debug_span!("write nodes", rows = batch.nodes.len(), bytes = batch.bytes);
        let write = async move {
            let begun = Instant::now();
            let result = sink.upsert_nodes(&batch.nodes).await;
            let seen = BatchObservation {
                kind: BatchKind::Nodes,
                rows: batch.nodes.len(),
                bytes: batch.bytes,
                elapsed: begun.elapsed(),
                result: BatchResult::of(&result, NodeOutcome::result),
            };
            (seen, result.map(|outcome| Written::Nodes { batch, outcome }))
        };
        self.in_flight.spawn(write.instrument(span));
        true
    }

    fn take_nodes(&mut self, size: usize) -> NodeBatch {
        // Shared nodes first, for what follows refers to them; but not so many that others starve.
        let shared = self.waiting_shared.len().min(size.div_ceil(2));
        let waiting = &mut self.waiting_nodes;
        let take = (size - shared).min(waiting.nodes.len());
        let mut batch = if take == waiting.nodes.len() {
            std::mem::take(waiting)
        } else {
            let share = waiting.bytes / waiting.nodes.len() * take;
            waiting.bytes -= share;
            NodeBatch {
                nodes: waiting.nodes.drain(..take).collect(),
                sets: waiting.sets.drain(..take).collect(),
                bytes: share,
            }
        };
        batch.nodes.extend(self.waiting_shared.drain(..shared));
        batch
    }

    fn start_relationships(&mut self, partial: bool) -> bool {
        if !self.relationships.has_room() || self.waiting_sets.is_empty() {
            return false;
        }
        let size = self.relationships.next_size(&self.sizer);
        // Sets keep their pages alive: an idle lane takes what there is rather than let the
        // readers wait for room.
        if self.waiting_set_rows < size && !partial && self.relationships.in_flight > 0 {
            return false;
        }
        let mut rows = 0;
        let fits = |(set, _): &&(RelationshipSet, Hold)| {
            let with = rows + set.relationships.len();
            // A single set may be larger than a batch.
            let fits = rows == 0 || with <= size;
            rows = if fits { with } else { rows };
            fits
        };
        let count = self.waiting_sets.iter().take_while(fits).count();
        let (sets, holds) = self.waiting_sets.drain(..count).unzip();
        self.waiting_set_rows -= rows;
        let batch = SetBatch { sets, _holds: holds, rows };
        self.write_sets(batch);
        true
    }

    fn write_sets(&mut self, batch: SetBatch) {
        let bytes = batch.sets.iter().map(RelationshipSet::size).sum();
        self.relationships.started(batch.rows, bytes);
        let sink = self.sink.clone();
        let span = debug_span!("write relationships", rows = batch.rows, bytes);
        let write = async move {
            let begun = Instant::now();
            let result = sink.upsert_relationships(&batch.sets).await;
            let seen = sets_written(batch.rows, bytes, begun, &result);
            (seen, result.map(|outcome| Written::Relationships { batch, outcome }))
        };
        self.in_flight.spawn(write.instrument(span));
    }

    /// Waits for a batch to end. `None` where none is in flight.
    ///
    /// Cancel safe: a batch that ended is not lost.
    pub(super) async fn next(&mut self) -> Option<(BatchObservation, Result<Written>)> {
        let (seen, result) = match self.in_flight.join_next().await? {
            Ok(done) => done,
            Err(error) => {
                let error = Error::new(ErrorKind::Internal, "write batch", "the sink panicked")
                    .with_source(error);
                return Some((lost(), Err(error)));
            }
        };
        let lane = match seen.kind {
            BatchKind::Nodes => &mut self.nodes,
            BatchKind::Relationships => &mut self.relationships,
        };
        lane.in_flight -= 1;
        let mut sizer = self.sizer.lock().unwrap_or_else(PoisonError::into_inner);
        sizer.observe(&seen);
        lane.adapt(&mut **sizer);
        drop(sizer);
        Some((seen, result))
    }

    /// Queues the relationship sets of nodes that are stored now.
    pub(super) fn nodes_stored(&mut self, batch: NodeBatch, outcome: &NodeOutcome) {
        let rejected: HashSet<usize> = outcome.rejected.iter().map(|row| row.index).collect();
        for (index, (set, hold)) in batch.sets.into_iter().enumerate() {
            if !rejected.contains(&index) {
                self.waiting_set_rows += set.relationships.len();
                self.waiting_sets.push_back((set, hold));
            }
        }
    }
}
