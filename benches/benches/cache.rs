//! Hits of the cache in memory, and look-ups with insertions.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark may stop")]

use std::sync::Arc;
use std::time::Duration;

use atg_benches::Random;
use atg_cache::{MemoryCache, Policy};
use atg_core::EntryOptions;
use bytes::Bytes;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

/// A value is as long as its key's number says.
type Value = Arc<Bytes>;

const POLICIES: [(&str, Policy); 2] = [("2Q", Policy::TwoQueues), ("LRU", Policy::Lru)];

/// Keys, values, and how they are kept.
struct Items {
    keys: Vec<String>,
    values: Vec<Value>,
    options: EntryOptions,
}

impl Items {
    fn new(count: usize) -> Self {
        let buffer = Bytes::from(vec![0; count]);
        Self {
            keys: atg_benches::ids(count),
            values: (0..count).map(|index| Arc::new(buffer.slice(..index))).collect(),
            options: EntryOptions::ttl(Duration::from_secs(3_600)),
        }
    }

    fn keep(&self, cache: &MemoryCache<Value>, index: usize) {
        cache.insert(&self.keys[index], self.values[index].clone(), &self.options);
    }
}

fn hits(criterion: &mut Criterion) {
    let items = Items::new(1_000);
    let bytes: usize = items.values.iter().map(|value| value.len()).sum();
    let mut group = criterion.benchmark_group("cache hits");
    group.throughput(Throughput::Elements(1_000));
    for (name, policy) in POLICIES {
        let cache = MemoryCache::builder(2_000).policy(policy).build();
        (0..1_000).for_each(|index| items.keep(&cache, index));
        group.bench_function(name, |b| {
            b.iter(|| {
                let lengths = items.keys.iter().map(|key| cache.get(key).unwrap().len());
                assert_eq!(lengths.sum::<usize>(), bytes);
            });
        });
    }
    group.finish();
}

/// Nine look-ups to one insertion, of ten times as many keys as there is room for.
fn mixed(criterion: &mut Criterion) {
    let items = Items::new(100_000);
    let mut random = Random(1);
    let steps: Vec<(usize, bool)> =
        (0..100_000).map(|_| (random.below(100_000), random.below(10) == 0)).collect();
    let mut group = criterion.benchmark_group("cache, 90% look-ups and 10% insertions");
    group.throughput(Throughput::Elements(100_000));
    for (name, policy) in POLICIES {
        let cache = MemoryCache::builder(10_000).policy(policy).build();
        group.bench_function(name, |b| {
            b.iter(|| {
                for (index, inserts) in &steps {
                    if *inserts {
                        items.keep(&cache, *index);
                    } else if let Some(value) = cache.get(&items.keys[*index]) {
                        assert_eq!(value.len(), *index);
                    }
                }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, hits, mixed);
criterion_main!(benches);
