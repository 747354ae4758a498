//! The command line.

use std::num::NonZeroUsize;

use clap::{Parser, ValueEnum};

/// Loads of a Neo4j server, compared. `NEO4J_USER` and `NEO4J_PASSWORD` sign in, where set.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// The server
    #[arg(long, default_value = "bolt://127.0.0.1:7687")]
    pub(crate) uri: String,
    /// Nodes in a load, a count
    #[arg(long, default_value_t = 40_000)]
    pub(crate) nodes: usize,
    /// Relationships in a load, a count
    #[arg(long, default_value_t = 60_000)]
    pub(crate) relationships: usize,
    /// Kinds of resources and relationships: label sets and relationship types, 1 to 8
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=8))]
    pub(crate) kinds: u8,
    /// Rounds that count; one more goes before them
    #[arg(long, default_value = "3")]
    pub(crate) rounds: NonZeroUsize,
    /// Rows a batch, for the sink and for the server alone
    #[arg(long, value_delimiter = ',', default_value = "1000,2500")]
    pub(crate) rows: Vec<NonZeroUsize>,
    /// Batches in flight, for the sink
    #[arg(long, value_delimiter = ',', default_value = "1,2,4")]
    pub(crate) writers: Vec<NonZeroUsize>,
    /// Which other loaders run
    #[arg(long, value_enum, default_value_t = Peers::All)]
    pub(crate) peers: Peers,
    /// Instead of the table: 1,000,000 nodes and 2,000,000 relationships by the sink
    #[arg(long)]
    pub(crate) million: bool,
    /// Allow to delete what the database holds now; an empty database needs no leave
    #[arg(long)]
    pub(crate) clear: bool,
}

/// Which other loaders run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Peers {
    /// All whose toolchains are there.
    All,
    /// None.
    None,
}
