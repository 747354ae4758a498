//! Scaling a graph up: copies of what was read, as a larger and realistic graph for load tests.
//!
//! What lives in a subscription is the **template** and is copied: each copy has subscriptions of
//! its own, and every id and every reference inside the bodies is rewritten to them. Everything
//! else (locations, tags, principals, what is scoped to the tenant) is the world that the copies
//! share. k copies add exactly k times the template's nodes and k times its relationships: a
//! relationship between two copied nodes is copied within its copy, one to a shared node leads
//! from each copy to that node.
//!
//! ```
//! use atg_core::memory::MemoryGraph;
//! use atg_core::{GraphReader, GraphSink, Node, ResourceId, labels};
//! use atg_graph::scale::{ScaleOutcome, ScaleUp, validate};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let graph = MemoryGraph::new();
//! let id = ResourceId::parse("/subscriptions/s1")?;
//! graph.upsert_nodes(&[Node::new(id, labels(["Resource", "resources_subscriptions"]))]).await?;
//! if let ScaleOutcome::Scaled(report) = ScaleUp::to(10).run(&graph, &graph).await? {
//!     assert_eq!((report.copies, graph.counts().await?.nodes), (9, 10));
//!     assert!(validate(&graph, &report).await?.passed);
//! }
//! # Ok::<(), atg_core::Error>(())
//! # }).unwrap();
//! ```

mod copier;
mod earlier;
mod filler;
mod in_flight;
mod origins;
mod references;
mod report;
mod scale_up;
mod stencil;
mod subscriptions;
mod template;
mod validation;
mod write;

pub use report::{ScaleOutcome, ScalePhase, ScaleProgress, ScaleReport};
pub use scale_up::ScaleUp;
pub use validation::{Check, Validation, validate, validate_graph};
