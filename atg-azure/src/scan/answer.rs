//! What a scan finds.

use atg_core::{Error, ErrorKind, Resource, Skipped};

use crate::service_error::ServiceError;

/// What an answer is.
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A list: `{"value": […], "nextLink": …}`.
    List,
    /// A page of Resource Graph: `{"data": …, "$skipToken": …}`, as objects or as a table.
    ResourceGraph,
    /// One resource.
    Single,
    /// An error, though the status said otherwise.
    Error,
}

/// Everything found in one answer.
#[derive(Debug)]
pub struct Answer {
    /// What the answer is.
    pub shape: Shape,
    /// The resources, in the answer's order.
    pub resources: Vec<Resource>,
    /// The items that are no resources, and why.
    pub skipped: Vec<Skipped>,
    /// Where a list goes on; as it stands in the answer, so it may lead anywhere. `None` where
    /// it is absent, null or empty.
    pub next_link: Option<String>,
    /// What to send to Resource Graph for the next page; `None` after the last one.
    pub skip_token: Option<String>,
    /// How many records Resource Graph says the query has.
    pub total_records: Option<u64>,
    /// What Resource Graph says about more to come. It says false when there is more: report it,
    /// never decide by it.
    pub result_truncated: Option<bool>,
    /// How many items the answer held: resources and skipped ones.
    pub items: usize,
    /// How many bytes of buffers the resources keep alive: the answer and the page's arena.
    pub bytes: usize,
    /// The error, where the answer is one.
    pub error: Option<ServiceError>,
}

/// Why an answer could not be read at all. Nothing of it was delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the answer is not a JSON object as expected: {what} (byte {position})")]
pub struct ScanError {
    /// Where, in bytes from the answer's beginning.
    pub position: usize,
    /// What is wrong there.
    pub what: &'static str,
}

impl From<ScanError> for Error {
    /// `InvalidData`, and worth another try: an answer is cut short more often than it is wrong.
    fn from(error: ScanError) -> Self {
        Self::new(ErrorKind::InvalidData, "read answer", error.to_string()).with_retryable(true)
    }
}
