//! `compare_reports`, judged by its exit status as CI would.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use atg_perf::report::{Environment, MetricsFile, PhaseReport, RunReport};

use crate::process::{Ended, program, run};

/// A run whose scan took so many milliseconds.
fn scan_of(name: &str, milliseconds: u64) -> RunReport {
    RunReport::new(name, Environment::detect(SystemTime::UNIX_EPOCH)).with_phase(PhaseReport::new(
        "scan",
        Duration::from_millis(milliseconds),
        0,
    ))
}

/// Appends ten runs, each of another time, around so many milliseconds.
fn append(folder: &Path, file: &str, name: &str, milliseconds: u64) {
    let file = MetricsFile::new(folder.join(file));
    for run in 0..10 {
        file.append(&scan_of(name, milliseconds + run * 7 % 10)).unwrap();
    }
}

fn compare(folder: &Path, options: &str) -> Ended {
    let mut command = program("compare_reports", folder);
    run(command.args(options.split_whitespace()))
}

fn assert_status(folder: &Path, options: &str, status: i32, words: &[&str]) {
    let ended = compare(folder, options);
    assert_eq!(ended.status, Some(status), "{options}: {ended:#?}");
    for word in words {
        let said = ended.stdout.contains(word) || ended.stderr.contains(word);
        assert!(said, "{options}: {word:?} is not in {ended:#?}");
    }
}

#[test]
fn the_exit_status_tells_slower_from_not() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    append(folder, "fast", "scan", 1_000);
    append(folder, "slow", "scan", 1_200);
    assert_status(folder, "fast slow", 1, &["SLOWER", "phase scan", "+19.9 %"]);
    assert_status(folder, "slow fast", 0, &["faster"]);
    assert_status(folder, "fast fast", 0, &["no difference"]);
    assert_status(folder, "fast slow --threshold 30", 0, &["no difference"]);
    assert_status(folder, "fast slow --last 5", 2, &["fewer than 7", "10 earlier runs, 5 later"]);
}

#[test]
fn runs_are_chosen_by_name_and_by_place() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, milliseconds) in [("a", 1_000), ("b", 5_000), ("a", 1_000), ("a", 1_300)] {
        append(folder, "all", name, milliseconds);
    }
    assert_status(folder, "all --name a --last 10", 1, &["20 earlier runs, 10 later runs"]);
    assert_status(folder, "all --name a --last 10 --before-last 10", 1, &["10 earlier runs"]);
    assert_status(folder, "all --name a --other-name b", 1, &["30 earlier runs, 10 later"]);
    assert_status(folder, "all --name b --other-name a", 0, &["faster"]);
    assert_status(folder, "all --name a --last 1000", 2, &["0 earlier runs, 30 later runs"]);
    assert_status(folder, "all --name none --last 3", 2, &["nothing could be compared"]);
}

#[test]
fn whole_reports_are_read_too() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("one.json"), scan_of("scan", 1_000).to_json().unwrap()).unwrap();
    assert_status(folder, "one.json one.json", 2, &["1 earlier runs, 1 later runs", "fewer than"]);
}

#[test]
fn bad_input_has_a_status_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    append(folder, "good", "scan", 1_000);
    fs::write(folder.join("empty"), "").unwrap();
    fs::write(folder.join("foreign"), "no report\n").unwrap();
    fs::write(folder.join("newer.json"), "{\"version\": 99}").unwrap();
    for (options, word) in [
        ("good none", "there is no file none"),
        ("good empty", "holds no report"),
        ("good foreign", "1 lines are no reports, first line 1"),
        ("good newer.json", "version 99"),
        ("good .", "not a regular file"),
        ("good", "required"),
        ("good good --threshold much", "a number from 0 to"),
        ("good good --threshold 1000.1", "a number from 0 to 1000"),
        ("good good --confidence 49.9", "a number from 50 to 99.9"),
        ("good good --confidence 99.91", "a number from 50 to 99.9"),
        ("good good --confidence 0", "a number from 50 to 99.9"),
        ("good good --confidence 100", "a number from 50 to 99.9"),
        ("good good --confidence NaN", "a number from 50 to 99.9"),
        ("good good --last 0", "0 is not in"),
    ] {
        assert_status(folder, options, 2, &[word]);
    }
    for confidence in ["50", "99.9"] {
        let options = format!("good good --confidence {confidence}");
        assert_status(folder, &options, 0, &["no difference"]);
    }
    // What can be read of a damaged file is compared.
    let whole = fs::read_to_string(folder.join("good")).unwrap();
    fs::write(folder.join("torn"), whole + "{\"version\":1,\"na").unwrap();
    assert_status(folder, "good torn", 0, &["1 lines are no reports, first line 11: it is torn"]);
    assert_status(folder, "--help", 0, &["Exit status"]);
}
