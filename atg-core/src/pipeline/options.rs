//! How a pipeline runs.

use super::map::MapOptions;
use crate::Text;

/// How a pipeline runs; start from the default.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineOptions {
    /// Scopes read at once; 1 or more, default 4.
    pub reads_in_flight: usize,
    /// Pages read and waiting to be written; 1 or more, default 8.
    pub pages_in_flight: usize,
    /// Bytes held between source and sink, pages and rows together, about; default 16 MiB. A
    /// single page larger than that goes through alone.
    pub bytes_in_flight: usize,
    /// Bytes of relationships that wait in memory for a node that was not read yet; what is
    /// beyond waits in a temporary file; default 8 MiB.
    pub waiting_bytes: usize,
    /// Batches of nodes in flight; `None`, the default, takes the sink's word, and at least 2,
    /// so that the sink has work while the next batch is made.
    pub node_writers: Option<usize>,
    /// Batches of relationships in flight; `None`, the default, takes the sink's word.
    pub relationship_writers: Option<usize>,
    /// Which nodes are made beside the resources.
    pub map: MapOptions,
    /// The tenant of records that do not name theirs; default empty.
    pub tenant_id: Text,
}

impl Default for PipelineOptions {
    fn default() -> Self {
        Self {
            reads_in_flight: 4,
            pages_in_flight: 8,
            bytes_in_flight: 16 << 20,
            waiting_bytes: 8 << 20,
            node_writers: None,
            relationship_writers: None,
            map: MapOptions::default(),
            tenant_id: Text::new(),
        }
    }
}
