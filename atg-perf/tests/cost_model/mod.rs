//! Random models of what a batch of rows costs, to run batch sizers against.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::cast_precision_loss)]
#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use atg_core::{BatchContext, BatchKind, BatchObservation, BatchResult, BatchSizer, FixedSizes};

/// Splitmix64, for figures that are the same everywhere.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((x ^ (x >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Between two numbers, evenly over their logarithms.
    fn log(&mut self, low: f64, high: f64) -> f64 {
        low * (high / low).powf(self.next())
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (self.next().max(1e-12), self.next());
        (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
    }
}

/// What a load is like beside what its batches cost.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Batches in flight at once, at the most.
    pub writers: usize,
    /// The chance that a batch is written twice, for each other that is in flight.
    pub contention: f64,
    /// Whether the sizer is told how many rows there will be.
    pub total_is_known: bool,
}

/// One writer who knows what is to come.
pub const ALONE: Conditions = Conditions { writers: 1, contention: 0.0, total_is_known: true };

/// What a batch costs: a + b·n + c·n², with noise, now and then a spike, and a change of the
/// server's pace amid the load.
#[derive(Debug, Clone)]
pub struct Model {
    a: f64,
    b: f64,
    c: f64,
    noise: f64,
    spikes: f64,
    /// After this part of the rows everything takes so many times as long.
    jump: (f64, f64),
}

impl Model {
    pub fn random(random: &mut Random) -> Self {
        let b = random.log(5e-6, 2e-4);
        let a = b * random.log(20.0, 3_000.0);
        // The best size is sqrt(a/c): 50 to 10,000 rows.
        let best = random.log(50.0, 10_000.0);
        let c = a / (best * best);
        let noise = random.log(0.02, 0.3);
        let spikes = if random.next() < 0.3 { 0.02 } else { 0.0 };
        let jump =
            if random.next() < 0.3 { (random.next(), random.log(0.5, 3.0)) } else { (1.0, 1.0) };
        Self { a, b, c, noise, spikes, jump }
    }

    /// Whether the server's pace changes amid the load.
    pub fn jumps(&self) -> bool {
        self.jump.0 < 1.0
    }

    fn seconds(&self, rows: f64, done: f64, random: &mut Random) -> f64 {
        let plain = self.a + rows * (self.b + rows * self.c);
        let noise = (self.noise * random.normal()).exp();
        let spike = if random.next() < self.spikes { 8.0 } else { 1.0 };
        let pace = if done > self.jump.0 { self.jump.1 } else { 1.0 };
        plain * noise * spike * pace
    }

    /// Seconds for all rows by a sizer.
    pub fn load(
        &self,
        conditions: Conditions,
        sizer: &mut dyn BatchSizer,
        total: u64,
        seed: u64,
    ) -> f64 {
        let Conditions { writers, contention, total_is_known } = conditions;
        let (mut random, mut sent, mut now) = (Random(seed), 0, Duration::ZERO);
        // The earliest end first.
        let mut in_flight: BinaryHeap<Reverse<(Duration, usize, Duration, u32)>> =
            BinaryHeap::new();
        loop {
            let allowed = sizer.parallelism(BatchKind::Nodes, writers).clamp(1, writers);
            while in_flight.len() < allowed && sent < total {
                let context = BatchContext {
                    kind: BatchKind::Nodes,
                    rows_remaining: total_is_known.then_some(total - sent),
                    rows_done: sent,
                    parallelism: allowed,
                    bytes_per_row: 700,
                };
                let rows = sizer.next_size(&context);
                assert!((1..=10_000).contains(&rows));
                let rows = rows.min((total - sent) as usize);
                let took = self.seconds(rows as f64, sent as f64 / total as f64, &mut random);
                let chance = contention * in_flight.len() as f64;
                let retries = u32::from(chance > 0.0 && random.next() < chance);
                let took = Duration::from_secs_f64(took) * (1 + retries);
                sent += rows as u64;
                in_flight.push(Reverse((now + took, rows, took, retries)));
            }
            let Some(Reverse((end, rows, elapsed, retries))) = in_flight.pop() else { break };
            now = end;
            let result = BatchResult::stored(false, retries);
            let (kind, bytes) = (BatchKind::Nodes, rows * 700);
            sizer.observe(&BatchObservation { kind, rows, bytes, elapsed, result });
        }
        now.as_secs_f64()
    }

    /// The best that any fixed size reaches.
    pub fn best(&self, conditions: Conditions, total: u64, seed: u64) -> f64 {
        let sizes = (0..12).map(|step| 50.0 * 200_f64.powf(f64::from(step) / 11.0));
        let load =
            |size: f64| self.load(conditions, &mut FixedSizes::new(size as usize, 1), total, seed);
        sizes.map(load).fold(f64::MAX, f64::min)
    }
}
