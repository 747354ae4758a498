//! Nine look-ups to one insertion, over ten times as many keys as there is room for.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use atg_benches::{Limit, Random};

use crate::Outcome;
use crate::clock::{Sample, rounds, side_by_side};
use crate::contestants::{ALL, Contestant, Role, figure};
use crate::data::Items;
use crate::options::Options;
use crate::table;
use crate::work::{Step, Tally, Work, check_held};

const KEYS: usize = 100_000;
const CAPACITY: usize = 10_000;
/// One step in this many inserts.
const INSERTS: usize = 10;
/// Steps that are repeated.
const STEPS: usize = 1 << 21;
/// Steps of a pass.
const PASS: usize = 1 << 12;

const THREADS: [usize; 2] = [1, 2];

/// A contestant that is full when the clock starts.
struct Full {
    contestant: &'static Contestant,
    cache: Box<dyn Work>,
    /// How many passes there were; none repeats before all steps were taken.
    passes: AtomicUsize,
}

/// Prints millions of operations a second.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Limit>> {
    let items = Items::new(KEYS);
    let all: Vec<Full> = ALL.iter().map(|one| fill(one, &items)).collect();
    let steps = steps();
    let measured = THREADS
        .into_iter()
        .map(|threads| {
            rounds(&all, options.pace(), |one, time| measure(one, &items, &steps, threads, time))
        })
        .collect::<Outcome<Vec<_>>>()?;
    let title = "Mixed: 90% look-ups, 10% insertions, 100,000 keys alike, room for 10,000; \
                 millions a second by processor time, and by the wall's";
    let header =
        ["", "1 thread", "× quick_cache", "2 threads", "× quick_cache", "wall, 1", "wall, 2"];
    table::print(title, header, (0..ALL.len()).map(|place| row(place, &measured)));
    Ok(limits(&figures(&measured[0]), &figures(&measured[1])))
}

/// The figures of the contestant in this place.
fn row(place: usize, measured: &[Vec<Sample>]) -> [String; 7] {
    let rate = |samples: &[Sample]| format!("{:.2}", samples[place].by_processor);
    let ratio = |samples: &[Sample]| {
        let quick = figure(&figures(samples), Role::Quick).unwrap_or(f64::NAN);
        format!("{:.2}", samples[place].by_processor / quick)
    };
    let wall = |samples: &[Sample]| format!("{:.2}", samples[place].by_wall);
    let [alone, paired] = [&measured[0], &measured[1]];
    [
        ALL[place].name.to_owned(),
        rate(alone),
        ratio(alone),
        rate(paired),
        ratio(paired),
        wall(alone),
        wall(paired),
    ]
}

fn figures(samples: &[Sample]) -> Vec<(Role, f64)> {
    ALL.iter().zip(samples).map(|(one, sample)| (one.role, sample.by_processor)).collect()
}

fn fill(contestant: &'static Contestant, items: &Items) -> Full {
    let cache = (contestant.make)(CAPACITY);
    for (key, value) in items.keys.iter().zip(&items.values).take(2 * CAPACITY) {
        cache.keep(key, value);
    }
    Full { contestant, cache, passes: AtomicUsize::new(0) }
}

fn steps() -> Vec<Step> {
    let mut random = Random(1);
    let mut step = |_| Step {
        index: u32::try_from(random.below(KEYS)).unwrap_or_default(),
        inserts: random.below(INSERTS) == 0,
    };
    (0..STEPS).map(&mut step).collect()
}

fn measure(
    full: &Full,
    items: &Items,
    steps: &[Step],
    threads: usize,
    time: Duration,
) -> Outcome<Sample> {
    let name = full.contestant.name;
    let sample = side_by_side(threads, time, |_, _| {
        let from = full.passes.fetch_add(1, Relaxed) * PASS % STEPS;
        check(full.cache.mixed(&steps[from..from + PASS], items), name)?;
        Ok(PASS as u64)
    })?;
    check_held(&*full.cache, CAPACITY, name)?;
    Ok(sample)
}

/// Fails for a wrong value, or where a pass of this length hits nothing: a cache that keeps
/// nothing is fast.
fn check(tally: Tally, name: &str) -> Outcome {
    if tally.wrong > 0 || tally.hits == 0 || tally.misses == 0 {
        return Err(format!("{name}: {tally:?}").into());
    }
    Ok(())
}

fn limits(alone: &[(Role, f64)], paired: &[(Role, f64)]) -> Vec<Limit> {
    let to =
        |figures: &[(Role, f64)], role| Some(figure(figures, Role::Ours)? / figure(figures, role)?);
    vec![
        Limit::least("mixed to moka, 1 thread", to(alone, Role::Moka), 1.0, "×"),
        Limit::least("mixed to moka, 2 threads", to(paired, Role::Moka), 1.0, "×"),
        Limit::least("mixed to quick_cache, 1 thread", to(alone, Role::Quick), 0.77, "×"),
        Limit::least("mixed to quick_cache, 2 threads", to(paired, Role::Quick), 0.77, "×"),
    ]
}
