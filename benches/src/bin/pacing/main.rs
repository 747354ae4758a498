//! Paces against policers in virtual time, compared in one run: ours, and what else is done.
//!
//! `cargo run --release -p atg-benches --bin pacing` prints a table and the limits that ours is to
//! keep, and fails where one is missed; with `--cost` it measures nanoseconds instead.

#![allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

use std::process::ExitCode;

use atg_benches::Limit;
use clap::Parser;

mod cost;
mod limits;
mod policies;
mod scenarios;
mod table;
mod trial;

/// Paces against policers in virtual time, compared in one run.
#[derive(Debug, Parser)]
struct Options {
    /// What a request costs in nanoseconds, instead of the table
    #[arg(long)]
    cost: bool,
    /// Workers of the table; the limits are checked with 4, 16 and 64
    #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u16).range(1..=1_000))]
    workers: u16,
}

/// What may fail stops the benchmark.
type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

fn main() -> Outcome<ExitCode> {
    let options = Options::parse();
    let limits = if options.cost {
        cost::run()?
    } else {
        table::print(usize::from(options.workers))?;
        limits::check()?
    };
    for limit in &limits {
        println!("{limit}");
    }
    let met = limits.iter().all(Limit::is_met);
    Ok(if met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
