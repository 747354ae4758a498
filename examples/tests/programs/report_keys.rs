//! The report's keys: exactly those that were promised.

use serde_json::Value;

/// Asserts that a report has each promised key and no other, on every level.
pub(crate) fn assert_keys(report: &Value) {
    keys(report, "source graph scan cache scale validation phases peak_memory_bytes");
    let scan = &report["scan"];
    keys(
        scan,
        "resources_read resources_skipped nodes_written nodes_unchanged relationships_written \
         unresolved deleted scopes requests throttled seconds",
    );
    every(&scan["resources_skipped"], "id why");
    keys(&scan["scopes"], "complete partial denied failed");
    keys(&report["cache"], "hits misses hit_ratio calls tiers");
    keys(&report["scale"], "template_nodes template_relationships nodes relationships seconds");
    keys(&report["validation"], "passed checks");
    every(&report["validation"]["checks"], "name passed detail");
    every(&report["phases"], "name seconds items per_second");
    assert!(report["peak_memory_bytes"].is_u64() && report["source"].is_string());
}

fn keys(value: &Value, expected: &str) {
    let mut found: Vec<_> = value.as_object().expect("an object").keys().collect();
    let mut expected: Vec<_> = expected.split_whitespace().collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

fn every(list: &Value, expected: &str) {
    for value in list.as_array().expect("a list") {
        keys(value, expected);
    }
}
