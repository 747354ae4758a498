//! The command line.

use std::time::Duration;

use atg_benches::clock::Pace;
use clap::{Parser, ValueEnum};

/// Caches in memory, compared in one run.
#[derive(Debug, Parser)]
pub(crate) struct Options {
    /// A look at all of it in some seconds; the figures are worth less
    #[arg(long)]
    pub(crate) quick: bool,
    /// Seconds for each contestant in each column that is timed
    #[arg(long, default_value_t = 2.0, value_parser = seconds)]
    pub(crate) seconds: f64,
    /// Which parts run; what can run, unless said
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Part>,
}

/// A table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// Look-ups of what is there.
    Hits,
    /// Look-ups and insertions.
    Mixed,
    /// How often a look-up finds something.
    Ratios,
    /// Loads of what many ask for at once.
    Flight,
    /// Values that live in files.
    Files,
    /// Bytes an entry; needs the feature `allocations`.
    Overhead,
    /// Bytes while many insert at once; needs the feature `allocations`.
    Burst,
}

impl Options {
    pub(crate) fn pace(&self) -> Pace {
        let seconds = if self.quick { self.seconds.min(0.2) } else { self.seconds };
        Pace { time: Duration::from_secs_f64(seconds), rounds: if self.quick { 5 } else { 15 } }
    }

    pub(crate) fn runs(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number")?;
    if (0.1..=600.0).contains(&seconds) { Ok(seconds) } else { Err("not 0.1 to 600".into()) }
}
