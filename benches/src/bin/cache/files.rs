//! Look-ups of what lives in files.

use std::fs::File;
use std::hint::black_box;
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use atg_benches::Limit;
use atg_cache::FileValue;

use crate::Outcome;
use crate::clock::{Sample, rounds, side_by_side};
use crate::options::Options;
use crate::table;

/// Look-ups of a pass.
const PASS: u64 = 1_000;
/// An age at which a file's time of change is to be trusted.
const SETTLED: Duration = Duration::from_secs(60);

/// A row: a tier in files joins here, and its limit in [`run`].
struct Row {
    name: &'static str,
    /// Looks up once; fails for a wrong value.
    get: Box<dyn Fn() -> Outcome + Sync>,
}

/// Prints nanoseconds a look-up.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Limit>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("numbers.json");
    std::fs::write(&path, "[1, 2, 3]")?;
    File::options().write(true).open(&path)?.set_modified(SystemTime::now() - SETTLED)?;
    let rows = [file_value(path.clone()), stat(path)];
    let samples = rounds(&rows, options.pace(), measure)?;
    let cells = rows
        .iter()
        .zip(&samples)
        .map(|(row, sample)| [row.name.to_owned(), format!("{:.0}", sample.nanoseconds)]);
    table::print("Files: nanoseconds of a processor each", ["", "1 thread"], cells);
    let [hit, stat] = [0, 1].map(|place: usize| samples[place].nanoseconds);
    Ok(vec![
        Limit::most("a hit of a FileValue", Some(hit / 1e3), 1.0, "µs"),
        Limit::most("a hit of a FileValue to the stat it makes", Some(hit / stat), 1.1, "×"),
    ])
}

fn measure(row: &Row, time: Duration) -> Outcome<Sample> {
    side_by_side(1, time, |_, _| {
        for _ in 0..PASS {
            (row.get)()?;
        }
        Ok(PASS)
    })
}

fn file_value(path: PathBuf) -> Row {
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(Into::into);
    let numbers: FileValue<Vec<u32>> = FileValue::new(path, parse);
    let get = move || {
        if *numbers.get()? == [1, 2, 3] { Ok(()) } else { Err("not what the file holds".into()) }
    };
    Row { name: "FileValue, a hit", get: Box::new(get) }
}

/// What a hit cannot do without.
fn stat(path: PathBuf) -> Row {
    let get = move || {
        black_box(std::fs::metadata(&path)?);
        Ok(())
    };
    Row { name: "one stat of the file", get: Box::new(get) }
}
