//! What reaches an exporter of the `metrics` facade.

use std::time::Duration;

use atg_core::{Measurement, PerfRecorder};
use atg_perf::{MetricsExporter, Monitor};
use metrics_exporter_prometheus::PrometheusBuilder;
use tokio::time::sleep;

use crate::{ms, took};

fn measured() -> Monitor {
    let monitor = Monitor::builder().measures_memory(false).build();
    let mut recorder = monitor.worker_recorder();
    for _ in 0..4 {
        recorder.record(&Measurement { items: 25, bytes: 8, ..took("write nodes", ms(500)) });
    }
    recorder.record(&Measurement { succeeded: false, ..took("write nodes", ms(2_000)) });
    monitor.counter("cache hits").add(7);
    for _ in 0..2 {
        let phase = monitor.phase("scan");
        phase.add_items(50);
        phase.finish();
    }
    monitor
}

#[test]
fn a_snapshot_becomes_prometheus_text() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let exporter = MetricsExporter::new(measured());
    metrics::with_local_recorder(&recorder, || {
        exporter.publish();
        exporter.publish();
    });
    let page = recorder.handle().render();
    for line in [
        "atg_operations_total{operation=\"write nodes\"} 5",
        "atg_operations_failed_total{operation=\"write nodes\"} 1",
        "atg_operations_slow_total{operation=\"write nodes\"} 1",
        "atg_items_total{operation=\"write nodes\"} 101",
        "atg_bytes_total{operation=\"write nodes\"} 32",
        "atg_operation_seconds_sum{operation=\"write nodes\"} 4",
        "atg_operation_seconds{operation=\"write nodes\",quantile=\"1\"} 2",
        "atg_count_total{counter=\"cache hits\"} 7",
        "atg_phase_items{phase=\"scan\"} 100",
        "# TYPE atg_operations_total counter",
        "# TYPE atg_operation_seconds gauge",
    ] {
        assert!(page.lines().any(|one| one == line), "{line} is not in\n{page}");
    }
    assert!(!page.contains("peak_memory"), "where it is not measured it is not told");
    assert!(!page.contains("NaN") && !page.contains("inf"), "{page}");
}

#[test]
fn without_an_exporter_nothing_happens() {
    MetricsExporter::new(measured()).publish();
}

#[tokio::test(start_paused = true)]
async fn it_is_published_each_period_until_the_handle_is_dropped() {
    let recorder = PrometheusBuilder::new().build_recorder();
    let _installed = metrics::set_default_local_recorder(&recorder);
    let monitor = measured();
    let task = MetricsExporter::new(monitor.clone()).publish_every(ms(1_000)).unwrap();
    let counted = || {
        let page = recorder.handle().render();
        let line = page
            .lines()
            .find_map(|line| line.strip_prefix("atg_operations_total{operation=\"write nodes\"} "));
        line.map(|count| count.parse::<u64>().unwrap())
    };
    sleep(ms(999)).await;
    assert_eq!(counted(), None);
    sleep(ms(2)).await;
    assert_eq!(counted(), Some(5));
    monitor.worker_recorder().record(&took("write nodes", ms(1)));
    sleep(ms(1_000)).await;
    assert_eq!(counted(), Some(6));
    drop(task);
    monitor.worker_recorder().record(&took("write nodes", ms(1)));
    sleep(Duration::from_secs(60)).await;
    assert_eq!(counted(), Some(6));
}

#[test]
fn without_a_runtime_there_is_an_error() {
    assert!(MetricsExporter::new(Monitor::new()).publish_every(ms(1_000)).is_err());
}
