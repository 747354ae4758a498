//! Batch sizers beside each other over random cost models: how near each comes to the best fixed
//! size, which nobody knows beforehand.
//!
//! `cargo run --release -p atg-benches --bin batches [-- --models 400]`

mod rivals;

#[path = "../../../../atg-perf/tests/cost_model/mod.rs"]
mod cost_model;

use std::process::ExitCode;

use atg_benches::Limit;
use atg_core::{BatchSizer, FixedSizes};
use atg_perf::{ResponseSurface, StaticTable};
use clap::Parser;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};

use cost_model::{ALONE, Conditions, Model, Random};
use rivals::{HillClimb, Regression, TargetLatency};

/// Batch sizers over random cost models, in virtual time.
#[derive(Debug, Parser)]
struct Options {
    /// Cost models [count, 20 to 100,000]
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u64).range(20..=100_000))]
    models: u64,

    /// Seed of the models; the default one is not the tests'
    #[arg(long, default_value_t = 2024)]
    seed: u64,
}

type Make = fn() -> Box<dyn BatchSizer>;

const OURS: &str = "closed loop (ours)";
const TABLE: &str = "static table";
const SIZERS: [(&str, Make); 8] = [
    (OURS, || Box::new(ResponseSurface::default())),
    (TABLE, || Box::new(StaticTable::default())),
    ("fixed 250", || Box::new(FixedSizes::new(250, 250))),
    ("fixed 1,000", || Box::new(FixedSizes::new(1_000, 1_000))),
    ("fixed 2,500", || Box::new(FixedSizes::new(2_500, 2_500))),
    ("target latency 1 s", || Box::new(TargetLatency::default())),
    ("hill climbing", || Box::new(HillClimb::default())),
    ("linear regression", || Box::new(Regression::default())),
];

/// What is loaded, and how.
struct Load {
    name: &'static str,
    rows: u64,
    conditions: Conditions,
    /// Whether only models count whose server changes its pace amid the load.
    jumping: bool,
}

const FOUR: Conditions = Conditions { writers: 4, ..ALONE };

const fn load(name: &'static str, rows: u64, conditions: Conditions) -> Load {
    Load { name, rows, conditions, jumping: false }
}

const LOADS: [Load; 8] = [
    load("5,000 rows", 5_000, ALONE),
    load("5,000, four writers", 5_000, FOUR),
    load("40,000 rows", 40_000, ALONE),
    load("400,000 rows", 400_000, ALONE),
    Load { jumping: true, ..load("pace changes", 400_000, ALONE) },
    load("total unknown", 400_000, Conditions { total_is_known: false, ..ALONE }),
    load("four writers", 400_000, FOUR),
    load("in each other's way", 400_000, Conditions { contention: 0.15, ..FOUR }),
];

/// The best fixed size's time as a share of a sizer's, over all models.
struct Efficiency {
    mean: f64,
    fifth_percentile: f64,
    worst: f64,
}

impl Efficiency {
    #[allow(clippy::cast_precision_loss, reason = "a few hundred models")]
    fn of(mut shares: Vec<f64>) -> Self {
        shares.sort_by(f64::total_cmp);
        let at = |place: usize| shares.get(place).copied().unwrap_or(f64::NAN);
        Self {
            mean: shares.iter().sum::<f64>() / shares.len() as f64,
            fifth_percentile: at(shares.len() / 20),
            worst: at(0),
        }
    }

    fn cell(&self) -> String {
        format!("{:.3} / {:.2} / {:.2}", self.mean, self.fifth_percentile, self.worst)
    }
}

/// Each load's models, each with the time by its best fixed size.
fn models(options: &Options, load: &Load) -> Vec<(u64, Model, f64)> {
    let mut random = Random(options.seed);
    let all = (0..options.models).map(|number| (number, Model::random(&mut random)));
    let chosen = all.filter(|(_, model)| !load.jumping || model.jumps());
    let best = |number, model: &Model| model.best(load.conditions, load.rows, number);
    chosen.map(|(number, model)| (number, model.clone(), best(number, &model))).collect()
}

fn main() -> ExitCode {
    let options = Options::parse();
    let mut table = Table::new();
    let columns = LOADS.iter().map(|load| load.name.to_owned());
    table
        .load_style(UTF8_FULL_CONDENSED)
        .set_header(std::iter::once("share of the best fixed size".to_owned()).chain(columns));
    let mut found: Vec<Vec<Efficiency>> = SIZERS.iter().map(|_| Vec::new()).collect();
    for load in &LOADS {
        let models = models(&options, load);
        for ((_, make), efficiencies) in SIZERS.iter().zip(&mut found) {
            let share = |(number, model, best): &(u64, Model, f64)| {
                best / model.load(load.conditions, &mut *make(), load.rows, *number)
            };
            efficiencies.push(Efficiency::of(models.iter().map(share).collect()));
        }
    }
    for ((name, _), efficiencies) in SIZERS.iter().zip(&found) {
        let cells = efficiencies.iter().map(Efficiency::cell);
        table.add_row(std::iter::once((*name).to_owned()).chain(cells));
    }
    for column in table.column_iter_mut().skip(1) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let (count, seed) = (options.models, options.seed);
    println!(
        "{count} cost models, seed {seed}: mean / 5th percentile / worst; the columns behind 400,000 \
         rows have as many\n{table}\n"
    );
    report(&found)
}

/// Prints the limits; fails where one is missed.
fn report(found: &[Vec<Efficiency>]) -> ExitCode {
    let of = |sizer: &str, load: &str| {
        let sizer = SIZERS.iter().position(|(name, _)| *name == sizer)?;
        found.get(sizer)?.get(LOADS.iter().position(|one| one.name == load)?)
    };
    let mean = |sizer, load| of(sizer, load).map(|efficiency| efficiency.mean);
    let to_table = |load| Some(mean(OURS, load)? / mean(TABLE, load)?);
    let low = of(OURS, "400,000 rows").map(|efficiency| efficiency.fifth_percentile);
    let best = "of the best";
    let limits = [
        Limit::least("400,000 rows, mean", mean(OURS, "400,000 rows"), 0.93, best),
        Limit::least("400,000 rows, 5th percentile", low, 0.79, best),
        Limit::least("total unknown, mean", mean(OURS, "total unknown"), 0.93, best),
        Limit::least("four writers, mean", mean(OURS, "four writers"), 0.93, best),
        Limit::least("in each other's way, mean", mean(OURS, "in each other's way"), 0.9, best),
        Limit::least("5,000 rows, mean", to_table("5,000 rows"), 0.97, "× the table"),
        Limit::least("… four writers", to_table("5,000, four writers"), 0.97, "× the table"),
    ];
    for limit in &limits {
        println!("{limit}");
    }
    if limits.iter().all(Limit::is_met) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
