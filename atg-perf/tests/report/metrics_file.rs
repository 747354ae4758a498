//! A metrics file in every state a killed process, a newer program or a foreigner may leave.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use atg_core::ErrorKind;
use atg_perf::report::{MetricsContents, MetricsFile, RunReport, VERSION};

use crate::invented;

fn run(name: &str, requests: u64) -> RunReport {
    let mut report = RunReport::new(name, invented::environment());
    report.requests = requests;
    report
}

fn with_text(text: &[u8]) -> (tempfile::TempDir, MetricsFile) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.jsonl");
    fs::write(&path, text).unwrap();
    (directory, MetricsFile::new(path))
}

fn line(name: &str) -> String {
    serde_json::to_string(&run(name, 1)).unwrap() + "\n"
}

fn names(contents: &MetricsContents) -> Vec<&str> {
    contents.reports.iter().map(|report| report.name.as_str()).collect()
}

fn aside(file: &MetricsFile) -> std::path::PathBuf {
    Path::new(&format!("{}.torn", file.path().display())).to_owned()
}

#[test]
fn runs_are_read_in_the_order_they_were_appended() {
    let directory = tempfile::tempdir().unwrap();
    let file = MetricsFile::new(directory.path().join("metrics.jsonl"));
    for (name, requests) in [("a", 1), ("b", 2), ("a", 3)] {
        file.append(&run(name, requests)).unwrap();
    }
    let contents = file.read().unwrap();
    assert_eq!(names(&contents), ["a", "b", "a"]);
    assert_eq!((contents.newer, contents.unreadable), (0, 0));
    let requests: Vec<_> = contents.named("a").iter().map(|report| report.requests).collect();
    assert_eq!(requests, [1, 3]);
}

#[test]
fn a_line_holds_all_but_the_timelines() {
    let directory = tempfile::tempdir().unwrap();
    let file = MetricsFile::new(directory.path().join("metrics.jsonl"));
    let mut report = invented::scan();
    file.append(&report).unwrap();
    assert!(fs::metadata(file.path()).unwrap().len() < 4_096);
    report.timelines.clear();
    assert_eq!(file.read().unwrap().reports, [report]);
}

#[test]
fn a_name_cannot_break_a_line() {
    let directory = tempfile::tempdir().unwrap();
    let file = MetricsFile::new(directory.path().join("metrics.jsonl"));
    let name = "two\nlines\r\n\"quoted\" \u{0} \u{2028} 名";
    file.append(&run(name, 1)).unwrap();
    assert_eq!(names(&file.read().unwrap()), [name]);
    assert_eq!(fs::read_to_string(file.path()).unwrap().lines().count(), 1);
}

#[test]
fn an_empty_file_has_no_runs_and_none_is_an_error() {
    for text in ["", "\n", " \n\r\n"] {
        let (_directory, file) = with_text(text.as_bytes());
        assert_eq!(file.read().unwrap(), MetricsContents::default());
        file.append(&run("a", 1)).unwrap();
        assert_eq!(names(&file.read().unwrap()), ["a"]);
    }
    let (directory, _) = with_text(b"");
    let missing = MetricsFile::new(directory.path().join("none"));
    assert_eq!(missing.read().unwrap_err().kind(), ErrorKind::NotFound);
    let nowhere = MetricsFile::new(directory.path().join("no/such/metrics"));
    assert_eq!(nowhere.append(&run("a", 1)).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_file_cut_anywhere_keeps_its_whole_lines() {
    let whole = line("first") + &line("second");
    let first = line("first").len();
    for cut in 0..whole.len() {
        let (_directory, file) = with_text(&whole.as_bytes()[..cut]);
        // A line that lacks nothing but its end is whole.
        let kept = if cut + 1 < first { 0 } else { 1 + usize::from(cut + 1 >= whole.len()) };
        let torn = cut != 0 && cut + 1 != first && cut != first && cut + 1 != whole.len();
        let contents = file.read().unwrap();
        assert_eq!(contents.reports.len(), kept, "cut at {cut}");
        assert_eq!(contents.unreadable, u64::from(torn), "cut at {cut}");

        file.append(&run("next", 1)).unwrap();
        let contents = file.read().unwrap();
        assert_eq!((contents.reports.len(), contents.unreadable), (kept + 1, 0), "cut at {cut}");
        assert_eq!(names(&contents).last(), Some(&"next"));
        assert_eq!(aside(&file).exists(), torn, "cut at {cut}");
    }
}

#[test]
fn what_was_torn_is_kept_aside() {
    let (_directory, file) = with_text((line("a") + "{\"version\":1,\"na").as_bytes());
    file.append(&run("b", 1)).unwrap();
    let mut raw = OpenOptions::new().append(true).open(file.path()).unwrap();
    raw.write_all(b"{\"ver").unwrap();
    file.append(&run("c", 1)).unwrap();
    assert_eq!(fs::read_to_string(aside(&file)).unwrap(), "{\"version\":1,\"na\n{\"ver\n");
    assert_eq!(names(&file.read().unwrap()), ["a", "b", "c"]);
}

#[test]
fn newer_and_foreign_lines_are_counted_and_left() {
    let newer = format!("{{\"version\": {}, \"phases\": 7}}\n", VERSION + 1);
    let text = line("a") + &newer + "no json\n" + &line("b") + "{}\n";
    let (_directory, file) = with_text(&[text.as_bytes(), b"\xff\xfe\n"].concat());
    let contents = file.read().unwrap();
    assert_eq!(names(&contents), ["a", "b"]);
    assert_eq!((contents.newer, contents.unreadable), (1, 3));
    let lines: Vec<_> = contents.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [3, 5, 6]);
    file.append(&run("c", 1)).unwrap();
    assert!(fs::read_to_string(aside(&file)).is_err(), "whole lines stay where they are");
    assert_eq!(names(&file.read().unwrap()), ["a", "b", "c"]);
}

#[test]
fn problems_are_counted_but_not_all_kept() {
    let (_directory, file) = with_text(&b"x\n".repeat(5_000));
    let contents = file.read().unwrap();
    assert_eq!((contents.unreadable, contents.problems.len()), (5_000, 100));
}

#[test]
fn a_line_without_end_is_bounded() {
    let long = vec![b'x'; (16 << 20) + 10];
    let (_directory, file) = with_text(&[&long[..], b"\n", line("a").as_bytes()].concat());
    let contents = file.read().unwrap();
    assert_eq!((names(&contents), contents.unreadable), (vec!["a"], 1));
    // A file that is one such line is nobody's to cut.
    let (_directory, file) = with_text(&long);
    assert_eq!(file.append(&run("a", 1)).unwrap_err().kind(), ErrorKind::InvalidData);
    assert_eq!(fs::metadata(file.path()).unwrap().len(), long.len() as u64);
    // Nor does anyone write one.
    let report = run("a", 1).with_parameter("long", "x".repeat(16 << 20));
    let (_directory, file) = with_text(b"");
    assert_eq!(file.append(&report).unwrap_err().kind(), ErrorKind::InvalidInput);
}

#[test]
fn a_lock_that_stays_is_an_error_that_says_so() {
    let (_directory, file) = with_text(line("a").as_bytes());
    let file = file.with_lock_wait(Duration::from_millis(120));
    let holder = File::open(file.path()).unwrap();
    holder.lock().unwrap();
    for error in [file.read().unwrap_err(), file.append(&run("b", 1)).unwrap_err()] {
        assert_eq!(error.kind(), ErrorKind::Conflict);
        assert!(error.is_retryable() && error.to_string().contains("another process"), "{error}");
    }
    // Readers share; a writer waits for them.
    holder.unlock().unwrap();
    holder.lock_shared().unwrap();
    assert_eq!(names(&file.read().unwrap()), ["a"]);
    assert_eq!(file.append(&run("b", 1)).unwrap_err().kind(), ErrorKind::Conflict);
    drop(holder);
    file.append(&run("b", 1)).unwrap();
    assert_eq!(names(&file.read().unwrap()), ["a", "b"]);
}

#[test]
fn a_lock_that_is_given_back_is_waited_for() {
    let (_directory, file) = with_text(b"");
    let holder = File::open(file.path()).unwrap();
    holder.lock().unwrap();
    let other = file.clone();
    let append = std::thread::spawn(move || other.append(&run("a", 1)));
    while !append.is_finished() {
        std::thread::sleep(Duration::from_millis(20));
        let _ = holder.unlock();
    }
    append.join().unwrap().unwrap();
    assert_eq!(file.read().unwrap().reports.len(), 1);
}

/// What a slip of the hand names instead: none of it is a line that a killed process left.
#[test]
fn a_file_that_is_no_metrics_file_stays_as_it_is() {
    let torn = |tail: &[u8]| [line("a").as_bytes(), tail].concat();
    let files: [Vec<u8>; 11] = [
        b"SQLite format 3\0\x10\0\x01\x01\0@ \0\0\0\x05".to_vec(),
        [b"SQLite format 3\0\n".as_slice(), &[0; 5_000]].concat(),
        b"a text without an end of line".to_vec(),
        b"a text\n{\"looks\": \"torn".to_vec(),
        b"a text\nwith ends of lines\n".to_vec(),
        b"[{\"version\": 1}]".to_vec(),
        b"{\n  \"printed\": true\n}".to_vec(),
        [b" ".repeat(5_000).as_slice(), b"a text"].concat(),
        torn(b"\xff\0\x01\x02"),
        torn(b"{\"version\":1,\xff\0\x01\x02"),
        torn(b"the end of a text"),
    ];
    for content in files {
        let (_directory, file) = with_text(&content);
        let shown = String::from_utf8_lossy(&content).into_owned();
        let error = file.append(&run("a", 1)).expect_err(&shown);
        assert_eq!(error.kind(), ErrorKind::InvalidData, "{shown}");
        assert!(error.to_string().contains("nothing was changed"), "{error}");
        assert_eq!(fs::read(file.path()).unwrap(), content, "{shown}");
        assert!(!aside(&file).exists(), "{shown}");
    }
}

#[test]
fn a_line_torn_within_a_character_is_put_aside() {
    let tail = &"{\"name\":\"名".as_bytes()[..11];
    let (_directory, file) = with_text(&[line("a").as_bytes(), tail].concat());
    file.append(&run("b", 1)).unwrap();
    assert_eq!(fs::read(aside(&file)).unwrap(), [tail, b"\n"].concat());
    assert_eq!(names(&file.read().unwrap()), ["a", "b"]);
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_refused_without_a_wait() {
    let directory = tempfile::tempdir().unwrap();
    for path in [directory.path(), Path::new("/dev/zero")] {
        let file = MetricsFile::new(path);
        assert_eq!(file.read().unwrap_err().kind(), ErrorKind::InvalidInput);
        assert_eq!(file.append(&run("a", 1)).unwrap_err().kind(), ErrorKind::InvalidInput);
    }
}
