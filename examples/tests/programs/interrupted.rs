//! Ctrl-C in the middle of a slow scan.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::contents::{Contents, number};
use crate::killed::{finds, reaches};
use crate::process::{QUICK, scan, scan_and_scale};

const OPTIONS: &str = "--resources 3000 --scale-to 8000 --graph g.sqlite";

/// Whether the program has set itself up to be told of Ctrl-C; taken for granted where the
/// system does not tell.
pub(crate) fn listens(process: u32) -> bool {
    const INTERRUPT: u64 = 1 << 1;
    let Ok(status) = fs::read_to_string(format!("/proc/{process}/status")) else { return true };
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:")).unwrap_or("0");
    u64::from_str_radix(caught.trim(), 16).unwrap() & INTERRUPT != 0
}

pub(crate) fn interrupt(process: u32) {
    let script = format!("kill -INT {process}");
    assert!(Command::new("sh").args(["-c", &script]).status().unwrap().success());
}

#[test]
fn stops_cleanly_and_the_same_command_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("g.sqlite");
    // Each answer takes a second and every second one fails: some pages come long after others.
    let slow = format!("{OPTIONS} --quiet --latency-ms 1000 --fault-rate 0.5");
    let mut child = scan_and_scale(folder.path(), &slow).stderr(Stdio::piped()).spawn().unwrap();
    let some = "select 1 from nodes";
    assert!(reaches(&mut child, || finds(&graph, some)), "ended before a node was written");
    assert!(listens(child.id()));
    interrupt(child.id());
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(130), "{stderr}");
    assert!(stderr.contains("the graph is whole"), "{stderr}");
    assert_eq!(number(&graph, "select count(*) from nodes where synthetic"), 0);
    assert_eq!(
        number(&graph, "select count(*) from pragma_integrity_check where integrity_check <> 'ok'"),
        0
    );
    let stopped = Contents::read(&graph);

    scan(folder.path(), &format!("{QUICK} {OPTIONS} --quiet")).done();
    let whole = tempfile::tempdir().unwrap();
    scan(whole.path(), &format!("{QUICK} {OPTIONS} --quiet")).done();
    let expected = Contents::read(&whole.path().join("g.sqlite"));
    assert!(stopped.nodes() * 10 < expected.nodes() * 9, "nothing was left to do");
    Contents::read(&graph).assert_same(&expected);
}

#[test]
fn twice_stops_at_once_even_where_no_answer_comes() {
    let folder = tempfile::tempdir().unwrap();
    let graph = folder.path().join("g.sqlite");
    // The first answer would come tomorrow.
    let slow = format!("{OPTIONS} --quiet --latency-ms 100000000");
    let mut child = scan_and_scale(folder.path(), &slow).stderr(Stdio::piped()).spawn().unwrap();
    let process = child.id();
    let ready = || listens(process) && finds(&graph, "select 1 from sqlite_master");
    assert!(reaches(&mut child, ready), "ended by itself");
    interrupt(process);
    let words = BufReader::new(child.stderr.take().unwrap()).lines();
    let told = words.map_while(Result::ok).find(|line| line.contains("Ctrl-C again"));
    assert!(told.is_some(), "not told what a second Ctrl-C does");
    interrupt(process);
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(number(&graph, "select count(*) from nodes"), 0);
    scan(folder.path(), &format!("{QUICK} --resources 5 --scale-to 0 --graph g.sqlite --quiet"))
        .done();
}
