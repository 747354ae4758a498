//! The contracts, the vocabulary and the streaming pipeline of the atg crates: from a resource
//! source to a property graph.

mod batch;
mod cache;
mod dry_run;
mod error;
mod id;
mod monitor;
mod node;
mod pace;
mod reader;
mod relationship;
mod resource;
mod sink;
mod source;
mod text;
mod value;

#[cfg(feature = "conformance")]
pub mod conformance;
pub mod memory;
pub mod pipeline;

pub use batch::{BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer, FixedSizes};
pub use cache::{Cache, CacheExt, EntryOptions, Found, Invalidation, NoCache, glob_matches};
pub use dry_run::DryRun;
pub use error::{Error, ErrorKind, Result};
pub use id::{IdParts, MAX_ID_LENGTH, ResourceId, lowercase_type};
pub use monitor::{
    Measurement, NoMonitor, OperationSummary, PerfMonitor, PerfPhase, PerfRecorder, PerfSnapshot,
};
pub use node::{Labels, Node, RESOURCE_LABEL, UNRESOLVED_LABEL, labels, type_label};
pub use pace::{
    OperationClass, Pace, PaceKey, PaceObservation, PaceResult, Permit, Priority, QuotaHint,
    Unpaced,
};
pub use reader::{GraphCounts, GraphReader, Known, NodeFilter, RelationshipFilter};
pub use relationship::{
    Endpoint, NamedBy, Relationship, RelationshipSet, SetMode, relation_problem,
};
pub use resource::{Reference, Resource};
pub use sink::{
    DeleteOutcome, GraphSink, MissingEndpoint, NodeOutcome, RejectedRow, RelationshipOutcome,
    SinkProfile,
};
pub use source::{
    Page, Read, ResourceLookup, ResourceSource, Scope, ScopeEnd, ScopeStatus, Skipped, SourceUsage,
};
pub use text::Text;
pub use value::Value;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
