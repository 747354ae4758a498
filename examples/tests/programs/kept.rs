//! What a run leaves beside its graph: a page, and a line in a file of runs.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;

use crate::interrupted::{interrupt, listens};
use crate::killed::{finds, reaches};
use crate::process::{QUICK, program, run, scan, scan_and_scale};

fn lines(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn each_run_is_a_page_and_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for batch in ["auto", "static", "300"] {
        let options = format!(
            "{QUICK} --resources 800 --scale-to 3000 --graph {batch}.sqlite --batch {batch} \
             --pace none --html r.html --metrics r.jsonl --report r.json --quiet"
        );
        scan(folder, &options).done();
    }
    let page = fs::read_to_string(folder.join("r.html")).unwrap();
    assert!(page.contains("<svg") && page.contains("batch size chosen"), "{page}");
    assert!(!page.contains("<script") && !page.contains("http-equiv=\"refresh"), "{page}");
    let runs = lines(&folder.join("r.jsonl"));
    let batches: Vec<&Value> = runs.iter().map(|run| &run["parameters"]["batch"]).collect();
    assert_eq!(batches, ["auto", "static", "300"]);
    for run in &runs {
        assert_eq!(run["name"], "scan and scale");
        let phases: Vec<&Value> = run["phases"].as_array().unwrap().iter().collect();
        let names: Vec<&str> = phases.iter().filter_map(|one| one["name"].as_str()).collect();
        assert_eq!(names, ["scan", "resolve", "flush", "scale", "validate"]);
        // The scale-up's rows are among the writes.
        let rows = run["operations"]["write nodes"]["items"].as_u64().unwrap();
        assert!(rows >= 3_000, "{rows}");
        assert!(run["operations"]["read page"]["items"].as_u64().unwrap() >= 800, "{run}");
    }
    let graphs = ["auto", "static", "300"]
        .map(|name| crate::contents::Contents::read(&folder.join(format!("{name}.sqlite"))));
    graphs[0].assert_same(&graphs[1]);
    graphs[0].assert_same(&graphs[2]);
}

#[test]
fn other_work_has_another_name() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let options = "--resources 3000 --scale-to 0 --graph g.sqlite --metrics r.jsonl --quiet";
    scan(folder, &format!("{QUICK} {options} --dry-run")).done();
    let slow = format!("{options} --html r.html --latency-ms 1000 --fault-rate 0.5");
    let mut child = scan_and_scale(folder, &slow).stderr(Stdio::null()).spawn().unwrap();
    let graph = folder.join("g.sqlite");
    assert!(reaches(&mut child, || finds(&graph, "select 1 from nodes")), "ended too early");
    assert!(listens(child.id()));
    interrupt(child.id());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let names: Vec<Value> =
        lines(&folder.join("r.jsonl")).into_iter().map(|run| run["name"].clone()).collect();
    assert_eq!(names, ["dry run", "scan and scale, stopped"]);
    assert!(fs::read_to_string(folder.join("r.html")).unwrap().contains("stopped"));
}

#[test]
fn a_fixed_pace_takes_its_time() {
    let folder = tempfile::tempdir().unwrap();
    let options = "--resources 3000 --scale-to 0 --latency-ms 0 --pace 4 --report r.json --quiet";
    let mut command = program("scan_and_scale", folder.path());
    run(command.args(options.split_whitespace())).done();
    let report = fs::read_to_string(folder.path().join("r.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let requests = report["scan"]["requests"].as_f64().unwrap();
    let seconds = report["scan"]["seconds"].as_f64().unwrap();
    // The first goes at once, and each other a quarter of a second after the one before.
    assert!(requests >= 4.0 && seconds >= (requests - 1.0) * 0.25 - 0.01, "{report}");
}

#[test]
fn what_may_need_somebodys_hand_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    fs::write(folder.join("r.jsonl"), "{\"version\":1,\"na").unwrap();
    let options = format!("--resources 10 --scale-to 0 {QUICK} --metrics r.jsonl --quiet");
    let ended = scan(folder, &options);
    assert_eq!((ended.status, ended.stderr.lines().count()), (Some(0), 1), "{ended:#?}");
    assert!(ended.stderr.contains("WARN moving a torn line aside"), "{ended:#?}");
    scan(folder, &options).done();
}
