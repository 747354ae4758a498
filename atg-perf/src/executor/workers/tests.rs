//! The worker count against a service whose goodput is a plain function of it.

use super::WorkerCount;
use std::time::Duration;

/// Ends `tasks` tasks one after another against a service with so much goodput for so many
/// workers, and a seeded scatter of an exponential distribution where asked. Returns the numbers
/// of workers, one for each task.
fn run(
    workers: &mut WorkerCount,
    tasks: u32,
    scatter: bool,
    goodput: fn(f64) -> f64,
) -> Vec<usize> {
    let (mut now, mut seed) = (Duration::ZERO, 7_u64);
    let mut numbers = Vec::new();
    for _ in 0..tasks {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let uniform = f64::from(u32::try_from(seed >> 32).unwrap()).max(1.0) / 4_294_967_296.0;
        let times = if scatter { -uniform.ln() } else { 1.0 };
        let count = f64::from(u32::try_from(workers.now()).unwrap());
        now += Duration::from_secs_f64(times / goodput(count));
        workers.ended(now, workers.now(), true);
        numbers.push(workers.now());
    }
    numbers
}

/// The mean of the second half.
fn settled(numbers: &[usize]) -> f64 {
    let late = &numbers[numbers.len() / 2..];
    let sum: usize = late.iter().sum();
    f64::from(u32::try_from(sum).unwrap()) / f64::from(u32::try_from(late.len()).unwrap())
}

#[test]
fn it_ends_near_where_goodput_saturates() {
    for scatter in [false, true] {
        for (first, goodput, from, to) in [
            (4, (|n| 10.0 * n.min(10.0)) as fn(f64) -> f64, 8.0, 13.0),
            (4, |n| 10.0 * n.min(40.0), 33.0, 51.0),
            (64, |n| 10.0 * n.min(10.0), 8.0, 14.0),
            (1, |n| 10.0 * n.min(1.0), 1.0, 1.6),
            (1, |n| n, 50.0, 64.0),
        ] {
            let mut workers = WorkerCount::new(first, 1, 64);
            let mean = settled(&run(&mut workers, 20_000, scatter, goodput));
            assert!((from..=to).contains(&mean), "{mean} not in {from}..={to}, {scatter}");
        }
    }
}

#[test]
fn it_leaves_where_more_workers_do_harm() {
    for first in [2, 64] {
        let mut workers = WorkerCount::new(first, 1, 64);
        let goodput = |n: f64| if n <= 12.0 { n } else { 144.0 / n };
        let mean = settled(&run(&mut workers, 20_000, true, goodput));
        assert!((9.0..=14.0).contains(&mean), "{mean}");
    }
}

#[test]
fn it_follows_a_service_that_changes() {
    let mut workers = WorkerCount::new(4, 1, 64);
    run(&mut workers, 10_000, true, |n| n.min(8.0));
    let more = settled(&run(&mut workers, 20_000, true, |n| n.min(40.0)));
    assert!(more > 30.0, "{more}");
    let fewer = settled(&run(&mut workers, 20_000, true, |n| n.min(8.0)));
    assert!(fewer < 13.0, "{fewer}");
}

#[test]
fn an_overload_cuts_once_for_all_that_ran_then() {
    let mut workers = WorkerCount::new(20, 1, 64);
    let at_start = workers.overloads();
    for _ in 0..20 {
        workers.ended(Duration::from_secs(1), 20, false);
        workers.overloaded(at_start, 20);
    }
    assert_eq!(workers.now(), 14);
    workers.overloaded(workers.overloads(), 14);
    assert_eq!(workers.now(), 9);
    // Where fewer ran than might, the cut is from those.
    workers.overloaded(workers.overloads(), 5);
    assert_eq!(workers.now(), 3);
    for _ in 0..100 {
        workers.overloaded(workers.overloads(), usize::MAX);
    }
    assert_eq!(workers.now(), 1);
}

#[test]
fn too_little_to_do_teaches_nothing() {
    let mut workers = WorkerCount::new(8, 1, 64);
    for second in 0..10_000 {
        workers.ended(Duration::from_secs(second), 7, true);
    }
    assert_eq!(workers.now(), 8);
}

#[test]
fn no_success_no_time_and_a_clock_that_jumps_move_it_nowhere_wrong() {
    let mut workers = WorkerCount::new(8, 1, 64);
    for second in 0..10_000 {
        workers.ended(Duration::from_secs(second), 8, false);
    }
    for _ in 0..10_000 {
        workers.ended(Duration::from_secs(3), 8, true);
    }
    assert_eq!(workers.now(), 8);
    for tick in 0..10_000_u32 {
        let now = if tick % 7 == 0 { Duration::MAX } else { Duration::from_nanos(tick.into()) };
        workers.ended(now, usize::MAX, tick % 3 != 0);
        assert!((1..=64).contains(&workers.now()));
    }
}

#[test]
fn bounds_are_brought_into_order() {
    for (first, least, most, now) in [
        (0, 0, 0, 1),
        (5, 9, 3, 3),
        (9, 1, 3, 3),
        (1, 3, 9, 3),
        (usize::MAX, 1, usize::MAX, usize::MAX),
    ] {
        let mut workers = WorkerCount::new(first, least, most);
        assert_eq!(workers.now(), now);
        for second in 0..1_000 {
            workers.ended(Duration::from_secs(second), usize::MAX, true);
            assert!((1..=most.max(1)).contains(&workers.now()));
        }
    }
}
