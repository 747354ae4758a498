//! Parsing and taking apart resource ids.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;

use atg_core::{ResourceId, Text};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn ids(criterion: &mut Criterion) {
    let spelled: Vec<Text> = atg_benches::ids(1000).into_iter().map(Text::from).collect();
    let lower: Vec<Text> = spelled.iter().map(|id| Text::from(id.to_lowercase())).collect();
    let parsed: Vec<ResourceId> =
        spelled.iter().map(|id| ResourceId::parse(id.clone()).unwrap()).collect();
    let mut group = criterion.benchmark_group("ids");
    group.throughput(Throughput::Elements(1000));
    group.bench_function("parse, mixed case", |b| {
        b.iter(|| spelled.iter().map(|id| ResourceId::parse(id.clone()).unwrap()).for_each(sink));
    });
    group.bench_function("parse, lower case", |b| {
        b.iter(|| lower.iter().map(|id| ResourceId::parse(id.clone()).unwrap()).for_each(sink));
    });
    group.bench_function("both spellings at hand", |b| {
        b.iter(|| {
            for (id, key) in spelled.iter().zip(&lower) {
                sink(ResourceId::from_parts(id.clone(), key.clone()).unwrap());
            }
        });
    });
    group.bench_function("parent", |b| {
        b.iter(|| parsed.iter().map(ResourceId::parent).for_each(sink));
    });
    group.bench_function("type", |b| {
        b.iter(|| parsed.iter().map(ResourceId::resource_type).for_each(sink));
    });
    group.finish();
}

fn sink<T>(value: T) {
    black_box(value);
}

criterion_group!(benches, ids);
criterion_main!(benches);
