//! What a cache bounded by bytes holds while many insert at once.

use std::sync::{Arc, Barrier};
use std::thread;

use atg_benches::Limit;
use bytes::Bytes;

use crate::Outcome;
use crate::contestants::{Contestant, Role, WEIGHTED, figure};
use crate::data::{Value, key};
use crate::memory::{peak, reset_peak, used};
use crate::options::Options;
use crate::table;
use crate::work::Work;

const BOUND: usize = 1 << 20;
const SIZE: usize = 10_000;
const WRITERS: usize = 4;
/// Values of one writer.
const EACH: usize = 5_000;
/// The worst of so many bursts counts.
const BURSTS: usize = 5;

/// Prints peaks.
pub(crate) fn run(_options: &Options) -> Outcome<Vec<Limit>> {
    let keys: Vec<Box<str>> = (0..WRITERS * EACH).map(key).collect();
    let peaks = WEIGHTED.iter().map(|one| worst(one, &keys)).collect::<Outcome<Vec<_>>>()?;
    let title = "The most bytes in use while 4 threads insert values of 10 KB under a bound of \
                 1 MiB, without the 4 in their hands; what stays after it; how many values stay";
    let rows = WEIGHTED.iter().zip(&peaks).map(|(one, burst)| {
        [
            one.name.to_owned(),
            format!("{:.2}", burst.peak),
            format!("{:.2}", burst.after),
            burst.held.to_string(),
        ]
    });
    table::print(title, ["", "peak, × bound", "after, × bound", "values"], rows);
    let peaks = WEIGHTED.iter().zip(&peaks).map(|(one, burst)| (one.role, burst.peak));
    let ours = figure(&peaks.collect::<Vec<_>>(), Role::Ours);
    Ok(vec![Limit::most("bytes at the peak of a burst, to the bound", ours, 1.1, "×")])
}

/// Sizes are to the bound.
struct Burst {
    peak: f64,
    after: f64,
    held: u64,
}

fn worst(one: &Contestant, keys: &[Box<str>]) -> Outcome<Burst> {
    let bursts = (0..BURSTS).map(|_| burst(one, keys)).collect::<Outcome<Vec<_>>>()?;
    bursts.into_iter().max_by(|a, b| a.peak.total_cmp(&b.peak)).ok_or_else(|| "no bursts".into())
}

fn burst(one: &Contestant, keys: &[Box<str>]) -> Outcome<Burst> {
    let cache = (one.make)(BOUND);
    let start = Barrier::new(WRITERS + 1);
    let (cache, start) = (&*cache, &start);
    let before = thread::scope(|scope| {
        for keys in keys.chunks(EACH) {
            scope.spawn(move || write(cache, keys, start));
        }
        let before = used();
        reset_peak();
        start.wait();
        before
    });
    let most = peak().saturating_sub(before + WRITERS * SIZE);
    let held = check(one, cache, keys)?;
    let to_bound = |bytes: usize| bytes as f64 / BOUND as f64;
    Ok(Burst { peak: to_bound(most), after: to_bound(used().saturating_sub(before)), held })
}

fn write(cache: &dyn Work, keys: &[Box<str>], start: &Barrier) {
    start.wait();
    for key in keys {
        cache.keep(key, &value(key));
    }
}

/// 10 KB that belong to this key.
fn value(key: &str) -> Value {
    let mut bytes = vec![0; SIZE];
    bytes[..key.len()].copy_from_slice(key.as_bytes());
    Arc::new(Bytes::from(bytes))
}

/// How many values it kept: no more than the bound allows, and not just a few.
fn check(one: &Contestant, cache: &dyn Work, keys: &[Box<str>]) -> Outcome<u64> {
    let held = cache.held();
    let mut found = 0;
    for key in keys {
        if let Some(value) = cache.find(key) {
            found += 1;
            if !value.starts_with(key.as_bytes()) {
                return Err(format!("{}: the value of {key} is not its own", one.name).into());
            }
        }
    }
    let most = BOUND / SIZE;
    if found < most / 2 || found > most || held != found as u64 {
        return Err(format!("{} holds {held} values and finds {found}", one.name).into());
    }
    Ok(held)
}
