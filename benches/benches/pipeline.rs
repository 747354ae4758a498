//! What the pipeline itself costs: resources from memory into a sink that keeps nothing, beside
//! the bare mapping of the same resources.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use atg_core::memory::{MemorySource, NullSink};
use atg_core::pipeline::{MapOptions, Mapped, Mapper, Pipeline};
use atg_core::{Resource, Text};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const RESOURCES: u64 = 20_000;

fn pipeline(criterion: &mut Criterion) {
    let resources = atg_benches::resources(RESOURCES);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let mut group = criterion.benchmark_group("pipeline");
    group.throughput(Throughput::Elements(RESOURCES)).sample_size(20);
    group.bench_function("mapping alone", |b| {
        b.iter_batched(
            || resources.clone(),
            |all| {
                let mut mapper = Mapper::new(MapOptions::default(), Text::new());
                all.into_iter().map(|one| mapper.map(one)).collect::<Vec<Mapped>>()
            },
            BatchSize::LargeInput,
        );
    });
    group.bench_function("into a null sink", |b| {
        b.iter_batched(
            || source(&resources),
            |source| {
                let report = runtime.block_on(Pipeline::new(source, NullSink).run()).unwrap();
                assert_eq!(report.resources_read, RESOURCES);
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

fn source(resources: &[Resource]) -> MemorySource {
    let scopes = resources.chunks(resources.len() / 4).enumerate();
    scopes.fold(MemorySource::new().with_page_size(1000), |source, (number, chunk)| {
        source.with_scope(number.to_string(), chunk.to_vec())
    })
}

criterion_group!(benches, pipeline);
criterion_main!(benches);
