//! Keys and values: always the same.

use std::sync::Arc;

use atg_benches::Random;
use bytes::Bytes;

/// What caches hold: cheap to clone, 2 KB and as many bytes more as its number says. So its length
/// tells whether it is the right one, and telling costs no contestant a look into memory.
pub(crate) type Value = Arc<Bytes>;

/// The size of value number 0.
const LEAST_SIZE: usize = 2_048;

/// Keys like ids of resources, 89 bytes each, and their values.
pub(crate) struct Items {
    pub(crate) keys: Vec<Box<str>>,
    pub(crate) values: Vec<Value>,
}

impl Items {
    /// So many; their values are parts of one buffer, for nobody reads them.
    pub(crate) fn new(count: usize) -> Self {
        Self::with_keys((0..count).map(key).collect())
    }

    /// The values of these keys.
    pub(crate) fn with_keys(keys: Vec<Box<str>>) -> Self {
        let buffer = Bytes::from(vec![0; LEAST_SIZE + keys.len()]);
        let value = |index| Arc::new(buffer.slice(..LEAST_SIZE + index));
        let values = (0..keys.len()).map(value).collect();
        Self { keys, values }
    }

    /// Whether a value is that of this number.
    pub(crate) fn is_of(value: &Value, index: usize) -> bool {
        value.len() == LEAST_SIZE + index
    }

    /// Bytes of all values together.
    pub(crate) fn size(&self) -> usize {
        self.values.iter().map(|value| value.len()).sum()
    }
}

/// Key number `index`.
pub(crate) fn key(index: usize) -> Box<str> {
    let group = index % 1_000;
    format!(
        "/subscriptions/{:08x}-1111-2222-3333-444444444444/resourcegroups/group-{group:03}/vm-{index:09}",
        index % 7
    )
    .into()
}

/// Draws numbers as people ask for things: number n is asked for 1/n times as often as the first.
pub(crate) struct Zipf(Vec<f64>);

impl Zipf {
    pub(crate) fn new(count: u32) -> Self {
        let mut sum = 0.0;
        let mut reach = |rank: u32| {
            sum += 1.0 / f64::from(rank);
            sum
        };
        Self((1..=count).map(&mut reach).collect())
    }

    pub(crate) fn draw(&self, random: &mut Random) -> usize {
        let drawn = random.fraction() * self.0.last().copied().unwrap_or_default();
        self.0.partition_point(|reach| *reach <= drawn)
    }
}
