//! Says whether runs became slower, for people and for CI:
//! `cargo run --example compare_reports -- metrics.jsonl --name nightly --last 7`

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use atg_core::{Error, ErrorKind, Result};
use atg_perf::report::{CompareOptions, MetricsFile, RunReport, compare};
use clap::Parser;

/// Compare the reports of two sets of runs, metric by metric.
///
/// A file is a report or a metrics file of one report a line. All runs of a side are taken as
/// repetitions of one another: give at least seven a side.
#[derive(Debug, Parser)]
#[command(name = "compare_reports", version, after_help = EXAMPLES)]
struct Options {
    /// The earlier runs
    before: PathBuf,

    /// The later runs [default: the last runs of the first file, see --last]
    #[arg(required_unless_present_any = ["last", "other_name"])]
    after: Option<PathBuf>,

    /// Only runs of this name
    #[arg(long)]
    name: Option<String>,

    /// The name of the later runs, where it is another
    #[arg(long, value_name = "NAME", requires = "name")]
    other_name: Option<String>,

    /// Only the last N of the later runs; without a second file, those are compared with the runs
    /// before them [count, 1 or more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    last: Option<u32>,

    /// Only the last N of the earlier runs [count, 1 or more]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    before_last: Option<u32>,

    /// The least change that counts [percent, 0 to 1000]
    #[arg(long, value_name = "P", default_value_t = 5.0, value_parser = percent(0.0..=1000.0))]
    threshold: f64,

    /// How sure the whole table shall be [percent, 50 to 99.9]
    #[arg(long, value_name = "P", default_value_t = 95.0, value_parser = percent(50.0..=99.9))]
    confidence: f64,

    /// The noise between runs that is assumed where a side has fewer than seven [percent, 0 to 1000]
    #[arg(long, value_name = "P", default_value_t = 10.0, value_parser = percent(0.0..=1000.0))]
    run_noise: f64,
}

const EXAMPLES: &str = "Examples:
  compare_reports main.jsonl branch.jsonl              two files
  compare_reports metrics.jsonl --name scan --last 7   the last seven runs with those before
  compare_reports metrics.jsonl --name v1 --other-name v2
                                                       runs of two names

Exit status: 0 nothing became worse; 1 something did; 2 wrong usage, a file that cannot be read, or
nothing that could be compared.";

/// A parser of numbers within bounds, which refuses all others.
fn percent(
    within: RangeInclusive<f64>,
) -> impl Fn(&str) -> std::result::Result<f64, String> + Clone + Send + Sync + 'static {
    move |text| match text.parse() {
        Ok(percent) if within.contains(&percent) => Ok(percent),
        _ => Err(format!("a number from {} to {}", within.start(), within.end())),
    }
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(error) => {
            eprintln!("error: {}", error.report());
            ExitCode::from(2)
        }
    }
}

/// How many metrics are worse.
fn run(options: &Options) -> Result<usize> {
    let first = read(&options.before)?;
    let second = options.after.as_deref().map(read).transpose()?;
    let (before, after) = sides(options, &first, second.as_deref());
    let compare_options = CompareOptions {
        confidence: options.confidence / 100.0,
        threshold: options.threshold / 100.0,
        run_noise: options.run_noise / 100.0,
    };
    println!("{} earlier runs, {} later runs", before.len(), after.len());
    let comparison = compare(&before, &after, compare_options);
    print!("{}", comparison.to_text());
    if comparison.compared() == 0 {
        let message = "nothing could be compared; the table says why";
        return Err(Error::new(ErrorKind::InvalidInput, "compare reports", message));
    }
    Ok(comparison.regressions())
}

/// The earlier and the later runs that the options mean.
fn sides<'a>(
    options: &Options,
    first: &'a [RunReport],
    second: Option<&'a [RunReport]>,
) -> (Vec<&'a RunReport>, Vec<&'a RunReport>) {
    let other_name = options.other_name.as_ref().or(options.name.as_ref());
    let mut before = named(first, options.name.as_ref());
    let mut after = match second {
        Some(second) => named(second, other_name),
        None if options.other_name.is_some() => named(first, other_name),
        None => before.clone(),
    };
    keep_last(&mut after, options.last);
    if second.is_none() && options.other_name.is_none() {
        before.truncate(before.len() - after.len());
    }
    keep_last(&mut before, options.before_last);
    (before, after)
}

fn named<'a>(runs: &'a [RunReport], name: Option<&String>) -> Vec<&'a RunReport> {
    runs.iter().filter(|run| name.is_none_or(|name| run.name == *name)).collect()
}

fn keep_last(runs: &mut Vec<&RunReport>, last: Option<u32>) {
    let last = last.map_or(usize::MAX, |last| usize::try_from(last).unwrap_or(usize::MAX));
    runs.drain(..runs.len().saturating_sub(last));
}

/// The runs in a file: one report, or one a line.
fn read(path: &Path) -> Result<Vec<RunReport>> {
    let is_file = path.metadata().is_ok_and(|found| found.is_file());
    if let Some(text) = is_file.then(|| std::fs::read_to_string(path).ok()).flatten()
        && serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok()
    {
        return Ok(vec![RunReport::from_json(&text)?]);
    }
    let contents = MetricsFile::new(path).read()?;
    let path = path.display();
    if contents.newer > 0 {
        eprintln!("{path}: {} lines of a newer version are left out", contents.newer);
    }
    if let Some(first) = contents.problems.first() {
        let (count, line) = (contents.unreadable, first.line);
        eprintln!("{path}: {count} lines are no reports, first line {line}: {}", first.why);
    }
    if contents.reports.is_empty() {
        let message = format!("{path} holds no report");
        return Err(Error::new(ErrorKind::InvalidData, "read reports", message));
    }
    Ok(contents.reports)
}
