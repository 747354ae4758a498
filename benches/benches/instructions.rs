//! Instruction counts, which do not depend on what else the machine does:
//! `cargo bench -p atg-benches --features instructions --bench instructions`
//! (needs valgrind, and `cargo install gungraun-runner`).

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use std::hint::black_box;

use atg_azure::scan::{Answer, Scanner};
use atg_core::pipeline::{MapOptions, Mapped, Mapper};
use atg_core::{Resource, ResourceId, Text};
use gungraun::{library_benchmark, library_benchmark_group, main};

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

library_benchmark_group!(
    name = mapping;
    benchmarks = parse_ids, bytes_to_resources, resources_to_rows
);

main!(library_benchmark_groups = mapping);
