//! Caches in memory, compared in one run: ours, others, and a map without a lock as what nobody
//! can beat.
//!
//! `cargo run --release -p atg-benches --bin cache`, for times, ratios of hits and single flight;
//! with `--features allocations`, for memory.

#![allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

use atg_benches::clock::Outcome;
use atg_benches::{Limit, clock, table};
use clap::Parser;

mod burst;
mod contestants;
mod data;
mod files;
mod flight;
mod hits;
mod loaders;
mod memory;
mod mixed;
mod options;
mod overhead;
mod peers;
mod ratios;
mod traces;
mod work;

use options::{Options, Part};

/// A table, and the limits of its figures.
type Run = fn(&Options) -> Outcome<Vec<Limit>>;

const TIMED: [(Part, Run); 5] = [
    (Part::Hits, hits::run),
    (Part::Mixed, mixed::run),
    (Part::Ratios, ratios::run),
    (Part::Flight, flight::run),
    (Part::Files, files::run),
];

const COUNTED: [(Part, Run); 2] = [(Part::Overhead, overhead::run), (Part::Burst, burst::run)];

fn main() -> Outcome {
    let options = Options::parse();
    let parts = if memory::IS_COUNTED { &COUNTED[..] } else { &TIMED[..] };
    let mut limits = Vec::new();
    for (part, run) in parts {
        if options.runs(*part) {
            limits.extend(run(&options)?);
        }
    }
    for limit in limits {
        println!("{limit}");
    }
    if !memory::IS_COUNTED {
        println!("memory: not measured; run it with --features allocations");
    }
    Ok(())
}
