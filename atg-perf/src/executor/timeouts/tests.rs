//! The timeout against tasks that take given times.

use super::TaskTimeout;
use std::time::Duration;

const fn ms(milliseconds: u64) -> Duration {
    Duration::from_millis(milliseconds)
}

fn timeout() -> TaskTimeout {
    TaskTimeout::new(ms(100), ms(60_000), 3.0)
}

/// Runs so many tasks one after another; `None` takes for ever. How many timed out.
fn run(timeout: &mut TaskTimeout, tasks: u64, takes: impl Fn(u64) -> Option<Duration>) -> u64 {
    let mut timed_out = 0;
    for task in 0..tasks {
        let limit = timeout.now();
        match takes(task) {
            Some(elapsed) if elapsed <= limit => timeout.succeeded(elapsed),
            _ => {
                timed_out += 1;
                timeout.timed_out(limit);
            }
        }
        assert!(timeout.now() >= ms(100) && timeout.now() <= ms(60_000));
    }
    timed_out
}

fn is_about(actual: Duration, wanted: Duration) -> bool {
    let (actual, wanted) = (actual.as_secs_f64(), wanted.as_secs_f64());
    (actual / wanted - 1.0).abs() < 0.03
}

#[test]
fn it_is_the_longest_until_enough_is_known() {
    let mut timeout = timeout();
    run(&mut timeout, 19, |_| Some(ms(200)));
    assert_eq!(timeout.now(), ms(60_000));
    run(&mut timeout, 1, |_| Some(ms(200)));
    assert!(is_about(timeout.now(), ms(600)), "{:?}", timeout.now());
}

#[test]
fn it_follows_the_99th_percentile_both_ways_within_bounds() {
    let mut timeout = timeout();
    // 1 to 1,000 ms, evenly.
    run(&mut timeout, 3_000, |task| Some(ms(task * 7 % 1_000 + 1)));
    assert!(is_about(timeout.now(), ms(2_970)), "{:?}", timeout.now());
    run(&mut timeout, 3_000, |_| Some(ms(100)));
    assert!(is_about(timeout.now(), ms(300)), "{:?}", timeout.now());
    run(&mut timeout, 3_000, |_| Some(ms(1)));
    assert_eq!(timeout.now(), ms(100));
    run(&mut timeout, 3_000, |_| Some(ms(90)));
    run(&mut timeout, 3_000, |_| Some(ms(50_000)));
    assert_eq!(timeout.now(), ms(60_000));
}

#[test]
fn a_service_that_becomes_slow_is_not_locked_out() {
    let mut timeout = timeout();
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    assert!(is_about(timeout.now(), ms(300)));
    // Forty times slower: what it takes to find that out is four time-outs a doubling.
    let timed_out = run(&mut timeout, 3_000, |_| Some(ms(4_000)));
    assert_eq!(timed_out, 16);
    assert!(is_about(timeout.now(), ms(12_000)), "{:?}", timeout.now());
}

#[test]
fn a_slow_tenth_is_found_although_it_was_cut_off() {
    let mut timeout = timeout();
    let slow_tenth = |task: u64| Some(if task.is_multiple_of(10) { ms(9_000) } else { ms(100) });
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    run(&mut timeout, 2_000, slow_tenth);
    assert_eq!(run(&mut timeout, 2_000, slow_tenth), 0);
    assert!(is_about(timeout.now(), ms(27_000)), "{:?}", timeout.now());
}

#[test]
fn a_slow_fiftieth_is_found_too() {
    let mut timeout = timeout();
    let slow_fiftieth = |task: u64| Some(if task.is_multiple_of(50) { ms(9_000) } else { ms(100) });
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    run(&mut timeout, 4_000, slow_fiftieth);
    assert_eq!(run(&mut timeout, 4_000, slow_fiftieth), 0);
}

#[test]
fn tasks_that_hang_do_not_keep_it_wide() {
    let mut timeout = timeout();
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    let mut waited = Duration::ZERO;
    for _ in 0..20_000 {
        let limit = timeout.now();
        run(&mut timeout, 9, |_| Some(ms(100)));
        run(&mut timeout, 1, |_| None);
        waited += limit;
    }
    // All 20,000 at the longest would be 1,200,000 s, at the base 6,000 s.
    assert!(waited < Duration::from_secs(90_000), "{waited:?}");
}

#[test]
fn few_tasks_that_hang_hardly_widen_it() {
    for (thousandths, most) in [(5, 3.0), (10, 12.0), (15, 12.0), (20, 12.0)] {
        let (mut timeout, mut random) = (timeout(), fastrand::Rng::with_seed(thousandths));
        run(&mut timeout, 2_000, |_| Some(ms(100)));
        let (base, mut given) = (timeout.now(), Duration::ZERO);
        for _ in 0..100_000 {
            let hangs = random.u64(..1_000) < thousandths;
            given += timeout.now();
            run(&mut timeout, 1, |_| (!hangs).then_some(ms(100)));
        }
        let times = (given / 100_000).as_secs_f64() / base.as_secs_f64();
        assert!(times < most, "{thousandths} in a thousand hang: {times:.1} times the base");
    }
}

#[test]
fn after_widening_in_vain_a_service_that_becomes_slow_is_not_locked_out() {
    let (mut timeout, mut task) = (timeout(), 0_u64);
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    while timeout.in_vain == 0 {
        task += 1;
        run(&mut timeout, 1, |_| (!task.is_multiple_of(50)).then_some(ms(100)));
    }
    let timed_out = run(&mut timeout, 3_000, |_| Some(ms(4_000)));
    assert!(timed_out <= 20, "{timed_out}");
}

#[test]
fn where_nothing_succeeds_it_goes_to_the_longest_and_stays() {
    let mut timeout = timeout();
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    run(&mut timeout, 1_000, |_| None);
    assert_eq!(timeout.now(), ms(60_000));
}

#[test]
fn time_outs_from_before_it_was_widened_do_not_widen_it_again() {
    let mut timeout = timeout();
    run(&mut timeout, 2_000, |_| Some(ms(100)));
    let before = timeout.now();
    for _ in 0..30 {
        timeout.timed_out(before);
    }
    assert_eq!(timeout.now(), before * 2);
    // Clean windows narrow it.
    run(&mut timeout, 600, |_| Some(ms(100)));
    assert_eq!(timeout.now(), before);
}

#[test]
fn senseless_values_are_brought_into_range() {
    for (shortest, longest, factor, first) in [
        (Duration::ZERO, Duration::ZERO, f64::NAN, ms(1)),
        (ms(9), ms(3), f64::NEG_INFINITY, ms(3)),
        (Duration::MAX, Duration::MAX, f64::INFINITY, Duration::MAX),
    ] {
        let mut timeout = TaskTimeout::new(shortest, longest, factor);
        assert_eq!(timeout.now(), first);
        for elapsed in [Duration::ZERO, Duration::MAX, ms(1)].repeat(1_000) {
            timeout.succeeded(elapsed);
            timeout.timed_out(elapsed);
            assert!(timeout.now() >= ms(1) && timeout.now() <= longest.max(ms(1)));
        }
    }
    let fixed = TaskTimeout::new(ms(7), ms(7), 2.0);
    assert_eq!(fixed.now(), ms(7));
}
