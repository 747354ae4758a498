//! Loads of what many ask for at once: one each, and one where it fails.

use std::sync::Arc;
use std::time::Instant;

use atg_benches::Limit;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;

use crate::Outcome;
use crate::data::{Items, Value};
use crate::loaders::{Loader, Origin, all};
use crate::options::Options;
use crate::table;

/// Many callers of few keys.
struct Crowd {
    callers: usize,
    keys: usize,
    /// One key in this many fails; none for 0.
    fails: usize,
}

const ONE_KEY: Crowd = Crowd { callers: 10_000, keys: 1, fails: 0 };
const SOME_FAIL: Crowd = Crowd { callers: 1_000, keys: 100, fails: 10 };

/// What it took.
struct Flight {
    loads: u64,
    milliseconds: f64,
}

/// Prints loads, and how long all waited.
pub(crate) fn run(_options: &Options) -> Outcome<Vec<Limit>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let loaders = all().into_iter().zip(all());
    let rows = loaders.map(|(first, second)| {
        let flights = [fly(&runtime, &first, &ONE_KEY)?, fly(&runtime, &second, &SOME_FAIL)?];
        Ok((first.name(), flights))
    });
    let rows: Vec<(&str, [Flight; 2])> = rows.collect::<Outcome<_>>()?;
    let title = "Single flight, a load takes 20 ms: 10,000 callers of one key; 1,000 callers of \
                 100 keys, 10 of which fail";
    let header = ["", "loads", "ms", "loads, some fail", "ms"];
    let cells = rows.iter().map(|(name, [one, some])| {
        let [one_time, some_time] = [one, some].map(|all| format!("{:.0}", all.milliseconds));
        [(*name).to_owned(), one.loads.to_string(), one_time, some.loads.to_string(), some_time]
    });
    table::print(title, header, cells);
    let ours = |place: usize| rows.first().map(|(_, flights)| flights[place].loads as f64);
    Ok(vec![
        Limit::most("10,000 callers of one key", ours(0), 1.0, "loads"),
        Limit::most("1,000 callers of 100 keys, 10 fail", ours(1), 100.0, "loads"),
    ])
}

fn fly(runtime: &Runtime, loader: &Arc<dyn Loader>, crowd: &Crowd) -> Outcome<Flight> {
    let origin = Arc::new(Origin::new(crowd.keys, crowd.fails));
    runtime.block_on(async {
        let start = Arc::new(Barrier::new(crowd.callers + 1));
        let call = |caller| {
            let (loader, origin, start) = (loader.clone(), origin.clone(), start.clone());
            let index = caller % crowd.keys;
            tokio::spawn(async move {
                start.wait().await;
                check(loader.get(&origin, index).await.as_ref(), &origin, index)
            })
        };
        let calls: Vec<_> = (0..crowd.callers).map(call).collect();
        start.wait().await;
        let begun = Instant::now();
        for call in calls {
            call.await?.map_err(|wrong| format!("{}: {wrong}", loader.name()))?;
        }
        let milliseconds = begun.elapsed().as_secs_f64() * 1e3;
        Ok(Flight { loads: origin.loads(), milliseconds })
    })
}

/// Fails unless the value is the key's own, or there is none where the load fails.
fn check(found: Option<&Value>, origin: &Origin, index: usize) -> Result<(), String> {
    match found {
        Some(value) if !origin.refuses(index) && Items::is_of(value, index) => Ok(()),
        None if origin.refuses(index) => Ok(()),
        Some(value) => Err(format!("{} bytes for key {index}", value.len())),
        None => Err(format!("no value for key {index}")),
    }
}
