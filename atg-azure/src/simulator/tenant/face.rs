//! [`Face`]: in whose words a record is told.

/// The service whose shape a record has: the same thing looks different from each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Face {
    /// A row of Resource Graph, format `objectArray`: the type in lower case, absent columns
    /// null or empty.
    ResourceGraph,
    /// What GET by id and typed lists answer: the whole record.
    Get,
    /// An item of `/subscriptions/{s}/resources`: never with `properties`.
    Summary,
}
