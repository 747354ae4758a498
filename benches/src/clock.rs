//! How long work takes, by the time that the processors spent on it.

#![allow(clippy::cast_precision_loss, reason = "counts are far below 2^52")]

use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use crate::{median, order};

/// What may fail stops a benchmark, as does a contestant that gives a wrong value.
pub type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

/// How long something is measured, in how many rounds.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// For each contestant, all rounds together.
    pub time: Duration,
    /// Rounds in which the contestants take turns.
    pub rounds: u32,
}

/// What some threads did side by side.
#[derive(Debug, Clone, Copy)]
pub struct Sample {
    /// Of a processor, for one operation.
    pub nanoseconds: f64,
    /// Millions a second, all threads together, by the time their processors spent.
    pub by_processor: f64,
    /// The same by the clock on the wall, where other programs count too.
    pub by_wall: f64,
}

/// What one thread did.
struct Share {
    operations: u64,
    processor: Duration,
    elapsed: Duration,
}

/// Lets contestants take turns, and gives the medians of each, in their order.
///
/// # Errors
/// What a measurement fails with; without rounds.
pub fn rounds<C>(
    contestants: &[C],
    pace: Pace,
    measure: impl Fn(&C, Duration) -> Outcome<Sample>,
) -> Outcome<Vec<Sample>> {
    let mut samples = vec![Vec::new(); contestants.len()];
    let time = pace.time / pace.rounds;
    for round in 0..pace.rounds as usize {
        for place in order(contestants.len(), round) {
            samples[place].push(measure(&contestants[place], time)?);
        }
    }
    samples.iter().map(|samples| middle(samples).ok_or_else(|| "no rounds".into())).collect()
}

fn middle(samples: &[Sample]) -> Option<Sample> {
    let of = |figure: fn(&Sample) -> f64| median(samples.iter().map(figure).collect());
    Some(Sample {
        nanoseconds: of(|sample| sample.nanoseconds)?,
        by_processor: of(|sample| sample.by_processor)?,
        by_wall: of(|sample| sample.by_wall)?,
    })
}

/// Repeats passes in some threads at once for so long; a pass is told its thread and its number,
/// and says how many operations it was.
///
/// # Errors
/// What a pass fails with, or a thread that panicked.
pub fn side_by_side(
    threads: usize,
    time: Duration,
    pass: impl Fn(usize, usize) -> Outcome<u64> + Sync,
) -> Outcome<Sample> {
    let start = Barrier::new(threads);
    let (start, pass) = (&start, &pass);
    let shares: Vec<Share> = thread::scope(|scope| {
        let spawn = |thread| scope.spawn(move || share(start, time, |number| pass(thread, number)));
        let running: Vec<_> = (0..threads).map(spawn).collect();
        running
            .into_iter()
            .map(|one| one.join().map_err(|_| "a thread panicked")?)
            .collect::<Outcome<_>>()
    })?;
    Ok(sum(&shares))
}

fn share(start: &Barrier, time: Duration, pass: impl Fn(usize) -> Outcome<u64>) -> Outcome<Share> {
    start.wait();
    let (begun, before) = (Instant::now(), processor_time());
    let (mut operations, mut number) = (0, 0);
    while begun.elapsed() < time {
        operations += pass(number)?;
        number += 1;
    }
    let processor = processor_time().saturating_sub(before);
    Ok(Share { operations, processor, elapsed: begun.elapsed() })
}

fn sum(shares: &[Share]) -> Sample {
    let operations: u64 = shares.iter().map(|share| share.operations).sum();
    let processor: Duration = shares.iter().map(|share| share.processor).sum();
    let nanoseconds = processor.as_secs_f64() * 1e9 / operations as f64;
    let rate = |time: fn(&Share) -> Duration| -> f64 {
        shares.iter().map(|share| share.operations as f64 / time(share).as_secs_f64() / 1e6).sum()
    };
    Sample {
        nanoseconds,
        by_processor: rate(|share| share.processor),
        by_wall: rate(|share| share.elapsed),
    }
}

/// What this thread's processor spent on it.
#[cfg(target_os = "linux")]
fn processor_time() -> Duration {
    read(rustix::time::ClockId::ThreadCPUTime)
}

/// What all processors spent on this process, to the nanosecond.
#[cfg(target_os = "linux")]
pub fn process_time() -> Duration {
    read(rustix::time::ClockId::ProcessCPUTime)
}

#[cfg(target_os = "linux")]
fn read(clock: rustix::time::ClockId) -> Duration {
    let time = rustix::time::clock_gettime(clock);
    Duration::new(time.tv_sec.cast_unsigned(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Elsewhere the clock has to do.
#[cfg(not(target_os = "linux"))]
pub fn process_time() -> Duration {
    processor_time()
}

/// Elsewhere the clock has to do.
#[cfg(not(target_os = "linux"))]
fn processor_time() -> Duration {
    use std::sync::OnceLock;
    static START: OnceLock<Instant> = OnceLock::new();
    START.get_or_init(Instant::now).elapsed()
}
