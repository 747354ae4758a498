//! Many processes append to one file at once; some are killed.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use atg_core::ErrorKind;
use atg_perf::report::{MetricsFile, RunReport};

use crate::invented;

const FILE: &str = "ATG_METRICS_TEST_FILE";
const NAME: &str = "ATG_METRICS_TEST_NAME";
const PROCESSES: usize = 4;
const RUNS: u64 = 200;

/// Not a test of its own: what the processes of the tests below run.
#[test]
#[ignore = "runs in a process of its own"]
fn append_many() {
    let Some(path) = std::env::var_os(FILE).map(PathBuf::from) else { return };
    let file = MetricsFile::new(path);
    let mut report = RunReport::new(std::env::var(NAME).unwrap(), invented::environment());
    for number in 0..RUNS {
        report.requests = number;
        file.append(&report).unwrap();
    }
}

/// The same until no more fits into the file.
#[test]
#[ignore = "runs in a process of its own"]
fn append_until_full() {
    let Some(path) = std::env::var_os(FILE).map(PathBuf::from) else { return };
    let file = MetricsFile::new(path);
    let report = RunReport::new("full", invented::environment());
    let error = loop {
        if let Err(error) = file.append(&report) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::ResourceExhausted, "{}", error.report());
}

fn spawn(path: &Path, name: &str) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "metrics_processes::append_many"])
        .env(FILE, path)
        .env(NAME, name)
        .stdout(Stdio::null())
        .spawn()
        .unwrap()
}

#[test]
fn every_line_of_every_process_is_there() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.jsonl");
    let names: Vec<_> = (0..PROCESSES).map(|number| format!("process {number}")).collect();
    let children: Vec<_> = names.iter().map(|name| spawn(&path, name)).collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    let contents = MetricsFile::new(&path).read().unwrap();
    assert_eq!((contents.newer, contents.unreadable), (0, 0));
    assert_eq!(contents.reports.len(), PROCESSES * usize::try_from(RUNS).unwrap());
    for name in &names {
        let requests: Vec<_> = contents.named(name).iter().map(|run| run.requests).collect();
        assert_eq!(requests, (0..RUNS).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn killed_processes_leave_a_file_that_others_go_on_with() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.jsonl");
    let file = MetricsFile::new(&path);
    let mut before = 0;
    for round in 0..6_usize {
        let mut children: Vec<_> = (0..PROCESSES).map(|_| spawn(&path, "killed")).collect();
        // Kill once they are at work: a number of lines, not a time, decides.
        let wanted = before + 20 + round * 17;
        while file.read().map_or(0, |contents| contents.reports.len()) < wanted {
            let ended = |child: &mut Child| child.try_wait().unwrap().is_some();
            assert!(!children.iter_mut().all(ended), "the processes ended by themselves");
        }
        for child in &mut children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        file.append(&RunReport::new("survivor", invented::environment())).unwrap();
        let contents = file.read().unwrap();
        assert_eq!((contents.newer, contents.unreadable), (0, 0), "round {round}");
        assert_eq!(contents.named("survivor").len(), round + 1);
        before = contents.reports.len();
    }
}

#[test]
fn threads_of_one_process_take_turns_too() {
    let directory = tempfile::tempdir().unwrap();
    let file = MetricsFile::new(directory.path().join("metrics.jsonl"));
    std::thread::scope(|scope| {
        for number in 0..PROCESSES {
            let file = &file;
            let report = RunReport::new(format!("thread {number}"), invented::environment());
            scope.spawn(move || (0..RUNS).for_each(|_| file.append(&report).unwrap()));
        }
    });
    let contents = file.read().unwrap();
    assert_eq!(contents.reports.len(), PROCESSES * usize::try_from(RUNS).unwrap());
    assert_eq!(contents.unreadable, 0);
}

/// A file may not grow beyond some blocks, which a write meets in the middle of a line.
#[cfg(target_os = "linux")]
#[test]
fn half_a_line_is_taken_back() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.jsonl");
    let status = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "metrics_processes::append_until_full"])
        .env(FILE, &path)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.len() > 1_000 && text.ends_with('\n'), "{} bytes", text.len());
    let contents = MetricsFile::new(&path).read().unwrap();
    assert_eq!((contents.reports.len(), contents.unreadable), (text.lines().count(), 0));
}
