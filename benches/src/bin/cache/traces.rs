//! What is asked for, and in what order.

use std::collections::HashMap;

use atg_azure::simulator::{Tenant, TenantSpec};
use atg_benches::Random;
use atg_core::ResourceId;

use crate::Outcome;
use crate::data::{Items, Zipf, key};

/// Keys of the made-up traces.
const KEYS: u32 = 50_000;
/// Resources of the simulated tenant.
const RESOURCES: u64 = 50_000;
/// One resource in this many changed before the second scan.
const CHANGED: usize = 50;
/// Times that the loop goes round.
const LAPS: u32 = 40;

/// A sequence of look-ups.
pub(crate) struct Trace {
    pub(crate) items: Items,
    pub(crate) requests: Vec<u32>,
    /// Look-ups before this one only warm the cache up.
    pub(crate) counted_from: usize,
}

/// Numbers drawn by Zipf's law, the exponent 1.0; a quarter of them to warm up.
pub(crate) fn zipf(requests: usize) -> Trace {
    let (law, mut random) = (Zipf::new(KEYS), Random(3));
    let draw = |_| u32::try_from(law.draw(&mut random)).unwrap_or_default();
    let requests: Vec<u32> = (0..requests).map(draw).collect();
    Trace { items: items(KEYS), counted_from: requests.len() / 4, requests }
}

/// An eighth of the keys, round and round; the first lap to warm up.
pub(crate) fn round_and_round() -> Trace {
    let lap = KEYS / 8;
    let requests = (0..LAPS).flat_map(|_| 0..lap).collect();
    Trace { items: items(lap), requests, counted_from: lap as usize }
}

fn items(count: u32) -> Items {
    Items::with_keys((0..count as usize).map(key).collect())
}

/// A scan of a tenant: each resource in the order of the list, and after it what contains it, up
/// to its subscription. Then a scan of what changed, with what contains that.
pub(crate) struct Scans {
    pub(crate) items: Items,
    pub(crate) complete: Vec<u32>,
    pub(crate) incremental: Vec<u32>,
    /// How many resources there are.
    pub(crate) resources: usize,
}

/// Keys by their numbers.
#[derive(Default)]
struct Keys {
    numbers: HashMap<Box<str>, u32>,
    keys: Vec<Box<str>>,
}

impl Keys {
    fn number(&mut self, key: &str) -> Outcome<u32> {
        if let Some(number) = self.numbers.get(key) {
            return Ok(*number);
        }
        let number = u32::try_from(self.keys.len())?;
        self.numbers.insert(key.into(), number);
        self.keys.push(key.into());
        Ok(number)
    }
}

/// The scans of a simulated tenant.
pub(crate) fn scans() -> Outcome<Scans> {
    let tenant = Tenant::new(TenantSpec::sized(RESOURCES, 10))?;
    let mut keys = Keys::default();
    let chains = (0..RESOURCES).map(|index| chain(&tenant, index, &mut keys));
    let chains = chains.collect::<Outcome<Vec<_>>>()?;
    let mut random = Random(5);
    let changed = (0..chains.len() / CHANGED).map(|_| random.below(chains.len()));
    let incremental = changed.flat_map(|index| chains[index].iter().copied()).collect();
    let resources = chains.len();
    let complete = chains.into_iter().flatten().collect();
    Ok(Scans { items: Items::with_keys(keys.keys), complete, incremental, resources })
}

/// A resource and what contains it.
fn chain(tenant: &Tenant, index: u64, keys: &mut Keys) -> Outcome<Vec<u32>> {
    let mut id = String::new();
    tenant.write_id(index, &mut id);
    let first = ResourceId::parse(id)?;
    let ids = std::iter::successors(Some(first), ResourceId::parent);
    ids.map(|id| keys.number(id.key())).collect()
}
