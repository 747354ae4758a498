//! Faults: exactly where the script says, and at the rate that was asked for.

use std::time::Duration;

use atg_azure::Transport as _;
use atg_azure::simulator::{Fault, FaultPlan, Limits, Operation, RetryAfter, Simulator};
use atg_core::ErrorKind;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};

use super::{ARM, get, header, query, refusal, request, simulator};

async fn send(azure: &Simulator) -> atg_core::Result<http::Response<bytes::Bytes>> {
    let uri = format!("{ARM}/subscriptions?api-version=1");
    azure.send(request("GET", &uri, "t", String::new())).await
}

#[tokio::test(start_paused = true)]
async fn each_fault_looks_like_what_it_is_called() {
    let plan = FaultPlan::new()
        .nth(1, Fault::Throttled(RetryAfter::Seconds(3)))
        .nth(2, Fault::Throttled(RetryAfter::Empty))
        .nth(3, Fault::Throttled(RetryAfter::Missing))
        .nth(4, Fault::Throttled(RetryAfter::Date(60)))
        .nth(5, Fault::InternalError)
        .nth(6, Fault::BadGateway)
        .nth(7, Fault::Unavailable)
        .nth(8, Fault::ExpiredToken)
        .nth(9, Fault::Truncated)
        .nth(10, Fault::Reset)
        .nth(11, Fault::Slow(Duration::from_secs(9)))
        .nth(12, Fault::Stall);
    let azure = simulator(50, 1).faults(plan).build().unwrap();
    let throttled = "TooManyRequests".to_owned();
    for expected in [Some("3"), Some(""), None] {
        let answer = send(&azure).await.unwrap();
        assert_eq!(refusal(&answer), (429, throttled.clone()));
        assert_eq!(header(&answer, "retry-after"), expected);
    }
    let dated = send(&azure).await.unwrap();
    let date = httpdate::parse_http_date(header(&dated, "retry-after").unwrap()).unwrap();
    assert!(date > std::time::SystemTime::now());
    assert_eq!(refusal(&send(&azure).await.unwrap()), (500, "InternalServerError".to_owned()));
    let gateway = send(&azure).await.unwrap();
    assert_eq!(
        (gateway.status().as_u16(), header(&gateway, "content-type")),
        (502, Some("text/html"))
    );
    assert!(serde_json::from_slice::<Value>(gateway.body()).is_err());
    assert_eq!(send(&azure).await.unwrap().status(), 503);
    assert_eq!(refusal(&send(&azure).await.unwrap()).1, "ExpiredAuthenticationToken");
    let truncated = send(&azure).await.unwrap();
    assert_eq!(truncated.status(), 200);
    assert!(truncated.body().len() > 10);
    assert!(serde_json::from_slice::<Value>(truncated.body()).is_err());
    assert_eq!(send(&azure).await.unwrap_err().kind(), ErrorKind::Unavailable);
    let start = Instant::now();
    assert_eq!(send(&azure).await.unwrap().status(), 200);
    assert_eq!(start.elapsed(), Duration::from_secs(9));
    assert!(timeout(Duration::from_secs(86_400), send(&azure)).await.is_err());
    assert_eq!(send(&azure).await.unwrap().status(), 200, "after the script all is well");
    let stats = azure.stats();
    assert_eq!((stats.requests, stats.faults, stats.throttled, stats.wasted), (13, 12, 4, 0));
}

#[tokio::test(start_paused = true)]
async fn a_script_for_an_operation_leaves_the_others_alone() {
    let plan = FaultPlan::new().matching(
        |request| request.operation == Operation::Query && !request.body.is_empty(),
        2..=2,
        Fault::Reset,
    );
    let azure = simulator(50, 1).faults(plan).build().unwrap();
    query(&azure, "resources", json!({})).await;
    assert_eq!(get(&azure, "/subscriptions").await.status(), 200);
    let uri = format!("{ARM}/providers/Microsoft.ResourceGraph/resources?api-version=2024-04-01");
    let body = json!({"query": "resources"}).to_string();
    assert!(azure.send(request("POST", &uri, "t", body)).await.is_err());
    query(&azure, "resources", json!({})).await;
    assert_eq!(azure.stats().faults, 1);
}

#[tokio::test(start_paused = true)]
async fn a_fault_costs_quota_unless_it_is_free() {
    let left = async |free: bool| {
        let plan = FaultPlan::new().nth(1, Fault::InternalError);
        let azure = simulator(50, 1).limits(Limits::azure()).faults(plan).free_faults(free);
        let azure = azure.build().unwrap();
        send(&azure).await.unwrap();
        let answer = send(&azure).await.unwrap();
        header(&answer, "x-ms-ratelimit-remaining-tenant-reads").map(str::to_owned)
    };
    assert_eq!(left(false).await.as_deref(), Some("248"));
    assert_eq!(left(true).await.as_deref(), Some("249"));
}

#[tokio::test(start_paused = true)]
async fn whoever_tries_again_gets_through_at_any_rate() {
    let azure = simulator(50, 1).fault_rate(0.9).build().unwrap();
    let (mut tries, mut whole) = (0, 0);
    while whole < 50 {
        tries += 1;
        let Ok(answer) = send(&azure).await else { continue };
        let body = serde_json::from_slice::<Value>(answer.body()).unwrap_or_default();
        whole += u32::from(answer.status() == 200 && body["value"].is_array());
    }
    let stats = azure.stats();
    assert_eq!(stats.requests, tries);
    // Slow answers are faults too, and good ones.
    assert!(stats.faults * 10 > tries * 8 && stats.faults < tries, "{} of {tries}", stats.faults);
}
