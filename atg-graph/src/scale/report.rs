//! What a scale-up says about itself: [`ScaleOutcome`], [`ScaleReport`], [`ScaleProgress`].

use serde::{Deserialize, Serialize};

/// What came of a scale-up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScaleOutcome {
    /// The copies were made, or were there already from an earlier run of the same operation.
    Scaled(ScaleReport),
    /// The graph had as many nodes as it was to get; nothing was written.
    AlreadyLargeEnough {
        /// Nodes in the graph.
        nodes: u64,
    },
}

/// What a scale-up made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScaleReport {
    /// The operation's id, which every node it made carries; see
    /// [`ScaleUp::with_operation_id`](super::ScaleUp::with_operation_id).
    pub operation_id: String,
    /// Nodes of the template: what each copy has.
    pub template_nodes: u64,
    /// Relationships of the template, those to shared nodes included: what each copy has.
    pub template_relationships: u64,
    /// Copies.
    pub copies: u64,
    /// Nodes of all copies, by the store's own counts.
    pub nodes: u64,
    /// Relationships of all copies, by the store's own counts.
    pub relationships: u64,
    /// Nodes that the graph had without these copies.
    pub nodes_before: u64,
    /// Relationships that the graph had without these copies.
    pub relationships_before: u64,
}

/// What is being written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScalePhase {
    /// The copies' nodes.
    Nodes,
    /// Their relationships.
    Relationships,
}

/// How far a scale-up has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleProgress {
    /// What is being written.
    pub phase: ScalePhase,
    /// Rows of it that are committed.
    pub done: u64,
    /// Rows there will be, where that is known.
    pub total: Option<u64>,
}
