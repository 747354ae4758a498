//! Counts of instructions and of allocations, which do not depend on what else the machine does:
//! `cargo bench -p atg-benches --features instructions --bench instructions`
//! (needs valgrind, and `cargo install gungraun-runner`).

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;
use std::time::Duration;

use atg_azure::scan::{Answer, Scanner};
use atg_cache::MemoryCache;
use atg_core::pipeline::{MapOptions, Mapped, Mapper};
use atg_core::{
    BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer, EntryOptions, Measurement,
    OperationClass, Pace, PaceKey, PaceObservation, PaceResult, PerfRecorder as _, Priority,
    QuotaHint, Resource, ResourceId, Text,
};
use atg_perf::{Monitor, QuotaLimit, QuotaPace, ResponseSurface, WorkerRecorder};
use futures::FutureExt as _;
use gungraun::{Dhat, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main};

fn ids() -> Vec<Text> {
    atg_benches::ids(1000).into_iter().map(Text::from).collect()
}

fn scanner_and_page() -> (Scanner, Text) {
    let page = atg_benches::simulated_page(1000);
    let mut scanner = Scanner::default();
    // The first page fills the tables of types and paths.
    scanner.scan(&page).unwrap();
    (scanner, page)
}

#[library_benchmark(setup = ids)]
#[bench::thousand()]
fn parse_ids(ids: Vec<Text>) -> Vec<ResourceId> {
    ids.into_iter().map(|id| black_box(ResourceId::parse(id).unwrap())).collect()
}

#[library_benchmark(setup = scanner_and_page)]
#[bench::thousand()]
fn bytes_to_resources((mut scanner, page): (Scanner, Text)) -> (Answer, Scanner) {
    (black_box(scanner.scan(&page).unwrap()), scanner)
}

#[library_benchmark(setup = resources)]
#[bench::thousand()]
fn resources_to_rows(resources: Vec<Resource>) -> Vec<Mapped> {
    let mut mapper = Mapper::new(MapOptions::default(), Text::new());
    resources.into_iter().map(|one| black_box(mapper.map(one))).collect()
}

fn resources() -> Vec<Resource> {
    atg_benches::resources(1000)
}

/// A cache of 1,000 entries, and their keys.
fn cache() -> (MemoryCache<u64>, Vec<String>) {
    let (cache, keys) = (MemoryCache::new(10_000), atg_benches::ids(1000));
    for (key, value) in keys.iter().zip(0..) {
        cache.insert(key, value, &EntryOptions::default());
    }
    (cache, keys)
}

#[library_benchmark(setup = cache)]
#[bench::thousand()]
fn cache_hits((cache, keys): (MemoryCache<u64>, Vec<String>)) -> MemoryCache<u64> {
    for key in &keys {
        black_box(cache.get(key).unwrap());
    }
    cache
}

/// A sizer that has seen enough to remember no more.
fn sizer() -> ResponseSurface {
    let mut sizer = ResponseSurface::default();
    feed(&mut sizer, 100);
    sizer
}

fn feed(sizer: &mut ResponseSurface, batches: u32) {
    let kind = BatchKind::Nodes;
    for batch in 0..batches {
        let rows = sizer.next_size(&BatchContext {
            kind,
            rows_remaining: Some(100_000_000),
            rows_done: 0,
            parallelism: 2,
            bytes_per_row: 700,
        });
        let elapsed = Duration::from_micros(10_000 + 20 * rows as u64 + u64::from(batch % 7) * 100);
        let result = BatchResult::Committed;
        sizer.observe(&BatchObservation { kind, rows, bytes: rows * 700, elapsed, result });
    }
}

#[library_benchmark(setup = sizer)]
#[bench::hundred()]
fn batch_sizes(mut sizer: ResponseSurface) -> ResponseSurface {
    feed(&mut sizer, 100);
    sizer
}

/// A pace with quota for all that is asked of it.
fn pace() -> (QuotaPace, PaceKey) {
    let limit = QuotaLimit::Bucket { capacity: 1_000_000, refill_per_second: 25 };
    let pace = QuotaPace::new().with_limit(OperationClass::Read, limit);
    let (principal, scope, region) = ("app".into(), "subscription".into(), "".into());
    (pace, PaceKey { principal, scope, region, operation: OperationClass::Read })
}

#[library_benchmark(setup = pace)]
#[bench::thousand()]
fn paced_requests((pace, key): (QuotaPace, PaceKey)) -> QuotaPace {
    for left in (0..1_000).rev() {
        let permit = pace.acquire(&key, Priority::Bulk).now_or_never().unwrap();
        let quota = QuotaHint { remaining: Some(999_000 + left), resets_after: None };
        let (result, elapsed) = (PaceResult::Answered, Duration::from_millis(80));
        pace.observe(&key, &PaceObservation { result, quota, elapsed });
        drop(permit);
    }
    pace
}

/// A recorder whose histograms are there, and whose ring is full after the last record.
fn recorder() -> WorkerRecorder {
    let mut recorder = Monitor::new().worker_recorder();
    record(&mut recorder, 64);
    recorder
}

fn record(recorder: &mut WorkerRecorder, times: u64) {
    for number in 0..times {
        recorder.record(&Measurement {
            operation: "write nodes",
            elapsed: Duration::from_micros(900 + number % 200),
            items: 1_000,
            bytes: 700_000,
            succeeded: true,
        });
    }
}

#[library_benchmark(setup = recorder)]
#[bench::thousand()]
fn monitor_records(mut recorder: WorkerRecorder) -> WorkerRecorder {
    record(&mut recorder, 1_000);
    recorder
}

library_benchmark_group!(
    name = mapping;
    benchmarks = parse_ids, bytes_to_resources, resources_to_rows
);

library_benchmark_group!(
    name = control;
    benchmarks = cache_hits, batch_sizes, paced_requests, monitor_records
);

main!(
    config = LibraryBenchmarkConfig::default().tool(Dhat::default());
    library_benchmark_groups = mapping, control
);
