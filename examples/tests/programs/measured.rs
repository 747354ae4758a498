//! The examples that show a scan to Prometheus and to OpenTelemetry.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

use crate::process::{program, run};

#[test]
fn serve_metrics_is_scraped_before_and_after_the_end_of_the_scan() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program("serve_metrics", folder.path());
    command.args(["--resources", "3000", "--wait", "120"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let first = lines.next().unwrap();
    let address = first.strip_prefix("http://").unwrap().strip_suffix("/metrics").unwrap();
    assert!(get(address, "/metrics").starts_with("HTTP/1.1 200"));
    assert!(get(address, "/").starts_with("HTTP/1.1 404"));

    let scanned = lines.next().unwrap();
    let resources: u64 = scanned.split(' ').nth(1).unwrap().parse().unwrap();
    assert!(resources >= 3_000, "{scanned}");
    let page = get(address, "/metrics");
    let value = |series: &str| -> u64 {
        let line = page.lines().find_map(|line| line.strip_prefix(series));
        line.unwrap_or_else(|| panic!("{series} is not in {page}")).trim().parse().unwrap()
    };
    assert_eq!(value("atg_phase_items{phase=\"scan\"}"), resources);
    assert!(value("atg_items_total{operation=\"write nodes\"}") >= resources);
    assert!(value("atg_items_total{operation=\"write relationships\"}") > 0);
    assert_eq!(value("atg_operations_failed_total{operation=\"write nodes\"}"), 0);

    let rest: Vec<String> = lines.collect();
    assert_eq!(rest[0], "scraped once more");
    assert!(rest[1..].iter().any(|line| page.lines().any(|scraped| scraped == line)), "{rest:?}");
    let ended = child.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stderr), (Some(0), Vec::new()));
}

#[test]
fn serve_metrics_ends_when_nobody_scrapes() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = program("serve_metrics", folder.path());
    let ended = run(command.args(["--resources", "100", "--wait", "0"])).done();
    assert!(ended.stdout.contains("nobody scraped\n"), "{}", ended.stdout);
    assert!(ended.stdout.contains("atg_items_total{operation=\"write nodes\"}"));
}

/// The answer to a request, head and body.
fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// A span as it is printed.
#[derive(Debug)]
struct Span {
    name: String,
    trace: String,
    parent: String,
}

#[test]
fn trace_scan_prints_each_scope_request_page_and_batch_below_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let ended = run(program("trace_scan", folder.path()).args(["--resources", "200"])).done();
    assert!(ended.stdout.ends_with(" resources\n"), "{}", ended.stdout);
    let spans = spans(&ended.stdout);
    let mut parents: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for span in spans.values() {
        let parent = spans.get(&span.parent).map_or("", |parent| &parent.name);
        let known = parents.entry(&span.name).or_default();
        known.push(parent);
        known.sort_unstable();
        known.dedup();
    }
    let expected = [
        ("map page", vec!["read scope"]),
        ("pipeline", vec![""]),
        ("read scope", vec!["pipeline"]),
        // The first lists the scopes.
        ("request", vec!["pipeline", "read scope"]),
        ("write nodes", vec!["pipeline"]),
        ("write relationships", vec!["pipeline"]),
    ];
    assert_eq!(parents, BTreeMap::from(expected));
    let traces: Vec<_> = spans.values().map(|span| &span.trace).collect();
    assert!(traces.iter().all(|trace| *trace == traces[0]), "one scan is one trace");
}

/// The spans printed, by their id.
fn spans(printed: &str) -> BTreeMap<String, Span> {
    let field = |span: &str, name: &str| {
        let start = format!("\t{name}");
        let line = span.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default();
        line.trim().trim_start_matches(": ").to_owned()
    };
    let spans = printed.split("Span #").skip(1);
    spans
        .map(|span| {
            let [name, trace, parent] =
                ["Name ", "TraceId", "ParentSpanId"].map(|name| field(span, name));
            (field(span, "SpanId"), Span { name, trace, parent })
        })
        .collect()
}
