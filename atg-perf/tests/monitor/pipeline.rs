//! The pipeline, measured.

use std::sync::Arc;

use atg_core::memory::{MemoryGraph, MemorySource};
use atg_core::pipeline::Pipeline;
use atg_core::{Resource, ResourceId};
use atg_perf::Monitor;

#[tokio::test]
async fn a_scan_s_writes_and_phases_are_measured() {
    let host = |number: u32| {
        let rack = ResourceId::named("rack", "first");
        let id = ResourceId::named("host", &format!("host {number}"));
        Resource::new(id).with_reference("IN_RACK", rack)
    };
    let source = MemorySource::new().with_scope("all", (0..250).map(host).collect());
    let monitor = Monitor::new();
    let graph = Arc::new(MemoryGraph::new());
    let shared = Arc::new(monitor.clone());
    let report = Pipeline::new(source, graph).with_monitor(shared).run().await.unwrap();
    let seen = monitor.full_snapshot();
    assert_eq!(seen.operations["write nodes"].items, 251);
    assert_eq!(seen.operations["write relationships"].items, 250);
    let phases: Vec<_> = seen.phases.iter().map(|phase| (phase.name, phase.items)).collect();
    let told: Vec<_> =
        report.phases.iter().map(|phase| (phase.name.as_str(), phase.items)).collect();
    assert_eq!(phases, told);
    assert_eq!(phases[0], ("scan", 250));
    assert!(seen.phases.iter().all(|phase| phase.finished));
    assert_eq!(monitor.recorders(), 0);
}
