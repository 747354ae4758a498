//! [`Contestant`]: one way to load the server.

use std::time::Duration;

use async_trait::async_trait;

use crate::Outcome;

/// One way to load the server.
#[async_trait]
pub(crate) trait Contestant: Send {
    /// What it is and how it is set.
    fn label(&self) -> Label;

    /// The schema it wants to find.
    fn schema(&self) -> Schema;

    /// Makes ready for a load into the empty database that has the schema; not timed.
    async fn prepare(&mut self) -> Outcome;

    /// Does a phase, and says how long it took. `None` where there is no such phase.
    async fn load(&mut self, phase: Phase) -> Outcome<Option<Duration>>;

    /// Deadlocks since `prepare`, after which transactions were tried again; `None` where the
    /// loader does not tell.
    fn deadlocks(&self) -> Option<u64> {
        None
    }

    /// The process that does the work of a client.
    fn process(&self) -> u32 {
        std::process::id()
    }
}

/// What a contestant is and how it is set.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) name: &'static str,
    pub(crate) role: Role,
    /// Rows a transaction, for nodes and for relationships.
    pub(crate) rows: [usize; 2],
    /// Transactions in flight, for nodes and for relationships.
    pub(crate) writers: [usize; 2],
}

impl Label {
    /// The same sizes for nodes and relationships.
    pub(crate) fn new(name: &'static str, role: Role, rows: usize, writers: usize) -> Self {
        Self { name, role, rows: [rows; 2], writers: [writers; 2] }
    }
}

/// What a contestant's figures are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// What the server does without a client's data.
    ServerOnly,
    /// The same, for information.
    Aside,
    /// A loader to be compared with.
    Peer,
    /// The sink with sizes of the grid.
    Grid,
    /// The sink as its profile wants to be fed: the one that the limits are for.
    Ours,
}

impl Role {
    /// Whether a client sends rows.
    pub(crate) fn has_client(self) -> bool {
        !matches!(self, Self::ServerOnly | Self::Aside)
    }
}

/// The constraints and indexes of a load.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Schema {
    /// A uniqueness constraint on the id of a `Resource`, and nothing else.
    Plain,
    /// The sink's own.
    Ours,
}

/// A part of a load, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Phase {
    Nodes,
    Relationships,
    /// The same nodes again.
    NodesAgain,
    /// The same relationships again.
    RelationshipsAgain,
}

impl Phase {
    pub(crate) const ALL: [Self; 4] =
        [Self::Nodes, Self::Relationships, Self::NodesAgain, Self::RelationshipsAgain];

    /// Whether it is about nodes.
    pub(crate) fn of_nodes(self) -> bool {
        matches!(self, Self::Nodes | Self::NodesAgain)
    }

    /// Whether all of it is stored already.
    pub(crate) fn again(self) -> bool {
        self >= Self::NodesAgain
    }
}
