//! The suites that every sink and reader passes.

use atg_core::conformance;

use crate::server::server;

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_as_a_sink() {
    let Some(server) = server().await else { return };
    conformance::sink(|| server.empty_graph()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_as_a_reader() {
    let Some(server) = server().await else { return };
    conformance::reader(|| server.empty_graph()).await.unwrap();
}
