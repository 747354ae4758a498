//! Bytes to rows: scanning an answer (columns, raw properties, ids with their paths, rules), the
//! content hash, and the mapping to graph rows. Pages of 1,000 recorded bodies where there are
//! recordings, and of simulated rows.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;

use atg_azure::scan::Scanner;
use atg_core::Text;
use atg_core::pipeline::{MapOptions, Mapped, Mapper};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

fn mapping(criterion: &mut Criterion) {
    let pages = [
        ("recorded, 1.6 KB", atg_benches::recorded_page(1600)),
        ("recorded, 3.7 KB", atg_benches::recorded_page(3700)),
        ("simulated", Some(atg_benches::simulated_page(1000))),
    ];
    for (name, page) in pages {
        let Some(page) = page else { continue };
        let mut group = criterion.benchmark_group(format!("mapping {name}"));
        group.throughput(Throughput::Elements(1000));
        group.bench_function("bytes to resources", |b| scan(b, &page));
        group.bench_function("resources to graph rows", |b| map(b, &page));
        group.bench_function("bytes to graph rows, hashed", |b| to_rows(b, &page));
        group.finish();
    }
}

fn scan(bencher: &mut criterion::Bencher<'_>, page: &Text) {
    let mut scanner = Scanner::default();
    bencher.iter_with_large_drop(|| scanner.scan(page).unwrap());
}

fn to_rows(bencher: &mut criterion::Bencher<'_>, page: &Text) {
    let mut scanner = Scanner::default();
    let mut mapper = Mapper::new(MapOptions::default(), Text::new());
    bencher.iter_with_large_drop(|| {
        let answer = scanner.scan(page).unwrap();
        let rows = answer.resources.into_iter().map(|one| mapper.map(one));
        rows.inspect(|row| {
            black_box(row.node.content_hash());
        })
        .collect::<Vec<Mapped>>()
    });
}

fn map(bencher: &mut criterion::Bencher<'_>, page: &Text) {
    let resources = Scanner::default().scan(page).unwrap().resources;
    let mut mapper = Mapper::new(MapOptions::default(), Text::new());
    bencher.iter_batched(
        || resources.clone(),
        |resources| resources.into_iter().map(|one| mapper.map(one)).collect::<Vec<Mapped>>(),
        BatchSize::LargeInput,
    );
}

criterion_group!(benches, mapping);
criterion_main!(benches);
