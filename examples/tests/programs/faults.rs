//! Answers that fail: asked for again, and nothing is lost.

use crate::contents::Contents;
use crate::process::{report, scan};

#[test]
fn one_answer_in_ten_fails_and_the_graph_is_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // By this seed so few answers fail that no request, in whatever order they come, meets six.
    let options = "--resources 2500 --seed 36 --latency-ms 0 --scale-to 0 --quiet --report r.json";
    scan(folder, &format!("{options} --graph calm.sqlite")).done();
    let calm = report(folder, "r.json");
    let expected = Contents::read(&folder.join("calm.sqlite"));
    for rate in ["0.1", "0.5"] {
        let graph = format!("{rate}.sqlite");
        scan(folder, &format!("{options} --fault-rate {rate} --graph {graph}")).done();
        let faulty = report(folder, "r.json");
        let requests = |report: &serde_json::Value| report["scan"]["requests"].as_u64().unwrap();
        assert!(requests(&faulty) > requests(&calm), "{rate}: nothing failed");
        assert_eq!(faulty["scan"]["resources_read"], calm["scan"]["resources_read"]);
        Contents::read(&folder.join(graph)).assert_same(&expected);
    }
}
