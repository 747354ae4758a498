//! A scan of the simulated Azure finds exactly what its oracle knows, as sets, with and without
//! faults, and wastes no request.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, SourceSettings, StaticToken};
use atg_core::memory::MemoryGraph;
use atg_core::pipeline::{Pipeline, ScanReport};

fn source(simulator: &Simulator, settings: SourceSettings) -> AzureSource<Simulator> {
    let token = StaticToken::new(AccessToken::new("test-token").unwrap());
    let client = ArmClient::new(simulator.clone(), token, Cloud::public().unwrap());
    AzureSource::new(client).with_settings(settings)
}

async fn scan(simulator: &Simulator, settings: SourceSettings) -> (Arc<MemoryGraph>, ScanReport) {
    let graph = Arc::new(MemoryGraph::new());
    let report = Pipeline::new(source(simulator, settings), graph.clone()).run().await.unwrap();
    assert!(report.is_complete(), "{:?}", report.problems);
    (graph, report)
}

type Triple = (String, String, String);

fn found(graph: &MemoryGraph) -> (BTreeSet<String>, BTreeSet<Triple>) {
    let nodes = graph.nodes_snapshot().iter().map(|node| node.id.key().to_string()).collect();
    let relationships = graph
        .relationships_snapshot()
        .iter()
        .map(|one| {
            (one.source.key().to_string(), one.relation.to_string(), one.target.key().to_string())
        })
        .collect();
    (nodes, relationships)
}

fn expected(simulator: &Simulator) -> (BTreeSet<String>, BTreeSet<Triple>) {
    let oracle = simulator.tenant().oracle();
    let mut nodes = BTreeSet::new();
    oracle.node_keys(|key, _| {
        nodes.insert(key.to_owned());
    });
    oracle.unresolved(|key| {
        nodes.insert(key.to_owned());
    });
    let mut relationships = BTreeSet::new();
    oracle.relationships(|source, relation, target| {
        relationships.insert((source.to_owned(), relation.to_owned(), target.to_owned()));
    });
    (nodes, relationships)
}

fn assert_same<T: Ord + std::fmt::Debug>(what: &str, found: &BTreeSet<T>, expected: &BTreeSet<T>) {
    let missing: Vec<_> = expected.difference(found).take(5).collect();
    let extra: Vec<_> = found.difference(expected).take(5).collect();
    assert!(
        missing.is_empty() && extra.is_empty(),
        "{what}: missing {missing:#?} extra {extra:#?}"
    );
}

fn assert_oracle(simulator: &Simulator, graph: &MemoryGraph) {
    let (nodes, relationships) = found(graph);
    let (expected_nodes, expected_relationships) = expected(simulator);
    assert_same("nodes", &nodes, &expected_nodes);
    assert_same("relationships", &relationships, &expected_relationships);
}

#[tokio::test(start_paused = true)]
async fn a_tenant_of_1632_resources_is_found_exactly_in_two_seconds_without_a_429() {
    let simulator = Simulator::builder(TenantSpec::sized(1632, 4))
        .limits(Limits::azure())
        .latency_of(Duration::from_millis(80))
        .build()
        .unwrap();
    let begun = tokio::time::Instant::now();
    let (graph, report) = scan(&simulator, SourceSettings::default()).await;
    assert!(begun.elapsed() <= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert_eq!(report.throttled, 0);
    assert!(report.requests <= 5, "{}", report.requests);
    assert_oracle(&simulator, &graph);
}

#[tokio::test(start_paused = true)]
async fn one_page_partitions_and_named_subscriptions_find_the_same() {
    let simulator = Simulator::builder(TenantSpec::sized(5_000, 3)).build().unwrap();
    let whole = scan(&simulator, SourceSettings::default()).await.0;
    let tenant = simulator.tenant();
    let settings = SourceSettings {
        subscriptions: (0..3).map(|n| tenant.subscription_id(n).to_owned()).collect(),
        rows_per_partition: 500,
        ..SourceSettings::default()
    };
    let parts = scan(&simulator, settings).await.0;
    let resources = |graph: &MemoryGraph| found(graph).1;
    // Management groups belong to the tenant, not to a subscription; all else is the same.
    let of_groups = |triple: &Triple| triple.0.contains("managementgroups");
    let expected: BTreeSet<_> = resources(&whole).into_iter().filter(|t| !of_groups(t)).collect();
    let parts: BTreeSet<_> = resources(&parts).into_iter().filter(|t| !of_groups(t)).collect();
    assert_same("relationships", &parts, &expected);
}

async fn assert_exact_with_faults(resources: u64, seed: u64, fault_rate: f64) {
    let simulator = Simulator::builder(TenantSpec::sized(resources, 4))
        .seed(seed)
        .limits(Limits::azure())
        .latency_of(Duration::from_millis(80))
        .fault_rate(fault_rate)
        .build()
        .unwrap();
    let graph = scan(&simulator, SourceSettings::default()).await.0;
    assert_eq!(simulator.stats().faults > 0, fault_rate > 0.0 && simulator.stats().requests > 20);
    assert_oracle(&simulator, &graph);
}

#[tokio::test(start_paused = true)]
async fn faults_lose_nothing() {
    let mut faults = 0;
    for seed in 0..5 {
        let simulator = Simulator::builder(TenantSpec::sized(1_632, 4))
            .seed(seed)
            .limits(Limits::azure())
            .fault_rate(0.3)
            .build()
            .unwrap();
        assert_oracle(&simulator, &scan(&simulator, SourceSettings::default()).await.0);
        faults += simulator.stats().faults;
    }
    assert!(faults > 0, "no fault happened, so nothing was tried");
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_resources_are_found_exactly() {
    assert_exact_with_faults(100_000, 42, 0.0).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_resources_are_found_exactly_with_a_fault_in_ten() {
    assert_exact_with_faults(100_000, 42, 0.1).await;
}

#[tokio::test(start_paused = true)]
async fn a_hundred_thousand_resources_take_the_time_of_a_hundred_pages() {
    let simulator = Simulator::builder(TenantSpec::sized(100_000, 4))
        .limits(Limits::azure())
        .latency_of(Duration::from_millis(80))
        .build()
        .unwrap();
    let begun = tokio::time::Instant::now();
    let sink = atg_core::memory::NullSink;
    let report =
        Pipeline::new(source(&simulator, SourceSettings::default()), sink).run().await.unwrap();
    // A hundred pages at 15 queries in 5 s: the last window opens after 30 s.
    let ideal = Duration::from_millis(30_080);
    assert_eq!(report.resources_read, 100_000 + simulator.tenant().container_count());
    println!("{} requests in {:?} of virtual time", report.requests, begun.elapsed());
    assert_eq!(report.throttled, 0);
    assert!(begun.elapsed() <= ideal.mul_f64(1.1), "{:?}", begun.elapsed());
}
