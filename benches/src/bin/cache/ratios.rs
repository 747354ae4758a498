//! How many look-ups find something, where what is missed is inserted.

use atg_benches::Limit;

use crate::Outcome;
use crate::contestants::{ALL, Contestant, Role, figure};
use crate::data::Items;
use crate::options::Options;
use crate::table;
use crate::traces::{Scans, Trace, round_and_round, scans, zipf};
use crate::work::{Work, check_held};

/// Room for 1% and 10% of 50,000 keys.
const ROOM: [usize; 2] = [500, 5_000];

/// Percentages of one contestant.
struct Ratios {
    zipf: [f64; 2],
    round: f64,
    scans: [f64; 2],
}

/// Prints percentages.
pub(crate) fn run(options: &Options) -> Outcome<Vec<Limit>> {
    let zipf = zipf(if options.quick { 400_000 } else { 2_000_000 });
    let (round, scans) = (round_and_round(), scans()?);
    let ratios = ALL.iter().map(|one| of(one, &zipf, &round, &scans));
    let ratios = ratios.collect::<Outcome<Vec<_>>>()?;
    let title = "Hits of 100 look-ups; the room is in percent of the keys, 50,000 or as many ids";
    let header = [
        "",
        "zipf, 1%",
        "zipf, 10%",
        "loop of 12.5%, 10%",
        "scan, 10%",
        "incremental scan after it",
    ];
    let rows = ALL.iter().zip(&ratios).map(|(one, ratios)| {
        let percent = |figure: f64| format!("{figure:.1}");
        [
            one.name.to_owned(),
            percent(ratios.zipf[0]),
            percent(ratios.zipf[1]),
            percent(ratios.round),
            percent(ratios.scans[0]),
            percent(ratios.scans[1]),
        ]
    });
    table::print(title, header, rows);
    Ok(limits(&ratios))
}

fn of(one: &Contestant, zipf: &Trace, round: &Trace, scans: &Scans) -> Outcome<Ratios> {
    let [small, large] = ROOM;
    Ok(Ratios {
        zipf: [traced(one, small, zipf)?, traced(one, large, zipf)?],
        round: traced(one, large, round)?,
        scans: scanned(one, scans)?,
    })
}

fn traced(one: &Contestant, capacity: usize, trace: &Trace) -> Outcome<f64> {
    let cache = (one.make)(capacity);
    let (warming, counted) = trace.requests.split_at(trace.counted_from);
    percent_of(one, &*cache, warming, &trace.items)?;
    let percent = percent_of(one, &*cache, counted, &trace.items)?;
    check_held(&*cache, capacity, one.name)?;
    Ok(percent)
}

/// Of the complete scan, and of the incremental one after it.
fn scanned(one: &Contestant, scans: &Scans) -> Outcome<[f64; 2]> {
    let cache = (one.make)(scans.resources / 10);
    let complete = percent_of(one, &*cache, &scans.complete, &scans.items)?;
    Ok([complete, percent_of(one, &*cache, &scans.incremental, &scans.items)?])
}

fn percent_of(one: &Contestant, cache: &dyn Work, requests: &[u32], items: &Items) -> Outcome<f64> {
    let tally = cache.cached(requests, items);
    if tally.wrong > 0 || tally.hits + tally.misses != requests.len() as u64 {
        return Err(format!("{}: {tally:?} of {} look-ups", one.name, requests.len()).into());
    }
    Ok(tally.hits as f64 / requests.len() as f64 * 100.0)
}

fn limits(ratios: &[Ratios]) -> Vec<Limit> {
    let ours = |of: fn(&Ratios) -> f64| {
        let figures: Vec<_> =
            ALL.iter().zip(ratios).map(|(one, all)| (one.role, of(all))).collect();
        figure(&figures, Role::Ours)
    };
    vec![
        Limit::least("hits by Zipf's law, room for 10%", ours(|all| all.zipf[1]), 76.0, "%"),
        Limit::least("hits on the loop", ours(|all| all.round), 60.0, "%"),
    ]
}
