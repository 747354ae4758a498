//! Bytes that a cache needs for an entry, beside its key's text and its value.

use atg_benches::Limit;

use crate::Outcome;
use crate::contestants::{ALL, Contestant, Role, figure};
use crate::data::Items;
use crate::memory::used;
use crate::options::Options;
use crate::peers::Plain;
use crate::table;
use crate::work::Work;

const CAPACITY: usize = 50_000;
/// How many times as many keys go through the cache as it has room for.
const TURNS: usize = 3;

/// Prints bytes an entry.
pub(crate) fn run(_options: &Options) -> Outcome<Vec<Limit>> {
    let items = Items::new(CAPACITY * TURNS);
    let ratios = ALL.iter().map(|one| of(one, &items)).collect::<Outcome<Vec<_>>>()?;
    let title = "Bytes an entry beside its key's text and its value, 50,000 entries: when it was \
                 filled, and when twice as many had gone through";
    let header = ["", "filled", "× map", "turned over", "× map"];
    let map = map(CAPACITY);
    let row = |name: &str, figures: [f64; 2]| {
        let [filled, turned] = figures;
        let count = |figure: f64| format!("{figure:.0}");
        let ratio = |figure: f64| format!("{:.2}", figure / map);
        [name.to_owned(), count(filled), ratio(filled), count(turned), ratio(turned)]
    };
    let rows = ALL.iter().zip(&ratios).map(|(one, figures)| row(one.name, *figures));
    table::print(title, header, std::iter::once(row("HashMap", [map; 2])).chain(rows));
    let worst =
        ALL.iter().zip(&ratios).map(|(one, [filled, turned])| (one.role, filled.max(*turned)));
    let worst: Vec<_> = worst.collect();
    Ok(vec![Limit::most("bytes an entry", figure(&worst, Role::Ours), 130.0, "bytes")])
}

fn map(count: usize) -> f64 {
    let items = Items::new(count);
    let before = used();
    let map = Plain::new(&items);
    let after = used();
    drop(map);
    beside_keys(after.saturating_sub(before), &items, count as u64)
}

fn of(one: &Contestant, items: &Items) -> Outcome<[f64; 2]> {
    let before = used();
    let cache = (one.make)(CAPACITY);
    let mut turns = (0..TURNS).map(|turn| -> Outcome<f64> {
        for index in turn * CAPACITY..(turn + 1) * CAPACITY {
            cache.keep(&items.keys[index], &items.values[index]);
        }
        let held = check(one, &*cache, items)?;
        Ok(beside_keys(used().saturating_sub(before), items, held))
    });
    let filled = turns.next().ok_or("no turns")??;
    Ok([filled, turns.next_back().ok_or("one turn")??])
}

/// How many entries it holds: about all it may, each right.
fn check(one: &Contestant, cache: &dyn Work, items: &Items) -> Outcome<u64> {
    let held = cache.held();
    let mut found = 0;
    for (index, key) in items.keys.iter().enumerate() {
        if let Some(value) = cache.find(key) {
            found += 1;
            if !Items::is_of(&value, index) {
                return Err(format!("{}: the value of {key} is not its own", one.name).into());
            }
        }
    }
    if held < CAPACITY as u64 * 9 / 10 || found != held {
        return Err(format!("{} holds {held} entries and finds {found}", one.name).into());
    }
    Ok(held)
}

/// All keys are of one length.
fn beside_keys(bytes: usize, items: &Items, entries: u64) -> f64 {
    let text = items.keys.first().map_or(0, |key| key.len());
    bytes as f64 / entries as f64 - text as f64
}
