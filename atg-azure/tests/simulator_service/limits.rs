//! Limits in virtual time: what passes, what is refused, what the headers say.

use std::time::Duration;

use atg_azure::Transport as _;
use atg_azure::simulator::{BucketLimit, Latency, Limits, Operation, Simulator, TenantSpec};
use serde_json::json;
use tokio::time::Instant;

use super::{ARM, get, header, parsed, post_query, refusal, request, simulator};

#[tokio::test(start_paused = true)]
async fn fifteen_queries_pass_in_five_seconds_and_the_reset_is_told() {
    let azure = simulator(50, 1).limits(Limits::azure()).build().unwrap();
    let body = json!({"query": "resources | count"});
    for left in (0..15).rev() {
        let answer = post_query(&azure, "2024-04-01", &body).await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "x-ms-user-quota-remaining"), Some(&*left.to_string()));
        assert_eq!(header(&answer, "x-ms-user-quota-resets-after"), Some("00:00:05"));
        assert!(header(&answer, "x-ms-ratelimit-remaining-tenant-reads").is_some());
    }
    tokio::time::advance(Duration::from_millis(1_500)).await;
    let refused = post_query(&azure, "2024-04-01", &body).await;
    assert_eq!(refusal(&refused), (429, "RateLimiting".to_owned()));
    assert_eq!(parsed(&refused)["error"]["details"][0]["code"], "RateLimiting");
    assert_eq!(header(&refused, "retry-after"), Some("4"), "3.5 s, rounded up");
    assert_eq!(header(&refused, "x-ms-user-quota-remaining"), Some("0"));
    tokio::time::advance(Duration::from_secs(4)).await;
    assert_eq!(post_query(&azure, "2024-04-01", &body).await.status(), 200);
    let stats = azure.stats();
    assert_eq!((stats.requests, stats.throttled, stats.wasted), (17, 1, 1));
    assert_eq!(stats.operations[&Operation::Query], 17);
    assert_eq!((stats.faults, stats.in_flight, stats.peak_in_flight), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn each_subscription_and_each_principal_has_a_bucket() {
    let azure = simulator(50, 2).limits(Limits::azure()).build().unwrap();
    let path = |number| {
        format!("{ARM}/subscriptions/{}?api-version=1", azure.tenant().subscription_id(number))
    };
    let ask = async |number: u32, token: &str| {
        azure.send(request("GET", &path(number), token, String::new())).await.unwrap()
    };
    let reads = "x-ms-ratelimit-remaining-subscription-reads";
    for left in (0..250).rev() {
        assert_eq!(header(&ask(0, "a").await, reads), Some(&*left.to_string()));
    }
    let refused = ask(0, "a").await;
    assert_eq!(refusal(&refused), (429, "SubscriptionRequestsThrottled".to_owned()));
    assert_eq!(header(&refused, "retry-after"), Some("1"));
    assert_eq!(header(&ask(0, "b").await, reads), Some("249"));
    let global = "x-ms-ratelimit-remaining-subscription-global-reads";
    assert_eq!(header(&ask(0, "b").await, global), Some("3498"));
    assert_eq!(header(&ask(1, "a").await, reads), Some("249"));
    assert_eq!(get(&azure, "/subscriptions").await.status(), 200);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(header(&ask(0, "a").await, reads), Some("24"));
}

#[tokio::test(start_paused = true)]
async fn an_obedient_reader_gets_exactly_what_the_bucket_gives() {
    let reads = Some(BucketLimit::new(10, 2));
    let limits = Limits { reads, ..Limits::none() };
    let azure = simulator(50, 1).limits(limits).build().unwrap();
    let start = Instant::now();
    for _ in 0..40 {
        loop {
            let answer = get(&azure, "/tenants").await;
            let Some(wait) = header(&answer, "retry-after") else { break };
            tokio::time::sleep(Duration::from_secs(wait.parse().unwrap())).await;
        }
    }
    // Ten at once and two a second for the other thirty, waited for in whole seconds.
    assert_eq!(start.elapsed().as_secs(), 15);
    assert_eq!(azure.stats().requests - azure.stats().wasted, 40);
}

#[tokio::test(start_paused = true)]
async fn without_limits_nothing_is_refused_and_no_header_speaks_of_quotas() {
    let azure = simulator(50, 1).build().unwrap();
    for _ in 0..300 {
        let answer = get(&azure, "/subscriptions").await;
        assert_eq!(answer.status(), 200);
        assert!(!answer.headers().keys().any(|name| name.as_str().contains("ratelimit")));
    }
    assert_eq!(azure.stats().wasted, 0);
}

#[tokio::test(start_paused = true)]
async fn latency_passes_in_virtual_time_and_requests_overlap() {
    let latency = Latency::Constant(Duration::from_millis(80));
    let azure = simulator(50, 1).latency(latency).build().unwrap();
    let start = Instant::now();
    let paths = ["/tenants"; 8];
    let answers = futures::future::join_all(paths.map(|path| get(&azure, path))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(start.elapsed().as_millis(), 80);
    assert_eq!(azure.stats().peak_in_flight, 8);
    let cut = tokio::time::timeout(Duration::from_millis(10), get(&azure, "/tenants")).await;
    assert!(cut.is_err());
    assert_eq!(azure.stats().in_flight, 0, "an abandoned request is over");
}

#[tokio::test(start_paused = true)]
async fn the_same_seed_gives_the_same_answers_at_the_same_times() {
    async fn run(seed: u64) -> Vec<(Duration, Option<(u16, Vec<u8>)>)> {
        let median = Duration::from_millis(50);
        let azure = Simulator::builder(TenantSpec::sized(200, 2))
            .seed(seed)
            .latency(Latency::LogNormal { median, sigma: 0.7 })
            .fault_rate(0.3)
            .build()
            .unwrap();
        let list = format!("/subscriptions/{}/resources", azure.tenant().subscription_id(0));
        let start = Instant::now();
        let mut answers = Vec::new();
        for path in [list.as_str(), "/subscriptions"].repeat(30) {
            let uri = format!("{ARM}{path}?api-version=1");
            let answer = azure.send(request("GET", &uri, "t", String::new())).await;
            let told = answer.ok().map(|a| (a.status().as_u16(), a.body().to_vec()));
            answers.push((start.elapsed(), told));
        }
        answers
    }
    assert_eq!(run(1).await, run(1).await);
    assert_ne!(run(1).await, run(2).await);
}

#[test]
fn options_out_of_range_are_refused_by_name() {
    for (builder, named) in [
        (simulator(1, 1).page_size(0), "page size"),
        (simulator(1, 1).page_size(1_001), "page size"),
        (simulator(1, 1).fault_rate(1.0), "fault rate"),
        (simulator(1, 1).fault_rate(f64::NAN), "fault rate"),
        (simulator(1, 1).empty_pages(1.1), "empty pages"),
        (simulator(1, 1).deny_subscription(1), "subscription 1"),
    ] {
        let error = builder.build().unwrap_err();
        assert_eq!(error.kind(), atg_core::ErrorKind::InvalidInput);
        assert!(error.to_string().contains(named), "{error}");
    }
}
