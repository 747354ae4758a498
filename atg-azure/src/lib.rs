//! A resource source over Azure Resource Manager and Azure Resource Graph, with a simulator of
//! their limits.

mod api_versions;
mod client;
mod cloud;
mod query;
#[cfg(feature = "simulator")]
mod recorded;
#[cfg(feature = "reqwest")]
mod reqwest_transport;
pub mod rules;
pub mod scan;
mod service_error;
#[cfg(feature = "simulator")]
pub mod simulator;
mod source;
mod token;
mod transport;

pub use api_versions::{AnswerCache, ApiVersions};
pub use client::{ArmClient, Links, RetryPolicy};
pub use cloud::Cloud;
pub use query::{GraphTable, Partition};
#[cfg(feature = "simulator")]
pub use recorded::{RecordedSource, RecordedSummary};
#[cfg(feature = "reqwest")]
pub use reqwest_transport::ReqwestTransport;
pub use source::{AzureScope, AzureSource, SourceSettings};
pub use token::{AccessToken, StaticToken, TokenSource};
pub use transport::Transport;

#[cfg(all(doctest, feature = "simulator"))]
#[doc = include_str!("../README.md")]
struct Readme;
