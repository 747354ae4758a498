//! Look-ups of keys that are all there.

use std::time::Duration;

use atg_benches::{Limit, Random};

use crate::Outcome;
use crate::clock::{Sample, rounds, side_by_side};
use crate::contestants::{ALL, Role, figure};
use crate::data::Items;
use crate::options::Options;
use crate::peers::Plain;
use crate::table;
use crate::work::Hits;

/// Keys that are there.
const KEYS: usize = 1_000;
/// Room for entries: a cache in parts may not fill all of them alike.
const CAPACITY: usize = 2 * KEYS;
/// Times that a pass looks up all keys.
const REPEATS: usize = 5;

const THREADS: [usize; 2] = [1, 2];

/// A cache that holds all keys.
struct Full {
    name: &'static str,
    role: Role,
    cache: Box<dyn Hits>,
}

/// Prints nanoseconds a hit.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Limit>> {
    let items = Items::new(KEYS);
    let all = all(&items);
    let measured = THREADS
        .into_iter()
        .map(|threads| {
            rounds(&all, options.pace(), |one, time| measure(one, &items, threads, time))
        })
        .collect::<Outcome<Vec<_>>>()?;
    let title = "Hits: 1,000 keys of 89 bytes; nanoseconds of a processor each";
    let header = ["", "1 thread", "× map", "2 threads", "× map", "wall, 2: M/s"];
    table::print(title, header, (0..all.len()).map(|place| row(all[place].name, place, &measured)));
    Ok(limits(&all, &measured))
}

/// The figures of the contestant in this place; the map is in the first.
fn row(name: &str, place: usize, measured: &[Vec<Sample>]) -> [String; 6] {
    let time = |samples: &[Sample]| format!("{:.1}", samples[place].nanoseconds);
    let ratio =
        |samples: &[Sample]| format!("{:.2}", samples[place].nanoseconds / samples[0].nanoseconds);
    let [alone, paired] = [&measured[0], &measured[1]];
    [
        name.to_owned(),
        time(alone),
        ratio(alone),
        time(paired),
        ratio(paired),
        format!("{:.1}", paired[place].by_wall),
    ]
}

/// The map first.
fn all(items: &Items) -> Vec<Full> {
    let map: Box<dyn Hits> = Box::new(Plain::new(items));
    let map = Full { name: "HashMap, foldhash, no lock", role: Role::Map, cache: map };
    let caches = ALL.iter().map(|one| {
        let cache = (one.make)(CAPACITY);
        for (key, value) in items.keys.iter().zip(&items.values) {
            cache.keep(key, value);
        }
        // Some put off what they have to do; and each value is to be itself.
        cache.held();
        Full { name: one.name, role: one.role, cache }
    });
    std::iter::once(map).chain(caches).collect()
}

fn measure(full: &Full, items: &Items, threads: usize, time: Duration) -> Outcome<Sample> {
    check(full, items)?;
    let orders: Vec<Vec<&str>> = (0..threads as u64).map(|seed| shuffled(items, seed)).collect();
    let expected = items.size() * REPEATS;
    side_by_side(threads, time, |thread, _| {
        let found = full.cache.hits(&orders[thread]);
        if found != expected {
            return Err(format!("{}: {found} bytes found, {expected} are there", full.name).into());
        }
        Ok((KEYS * REPEATS) as u64)
    })
}

/// Fails unless each key gives its own value.
fn check(full: &Full, items: &Items) -> Outcome {
    for (key, value) in items.keys.iter().zip(&items.values) {
        if full.cache.hits(&[key]) != value.len() {
            return Err(format!("{}: the value of {key} is not its own", full.name).into());
        }
    }
    Ok(())
}

fn shuffled(items: &Items, seed: u64) -> Vec<&str> {
    let mut random = Random(seed);
    let mut order = Vec::new();
    for _ in 0..REPEATS {
        let mut keys: Vec<&str> = items.keys.iter().map(|key| &**key).collect();
        random.shuffle(&mut keys);
        order.extend(keys);
    }
    order
}

fn limits(all: &[Full], measured: &[Vec<Sample>]) -> Vec<Limit> {
    let figures = |samples: &[Sample]| -> Vec<(Role, f64)> {
        all.iter().zip(samples).map(|(one, sample)| (one.role, sample.nanoseconds)).collect()
    };
    let ratio = |samples: &[Sample], above, below| {
        Some(figure(&figures(samples), above)? / figure(&figures(samples), below)?)
    };
    let [alone, paired] = [&measured[0], &measured[1]];
    let to_map = |samples| ratio(samples, Role::Ours, Role::Map);
    let moka = |samples| ratio(samples, Role::Moka, Role::Ours);
    vec![
        Limit::most("a hit to the map's, 1 thread", to_map(alone), 1.5, "×"),
        Limit::most("a hit to the map's, 2 threads", to_map(paired), 1.5, "×"),
        Limit::least("moka's hit to ours, 1 thread", moka(alone), 3.0, "×"),
        Limit::least("moka's hit to ours, 2 threads", moka(paired), 3.0, "×"),
    ]
}
