//! What `--cache` saves, and what the report says of it.

use crate::process::{QUICK, program, run, scan};

/// A type whose api-version only the list of providers tells.
const LISTED: &str = "--list-type Microsoft.Network/natGateways";

fn calls(folder: &std::path::Path, options: &str) -> (u64, u64, u64) {
    let report = folder.join("report.json");
    let options = format!("{QUICK} {LISTED} --resources 400 --scale-to 0 --quiet {options}");
    scan(folder, &format!("{options} --report report.json")).done();
    let report: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).unwrap()).unwrap();
    let of = |name: &str| report["cache"][name].as_u64().unwrap();
    assert_eq!(of("hits") + of("misses") > 0, report["cache"]["hit_ratio"].is_f64());
    (of("calls"), of("hits"), report["scan"]["requests"].as_u64().unwrap())
}

#[test]
fn a_second_scan_with_a_cache_lists_no_providers() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let (calls_first, _, requests_first) = calls(folder, "--cache answers");
    assert_eq!(calls_first, 1, "the subscriptions share one list");
    let (calls_again, hits, requests_again) = calls(folder, "--cache answers");
    assert_eq!((calls_again, requests_first - requests_again), (0, calls_first));
    assert!(hits > 0);
    let (calls_without, hits, requests_without) = calls(folder, "--no-cache");
    assert!(calls_without >= calls_first && hits == 0, "each of the subscriptions asks");
    assert_eq!(requests_without - calls_without, requests_again);
}

#[test]
fn cached_calls_shows_what_it_says() {
    let folder = tempfile::tempdir().unwrap();
    let text = run(&mut program("cached_calls", folder.path())).done().stdout;
    for line in [
        "key: vm_list:virtualmachines:/subscriptions/s1:contoso@reporting",
        "100 callers at once: Ok(\"machines, answer 1\"), asked 1",
        "stale, served at once: machines, answer 1",
        "loaded meanwhile: machines, answer 2",
        "after the event: machines, answer 3",
        "after the tag: machines, answer 4",
        "three states: 3",
    ] {
        assert!(text.contains(line), "{line:?} is not in\n{text}");
    }
}
