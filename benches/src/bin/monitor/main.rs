//! What a record costs, with the clock: ours, a histogram behind one lock, the `metrics` facade,
//! and nothing at all; and what a monitor costs a scan.
//!
//! `cargo run --release -p atg-benches --bin monitor`

mod scan;

use std::hint::black_box;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use atg_benches::clock::{Outcome, Pace, Sample, rounds, side_by_side};
use atg_benches::{Limit, table};
use atg_core::{Measurement, NoMonitor, PerfMonitor, PerfRecorder};
use atg_perf::{Monitor, MonitorClock, Stopwatch, WorkerRecorder};
use clap::Parser;
use hdrhistogram::Histogram;
use metrics_exporter_prometheus::PrometheusBuilder;

/// Records a pass, so that what a pass costs beside them does not count.
const RECORDS: u64 = 10_000;
const OPERATION: &str = "write nodes";
const THREADS: usize = 2;

/// What a record costs.
#[derive(Debug, Parser)]
struct Options {
    /// A look in some seconds; the figures are worth less
    #[arg(long)]
    quick: bool,
}

struct Contestant {
    name: &'static str,
    /// Does a pass on a thread.
    pass: Box<dyn Fn(usize) + Sync>,
    /// Records seen so far, where it tells.
    seen: Box<dyn Fn() -> Option<u64> + Sync>,
}

fn main() -> Outcome {
    let quick = Options::parse().quick;
    let (seconds, count) = if quick { (0.2, 5) } else { (2.0, 15) };
    let pace = Pace { time: Duration::from_secs_f64(seconds), rounds: count };
    let all = all()?;
    all.iter().try_for_each(check)?;
    let alone = rounds(&all, pace, |one, time| measure(one, 1, time))?;
    let paired = rounds(&all, pace, |one, time| measure(one, THREADS, time))?;
    let title = "A record with two readings of the clock; nanoseconds of a processor each";
    let header = ["", "1 thread", "2 threads", "2 to 1", "wall, 2: M/s"];
    let row = |place: usize| {
        let [one, two] = [alone[place].nanoseconds, paired[place].nanoseconds];
        let (ratio, wall) = (format!("{:.2}", two / one), paired[place].by_wall);
        let [one, two, wall] = [one, two, wall].map(|figure| format!("{figure:.1}"));
        [all[place].name.to_owned(), one, two, ratio, wall]
    };
    table::print(title, header, (0..all.len()).map(row));
    let mut limits = limits(&all, &alone, &paired);
    let record = all.iter().position(|one| one.name == OURS).map(|place| alone[place].nanoseconds);
    let (resources, times) = if quick { (20_000, 3) } else { (300_000, 11) };
    limits.extend(scan::compare(resources, times, record)?);
    for limit in limits {
        println!("{limit}");
    }
    Ok(())
}

fn measure(one: &Contestant, threads: usize, time: Duration) -> Outcome<Sample> {
    side_by_side(threads, time, |thread, _| {
        (one.pass)(thread);
        Ok(RECORDS)
    })
}

/// Fails unless each record of some passes was seen.
fn check(one: &Contestant) -> Outcome {
    let Some(before) = (one.seen)() else { return Ok(()) };
    std::thread::scope(|scope| {
        (0..THREADS).for_each(|thread| drop(scope.spawn(move || (one.pass)(thread))));
    });
    let seen = (one.seen)().unwrap_or_default() - before;
    let expected = RECORDS * THREADS as u64;
    if seen == expected {
        return Ok(());
    }
    Err(format!("{}: {seen} records seen, {expected} were made", one.name).into())
}

const CLOCK: &str = "the clock alone: the processor's";
const OURS: &str = "Monitor";
const NONE: &str = "NoMonitor, by type";

fn all() -> Outcome<Vec<Contestant>> {
    let clock = MonitorClock::processor();
    Ok(vec![
        unseen("the clock alone: Instant", || {
            black_box(Instant::now().elapsed());
        }),
        clock_alone(clock.clone()),
        off(clock.clone()),
        boxed("NoMonitor, boxed; the clock is read", &NoMonitor, &clock),
        boxed(OURS, &Monitor::new(), &clock),
        by_instant(),
        stopwatches(),
        locked(&clock)?,
        facade(&clock),
    ])
}

/// A contestant that keeps nothing.
fn unseen(name: &'static str, record: impl Fn() + Sync + 'static) -> Contestant {
    let pass = Box::new(move |_| repeat(&record));
    Contestant { name, pass, seen: Box::new(|| None) }
}

fn clock_alone(clock: MonitorClock) -> Contestant {
    unseen(CLOCK, move || {
        black_box(clock.since(clock.now()));
    })
}

/// What callers that are generic over their recorder pay.
fn off(clock: MonitorClock) -> Contestant {
    unseen(NONE, move || Stopwatch::start(&mut NoMonitor, clock.clone(), OPERATION).succeed())
}

fn repeat(mut record: impl FnMut()) {
    for _ in 0..RECORDS {
        record();
    }
}

/// A monitor as the pipeline uses it.
fn boxed<M: PerfMonitor + Clone + 'static>(
    name: &'static str,
    monitor: &M,
    clock: &MonitorClock,
) -> Contestant {
    let recorders: Vec<_> = (0..THREADS).map(|_| Mutex::new(monitor.recorder())).collect();
    let (clock, monitor) = (clock.clone(), monitor.clone());
    let is_on = monitor.recorder().is_on();
    Contestant {
        name,
        pass: Box::new(move |thread| {
            let mut recorder = lock(&recorders[thread]);
            repeat(|| {
                let started = clock.now();
                recorder.record(&taken(clock.since(started)));
            });
        }),
        seen: Box::new(move || is_on.then(|| seen(&monitor))),
    }
}

fn by_instant() -> Contestant {
    let monitor = Monitor::new();
    let recorders = worker_recorders(&monitor);
    Contestant {
        name: "Monitor; timed by Instant",
        pass: Box::new(move |thread| {
            let mut recorder = lock(&recorders[thread]);
            repeat(|| recorder.record(&taken(Instant::now().elapsed())));
        }),
        seen: Box::new(move || Some(seen(&monitor))),
    }
}

fn stopwatches() -> Contestant {
    let monitor = Monitor::new();
    let recorders = worker_recorders(&monitor);
    Contestant {
        name: "Monitor; its stopwatch",
        pass: Box::new(move |thread| {
            let mut recorder = lock(&recorders[thread]);
            repeat(|| recorder.time(OPERATION).succeed());
        }),
        seen: Box::new(move || Some(seen(&monitor))),
    }
}

/// All threads share one histogram.
fn locked(clock: &MonitorClock) -> Outcome<Contestant> {
    let histogram = Histogram::<u64>::new(2)?;
    let shared = std::sync::Arc::new(Mutex::new(histogram));
    let (clock, counted) = (clock.clone(), shared.clone());
    Ok(Contestant {
        name: "a histogram behind a lock",
        pass: Box::new(move |_| {
            repeat(|| {
                let taken = clock.since(clock.now());
                lock(&shared).saturating_record(u64::try_from(taken.as_nanos()).unwrap_or(0));
            });
        }),
        seen: Box::new(move || Some(lock(&counted).len())),
    })
}

/// A histogram of the `metrics` facade, asked for once; what it gathers is put away each pass.
fn facade(clock: &MonitorClock) -> Contestant {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    let histogram = metrics::with_local_recorder(&recorder, || metrics::histogram!("seconds"));
    let clock = clock.clone();
    Contestant {
        name: "a histogram of the metrics facade",
        pass: Box::new(move |thread| {
            repeat(|| histogram.record(clock.since(clock.now()).as_secs_f64()));
            if thread == 0 {
                handle.run_upkeep();
            }
        }),
        seen: Box::new(|| None),
    }
}

fn worker_recorders(monitor: &Monitor) -> Vec<Mutex<WorkerRecorder>> {
    (0..THREADS).map(|_| Mutex::new(monitor.worker_recorder())).collect()
}

fn taken(elapsed: Duration) -> Measurement {
    Measurement { operation: OPERATION, elapsed, items: 100, bytes: 4_000, succeeded: true }
}

fn seen(monitor: &impl PerfMonitor) -> u64 {
    monitor.snapshot().operations.get(OPERATION).map_or(0, |seen| seen.count)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn limits(all: &[Contestant], alone: &[Sample], paired: &[Sample]) -> Vec<Limit> {
    let figure = |samples: &[Sample], name| {
        let place = all.iter().position(|one| one.name == name)?;
        samples.get(place).map(|sample| sample.nanoseconds)
    };
    let ratio = |name| Some(figure(paired, name)? / figure(alone, name)?);
    // Where other programs keep the processors busy the threads take turns, and never meet.
    let place = all.iter().position(|one| one.name == OURS);
    let together = place.and_then(|place| paired.get(place));
    let together = together.map(|sample| sample.by_wall / sample.by_processor);
    vec![
        Limit::most("a record with the clock, 1 thread", figure(alone, OURS), 60.0, "ns"),
        Limit::most("a record with the clock, 2 threads to 1", ratio(OURS), 1.2, "×"),
        Limit::most("(the clock alone, 2 threads to 1)", ratio(CLOCK), 1.2, "×"),
        Limit::least("(time in which both threads ran)", together, 0.8, "of all"),
        Limit::most("a record that is off", figure(alone, NONE), 1.0, "ns"),
    ]
}
