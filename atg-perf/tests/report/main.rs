//! Reports: what is kept, what is compared, what is shown.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod compare;
#[cfg(feature = "html")]
mod html;
mod invented;
mod json;
mod metrics_file;
mod metrics_processes;
mod text;
mod timeline;
