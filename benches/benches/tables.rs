//! The tables of paces, batch sizers and monitors, one after the other: each is a program of its own,
//! with options.
//!
//! `cargo bench --bench tables`

use std::process::{Command, ExitCode};

const TABLES: [(&str, &str); 3] = [
    ("pacing", env!("CARGO_BIN_EXE_pacing")),
    ("batches", env!("CARGO_BIN_EXE_batches")),
    ("monitor", env!("CARGO_BIN_EXE_monitor")),
];

fn main() -> ExitCode {
    let mut status = ExitCode::SUCCESS;
    for (name, program) in TABLES {
        println!("== {name}\n");
        match Command::new(program).status() {
            Ok(ended) if ended.success() => println!(),
            ended => {
                eprintln!("{name}: {ended:?}");
                status = ExitCode::FAILURE;
            }
        }
    }
    status
}
