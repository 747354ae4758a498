//! Comparisons: what is noise, what is not, and what cannot be told.
#![allow(clippy::cast_precision_loss, clippy::float_cmp)]

use std::time::Duration;

use atg_perf::report::{
    CompareOptions, Comparison, Incomparable, MINIMUM_VALUES, MetricComparison, OperationReport,
    PhaseReport, Quantity, RunReport, Samples, Verdict, compare,
};

use crate::invented;

fn normal(random: &mut fastrand::Rng) -> f64 {
    (0..12).map(|_| random.f64()).sum::<f64>() - 6.0
}

/// So many runs with one sampled metric each, of this median and relative noise.
fn runs(count: usize, median: f64, noise: f64, random: &mut fastrand::Rng) -> Vec<RunReport> {
    let run = |_| run_with(Quantity::Seconds, [median * (noise * normal(random)).exp()]);
    (0..count).map(run).collect()
}

fn run_with(quantity: Quantity, values: impl Into<Vec<f64>>) -> RunReport {
    RunReport::new("scan", invented::environment())
        .with_samples("x", Samples::new(quantity, values))
}

fn compared(before: &[RunReport], after: &[RunReport]) -> Comparison {
    let (before, after): (Vec<_>, Vec<_>) = (before.iter().collect(), after.iter().collect());
    compare(&before, &after, CompareOptions::default())
}

fn verdict(before: &[RunReport], after: &[RunReport]) -> Verdict {
    let comparison = compared(before, after);
    assert_eq!(comparison.metrics.len(), 1);
    comparison.metrics[0].verdict
}

const fn not(why: Incomparable) -> Verdict {
    Verdict::NotComparable(why)
}

#[test]
fn a_change_beyond_the_noise_is_seen_both_ways() {
    let mut random = fastrand::Rng::with_seed(1);
    let fast = runs(10, 1.0, 0.05, &mut random);
    let slow = runs(10, 1.2, 0.05, &mut random);
    assert_eq!(verdict(&fast, &slow), Verdict::Worse);
    assert_eq!(verdict(&slow, &fast), Verdict::Better);
    assert_eq!(compared(&fast, &slow).regressions(), 1);
    assert_eq!(compared(&slow, &fast).regressions(), 0);
}

#[test]
fn more_is_better_of_rates_only() {
    let side = |quantity, value: f64| vec![run_with(quantity, [value]); MINIMUM_VALUES];
    for quantity in [Quantity::Seconds, Quantity::Bytes, Quantity::Count] {
        assert_eq!(verdict(&side(quantity, 10.0), &side(quantity, 20.0)), Verdict::Worse);
    }
    let rate = Quantity::PerSecond;
    assert_eq!(verdict(&side(rate, 10.0), &side(rate, 20.0)), Verdict::Better);
}

#[test]
fn a_sure_change_below_the_threshold_is_none() {
    let side = |value: f64| vec![run_with(Quantity::Seconds, [value]); 10];
    assert_eq!(verdict(&side(1.0), &side(1.04)), Verdict::NoDifference);
    assert_eq!(verdict(&side(1.0), &side(1.06)), Verdict::Worse);
    assert_eq!(verdict(&side(1.06), &side(1.0)), Verdict::Better);
}

/// Of tables without any difference, how many show one.
#[test]
fn noise_alone_seldom_looks_like_a_change() {
    const TABLES: usize = 60;
    const METRICS: usize = 5;
    let mut random = fastrand::Rng::with_seed(99);
    for (runs, noise) in [(MINIMUM_VALUES, 0.1), (10, 0.16)] {
        let mut side = || -> Vec<RunReport> {
            let run = |random: &mut fastrand::Rng| {
                let report = RunReport::new("scan", invented::environment());
                (0..METRICS).fold(report, |report, metric| {
                    let value = (noise * normal(random)).exp();
                    let samples = Samples::new(Quantity::Seconds, [value]);
                    report.with_samples(format!("metric {metric}"), samples)
                })
            };
            (0..runs).map(|_| run(&mut random)).collect()
        };
        let differs = |comparison: &Comparison| {
            comparison.metrics.iter().any(|metric| metric.verdict != Verdict::NoDifference)
        };
        let wrong = (0..TABLES).filter(|_| differs(&compared(&side(), &side()))).count();
        println!("{runs} runs, noise {noise}: {wrong} of {TABLES} tables wrong");
        assert!(wrong <= TABLES / 10, "{runs} runs, noise {noise}: {wrong} of {TABLES} tables");
    }
}

#[test]
fn noise_between_runs_counts_and_values_of_one_run_do_not_hide_it() {
    let mut random = fastrand::Rng::with_seed(3);
    // Each run has its own level, and fifty values right beside it.
    let mut side = |runs: usize| -> Vec<RunReport> {
        let mut run = || {
            let level = (0.12 * normal(&mut random)).exp();
            let values: Vec<f64> =
                (0..50).map(|n| level * (1.0 + f64::from(n % 7) / 1e3)).collect();
            run_with(Quantity::Seconds, values)
        };
        (0..runs).map(|_| run()).collect()
    };
    for runs in [1, 2, 6, MINIMUM_VALUES, 10] {
        let wrong = (0..20).filter(|_| verdict(&side(runs), &side(runs)) != Verdict::NoDifference);
        let wrong = wrong.count();
        println!("{runs} runs a side: {wrong} of 20 wrong");
        assert!(wrong <= 3, "{runs} runs a side: {wrong} of 20 wrong");
    }
}

#[test]
fn of_two_single_runs_only_large_changes_are_seen() {
    let run = |level: f64| {
        let values: Vec<f64> = (0..50).map(|n| level * (1.0 + f64::from(n % 5) / 100.0)).collect();
        vec![run_with(Quantity::Seconds, values)]
    };
    assert_eq!(verdict(&run(1.0), &run(1.15)), Verdict::NoDifference);
    assert_eq!(verdict(&run(1.0), &run(2.0)), Verdict::Worse);
    // Virtual time has no noise between runs.
    let options = CompareOptions { run_noise: 0.0, ..CompareOptions::default() };
    let (before, after) = (run(1.0), run(1.15));
    let comparison = compare(&[&before[0]], &[&after[0]], options);
    assert_eq!(comparison.metrics[0].verdict, Verdict::Worse);
}

#[test]
fn what_cannot_be_told_says_why() {
    let seconds = |values: &[f64]| vec![run_with(Quantity::Seconds, values)];
    let enough = seconds(&[1.0; MINIMUM_VALUES]);
    let few = not(Incomparable::TooFewValues);
    assert_eq!(verdict(&seconds(&[1.0]), &seconds(&[9.0])), few);
    assert_eq!(verdict(&enough, &seconds(&[9.0; MINIMUM_VALUES - 1])), few);
    assert_eq!(
        verdict(&enough, &seconds(&[1.0, f64::NAN, f64::INFINITY, 1.0, 1.0, 1.0, 1.0, 1.0])),
        few
    );
    assert_eq!(verdict(&enough, &seconds(&[f64::NAN; 9])), not(Incomparable::OneSideOnly));
    assert_eq!(verdict(&enough, &[]), not(Incomparable::OneSideOnly));
    assert_eq!(verdict(&[], &enough), not(Incomparable::OneSideOnly));
    let bytes = [run_with(Quantity::Bytes, [1.0; MINIMUM_VALUES])];
    assert_eq!(verdict(&enough, &bytes), not(Incomparable::DifferentQuantities));
    for odd in [0.0, -1.0, f64::MIN_POSITIVE / 4.0] {
        assert_eq!(
            verdict(&enough, &seconds(&[odd; MINIMUM_VALUES])),
            not(Incomparable::NoRatio),
            "{odd}"
        );
        assert_eq!(
            verdict(&seconds(&[odd; MINIMUM_VALUES]), &enough),
            not(Incomparable::NoRatio),
            "{odd}"
        );
    }
    assert_eq!(
        verdict(&seconds(&[0.0; MINIMUM_VALUES]), &seconds(&[0.0; MINIMUM_VALUES])),
        Verdict::NoDifference
    );
    let largest = seconds(&[f64::MAX; MINIMUM_VALUES]);
    assert_eq!(verdict(&largest, &largest), Verdict::NoDifference);
    let nothing = compare(&[], &[], CompareOptions::default());
    assert_eq!((nothing.metrics.len(), nothing.compared(), nothing.regressions()), (0, 0, 0));
}

/// A run for each number of requests that were throttled.
fn throttled(numbers: [u64; MINIMUM_VALUES]) -> Vec<RunReport> {
    let run = |throttled| {
        let mut report = RunReport::new("scan", invented::environment());
        (report.requests, report.throttled) = (1_000, throttled);
        report
    };
    numbers.into_iter().map(run).collect()
}

fn of_throttled(before: [u64; MINIMUM_VALUES], after: [u64; MINIMUM_VALUES]) -> MetricComparison {
    let comparison = compared(&throttled(before), &throttled(after));
    comparison.metrics.into_iter().find(|metric| metric.name == "throttled").unwrap()
}

#[test]
fn a_count_that_rises_from_nothing_is_worse_and_one_that_falls_to_it_better() {
    const NONE: [u64; MINIMUM_VALUES] = [0; MINIMUM_VALUES];
    let some = [2, 500, 30, 4, 80, 9, 250];
    let rise = of_throttled(NONE, some);
    assert_eq!(rise.verdict, Verdict::Worse);
    // As one more than they are: 0 to 30, the median.
    assert_eq!((rise.before, rise.after, rise.ratio), (Some(0.0), Some(30.0), Some(31.0)));
    let interval = rise.interval.unwrap();
    assert!(interval.low >= 3.0 && interval.high <= 501.0, "{interval:?}");
    assert_eq!(compared(&throttled(NONE), &throttled(some)).regressions(), 1);
    assert_eq!(of_throttled(some, NONE).verdict, Verdict::Better);
    assert_eq!(of_throttled(NONE, [1; MINIMUM_VALUES]).verdict, Verdict::Worse);
    assert_eq!(of_throttled(NONE, NONE).verdict, Verdict::NoDifference);
    // Three runs of seven with some may be chance, and so may any number beside zeros.
    assert_eq!(of_throttled(NONE, [0, 0, 0, 0, 9, 9, 9]).verdict, Verdict::NoDifference);
    assert_eq!(of_throttled([0, 9, 0, 9, 0, 9, 9], some).verdict, Verdict::NoDifference);
}

#[test]
fn counts_without_a_zero_are_compared_as_they_are() {
    let twice = of_throttled([10; MINIMUM_VALUES], [20; MINIMUM_VALUES]);
    assert_eq!((twice.ratio, twice.verdict), (Some(2.0), Verdict::Worse));
    let side = |values: f64| [run_with(Quantity::Count, [values; MINIMUM_VALUES])];
    assert_eq!(verdict(&side(0.0), &side(-1.0)), not(Incomparable::NoRatio));
    assert_eq!(verdict(&side(-0.5), &side(0.0)), not(Incomparable::NoRatio));
}

#[test]
fn options_without_sense_are_bounded() {
    let side = |value: f64| vec![run_with(Quantity::Seconds, [value]); 9];
    let (before, after) = (side(1.0), side(1.5));
    let (before, after): (Vec<_>, Vec<_>) = (before.iter().collect(), after.iter().collect());
    for odd in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, 0.0, 1e300] {
        let options = CompareOptions { confidence: odd, threshold: odd, run_noise: odd };
        let comparison = compare(&before, &after, options);
        assert_eq!(comparison.compared(), 1, "{odd}");
    }
}

#[test]
fn the_same_runs_give_the_same_answer() {
    let mut random = fastrand::Rng::with_seed(4);
    let (before, after) = (runs(9, 1.0, 0.1, &mut random), runs(7, 1.1, 0.1, &mut random));
    assert_eq!(compared(&before, &after), compared(&before, &after));
}

#[test]
fn every_part_of_a_report_is_compared() {
    let side = |factor: f64| -> Vec<RunReport> {
        let run = |index: u32| {
            let noise = 1.0 + f64::from(index) / 1_000.0;
            let elapsed = Duration::from_secs_f64(10.0 * factor * noise);
            let mut report = invented::scan()
                .with_phase(PhaseReport::new("phase with items", elapsed, 1_000))
                .with_phase(PhaseReport::new("phase without", elapsed, 0));
            let mut operation = OperationReport::default();
            operation.p50_seconds = Some(0.1 * factor * noise);
            operation.p99_seconds = Some(0.9 * factor * noise);
            report.operations.insert("slow".to_owned(), operation);
            report.requests = 1_000;
            report
        };
        (0..8).map(run).collect()
    };
    let comparison = compared(&side(1.0), &side(1.5));
    let worse = comparison.metrics.iter().filter(|m| m.verdict == Verdict::Worse);
    let names: Vec<_> = worse.map(|metric| metric.name.as_str()).collect();
    let expected = [
        "operation slow p50",
        "operation slow p99",
        "phase phase with items",
        "phase phase without",
    ];
    assert_eq!(names, expected);
    assert_eq!(comparison.regressions(), 4);
    let others = ["peak memory", "requests", "throttled", "phase scan", "operation read page p50"];
    for other in others {
        let metric = comparison.metrics.iter().find(|metric| metric.name == other).unwrap();
        assert_eq!(metric.verdict, Verdict::NoDifference, "{other}");
    }
    assert!(comparison.notes.is_empty(), "{:?}", comparison.notes);
}

#[test]
fn what_else_differs_is_noted() {
    let before = vec![invented::scan(); 5];
    let mut after = before.clone();
    for run in &mut after {
        run.environment.logical_cpus += 2;
        run.parameters.insert("workers".to_owned(), "16".to_owned());
    }
    let notes = compared(&before, &after).notes;
    assert_eq!(notes.len(), 2, "{notes:?}");
    assert_eq!(notes[1], "parameter workers differs: 8 and 16");
}

#[test]
fn thousands_of_runs_and_values_are_no_trouble() {
    let mut random = fastrand::Rng::with_seed(5);
    let many = runs(10_000, 1.0, 0.1, &mut random);
    let values: Vec<f64> = (0..200_000).map(|_| (0.1 * normal(&mut random)).exp()).collect();
    let comparison = compared(&many, &[run_with(Quantity::Seconds, values)]);
    assert_eq!(comparison.metrics[0].verdict, Verdict::NoDifference);
}

#[test]
fn the_table_names_each_metric_and_its_verdict() {
    let mut random = fastrand::Rng::with_seed(6);
    let mut before = runs(8, 1.0, 0.02, &mut random);
    let after = runs(8, 1.3, 0.02, &mut random);
    before[0].samples.insert("once\u{1b}[2J".to_owned(), Samples::new(Quantity::Bytes, [1.0]));
    let text = compared(&before, &after).to_text();
    println!("{text}");
    assert!(text.contains("samples x") && text.contains("SLOWER"), "{text}");
    assert!(text.contains("not comparable: one side only") && !text.contains('\u{1b}'), "{text}");
    // The last column is of words, and begins below its title.
    let column = |line: &str, word| line.find(word).map(|at| line[..at].chars().count());
    let of = |word| text.lines().find_map(|line| column(line, word));
    assert!(of("verdict").is_some() && of("verdict") == of("SLOWER"), "{text}");
}

#[test]
fn quantities_are_not_mixed_and_the_usual_one_counts() {
    let run = |phases: &[(u64, u64)]| {
        let mut run = RunReport::new("scan", invented::environment());
        for (seconds, items) in phases {
            run = run.with_phase(PhaseReport::new("p", Duration::from_secs(*seconds), *items));
        }
        run
    };
    // Once it moved nothing: times are compared, of both.
    let side = |seconds| vec![run(&[(seconds, 0), (seconds, 5)]); MINIMUM_VALUES];
    let compared_times = compared(&side(10), &side(20));
    let phase = &compared_times.metrics[0];
    assert_eq!((phase.quantity, phase.verdict), (Quantity::Seconds, Verdict::Worse));
    // One run of many that moved nothing does not cost the others.
    let usual = |items| {
        let mut runs = vec![run(&[(10, 0)])];
        runs.resize(1 + MINIMUM_VALUES, run(&[(10, items)]));
        runs
    };
    let comparison = compared(&usual(100), &usual(50));
    let phase = &comparison.metrics[0];
    assert_eq!((phase.quantity, phase.verdict), (Quantity::PerSecond, Verdict::Worse));
}
