//! The real transport over a real socket: gzip, connections, broken answers and lost ones.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::SocketAddr;
use std::sync::Arc;

use atg_azure::simulator::{Fault, FaultPlan, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, ReqwestTransport, StaticToken};
use atg_core::memory::MemoryGraph;
use atg_core::pipeline::{Pipeline, ScanReport};
use atg_core::{ErrorKind, ResourceId, Unpaced};

fn client(url: &str, transport: ReqwestTransport) -> ArmClient<ReqwestTransport, Unpaced> {
    let token = StaticToken::new(AccessToken::new("a-secret").unwrap());
    ArmClient::with_pace(transport, token, Cloud::custom(url, "unused").unwrap(), Unpaced)
}

async fn scan(simulator: &Simulator) -> (ScanReport, Arc<MemoryGraph>) {
    let server = simulator.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let source = AzureSource::new(client(&server.url(), ReqwestTransport::new().unwrap()));
    let graph = Arc::new(MemoryGraph::new());
    let report = Pipeline::new(source, graph.clone()).run().await.unwrap();
    (report, graph)
}

#[tokio::test]
async fn a_scan_over_http_finds_what_a_scan_in_process_finds() {
    let spec = TenantSpec::sized(2_500, 2);
    let plain = Simulator::builder(spec.clone()).build().unwrap();
    let (report, over_http) = scan(&plain).await;
    assert!(report.is_complete(), "{:?}", report.problems);

    let faults = FaultPlan::new().nth(2, Fault::Truncated).nth(3, Fault::Reset);
    let broken = Simulator::builder(spec.clone()).faults(faults).build().unwrap();
    let (report, despite_faults) = scan(&broken).await;
    assert!(report.is_complete(), "{:?}", report.problems);
    assert!(broken.stats().faults == 2 && report.requests > 2);

    let in_process = Simulator::builder(spec).build().unwrap();
    let token = StaticToken::new(AccessToken::new("a-secret").unwrap());
    let client = ArmClient::with_pace(in_process, token, Cloud::public().unwrap(), Unpaced);
    let graph = Arc::new(MemoryGraph::new());
    Pipeline::new(AzureSource::new(client), graph.clone()).run().await.unwrap();
    assert_eq!(over_http.nodes_snapshot(), graph.nodes_snapshot());
    assert_eq!(over_http.relationships_snapshot(), graph.relationships_snapshot());
    assert_eq!(despite_faults.nodes_snapshot(), graph.nodes_snapshot());
    assert_eq!(despite_faults.relationships_snapshot(), graph.relationships_snapshot());
}

#[tokio::test]
async fn nobody_listening_and_answers_too_large_are_clear_errors_without_the_token() {
    let id = ResourceId::parse("/subscriptions/S/resourceGroups/G").unwrap();
    let retry = atg_azure::RetryPolicy { attempts: 1, ..Default::default() };
    let nobody = client("http://127.0.0.1:9", ReqwestTransport::new().unwrap()).with_retry(retry);
    let error = nobody.get(&id, "2021-04-01").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!format!("{error:?} {}", error.report()).contains("a-secret"));

    let simulator = Simulator::builder(TenantSpec::sized(10, 1)).build().unwrap();
    let server = simulator.serve(SocketAddr::from(([127, 0, 0, 1], 0))).await.unwrap();
    let small = ReqwestTransport::new().unwrap().with_longest_body(16);
    let error = client(&server.url(), small).get(&id, "2021-04-01").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidData);
    assert!(error.message().contains("larger than 16 bytes"), "{error}");
}
