//! Look-ups of what lives in files.

use std::fs::File;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use atg_benches::Limit;
use atg_cache::{FileCache, FileValue};
use atg_core::EntryOptions;

use crate::Outcome;
use crate::clock::{Sample, rounds, side_by_side};
use crate::options::Options;
use crate::table;

/// Entries of the cache in files, and their bytes.
const ENTRIES: usize = 1_000;
const BYTES: usize = 10_000;
/// Look-ups of a pass.
const PASS: u64 = 1_000;
/// An age at which a file's time of change is to be trusted.
const SETTLED: Duration = Duration::from_secs(60);

/// A row: a tier in files joins here, and its limit in [`run`].
struct Row {
    name: &'static str,
    /// Look-ups of a pass.
    pass: u64,
    /// Looks up once; fails for a wrong value.
    get: Box<dyn Fn() -> Outcome + Sync>,
}

/// Prints nanoseconds a look-up.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Limit>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("numbers.json");
    std::fs::write(&path, "[1, 2, 3]")?;
    File::options().write(true).open(&path)?.set_modified(SystemTime::now() - SETTLED)?;
    let directory = folder.path().join("cache");
    fill(&directory)?;
    let rows = [file_value(path.clone()), stat(path), file_get(&directory)?, file_open(directory)];
    let samples = rounds(&rows, options.pace(), measure)?;
    let cells = rows
        .iter()
        .zip(&samples)
        .map(|(row, sample)| [row.name.to_owned(), format!("{:.0}", sample.nanoseconds)]);
    table::print("Files: nanoseconds of a processor each", ["", "1 thread"], cells);
    let [hit, stat, get, open] = [0, 1, 2, 3].map(|place: usize| samples[place].nanoseconds);
    Ok(vec![
        Limit::most("a hit of a FileValue", Some(hit / 1e3), 1.0, "µs"),
        Limit::most("a hit of a FileValue to the stat it makes", Some(hit / stat), 1.1, "×"),
        Limit::most("a get of 10 KB from a FileCache", Some(get / 1e3), 20.0, "µs"),
        Limit::most("opening it and a first get", Some(open / 1e6), 0.1, "ms"),
    ])
}

fn measure(row: &Row, time: Duration) -> Outcome<Sample> {
    side_by_side(1, time, |_, _| {
        for _ in 0..row.pass {
            (row.get)()?;
        }
        Ok(row.pass)
    })
}

fn file_value(path: PathBuf) -> Row {
    let parse = |bytes: &[u8]| serde_json::from_slice(bytes).map_err(Into::into);
    let numbers: FileValue<Vec<u32>> = FileValue::new(path, parse);
    let get = move || {
        if *numbers.get()? == [1, 2, 3] { Ok(()) } else { Err("not what the file holds".into()) }
    };
    Row { name: "FileValue, a hit", pass: PASS, get: Box::new(get) }
}

/// What a hit cannot do without.
fn stat(path: PathBuf) -> Row {
    let get = move || {
        black_box(std::fs::metadata(&path)?);
        Ok(())
    };
    Row { name: "one stat of the file", pass: PASS, get: Box::new(get) }
}

fn key(number: usize) -> String {
    format!("vm_list:virtualmachines:/subscriptions/s{number}:contoso@bench")
}

/// What is kept under a key: its number, over and over.
fn value(number: usize) -> Vec<u8> {
    number.to_string().into_bytes().into_iter().cycle().take(BYTES).collect()
}

fn fill(directory: &Path) -> Outcome {
    let cache = FileCache::builder(directory).open()?;
    for number in 0..ENTRIES {
        cache.insert_blocking(&key(number), &value(number), EntryOptions::default());
    }
    Ok(())
}

/// Fails for a value that is not the key's.
fn check(cache: &FileCache, number: usize) -> Outcome {
    let found = cache.get_blocking(&key(number)).ok_or("an entry is missing")?;
    if found.len() == BYTES && found.starts_with(number.to_string().as_bytes()) {
        return Ok(());
    }
    Err("not what was kept under the key".into())
}

fn file_get(directory: &Path) -> Outcome<Row> {
    let cache = FileCache::builder(directory).open()?;
    let next = AtomicUsize::new(0);
    let get = move || check(&cache, next.fetch_add(1, Relaxed) % ENTRIES);
    Ok(Row { name: "FileCache, a get of 10 KB", pass: PASS, get: Box::new(get) })
}

fn file_open(directory: PathBuf) -> Row {
    let next = AtomicUsize::new(0);
    let get = move || {
        let cache = FileCache::builder(&directory).open()?;
        check(&cache, next.fetch_add(1, Relaxed) % ENTRIES)
    };
    Row { name: "FileCache, open and a first get", pass: 20, get: Box::new(get) }
}
