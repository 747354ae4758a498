//! [`MetricsExporter`]: what a monitor holds, told to the `metrics` facade.

use std::collections::BTreeMap;
use std::time::Duration;

use atg_core::Result;
use metrics::{counter, gauge};

use super::{Monitor, OperationFigures, PeriodicTask};

/// Publishes a monitor's snapshots to the `metrics` facade, and so to whatever exporter the
/// application has installed.
///
/// Snapshots, not records: a record through the facade costs several times ours, most of all when
/// several threads record at once. The series, each with a label `operation`:
///
/// | series | kind | what |
/// |---|---|---|
/// | `atg_operations_total`, `atg_operations_failed_total`, `atg_operations_slow_total` | counter | pieces of work |
/// | `atg_items_total`, `atg_bytes_total` | counter | what they moved |
/// | `atg_operation_seconds_sum` | gauge | time spent, all workers |
/// | `atg_operation_seconds` | gauge | the quantile that the label `quantile` names; 1 is the longest |
///
/// and `atg_count_total` by the label `counter`, and the gauges `atg_phase_seconds`,
/// `atg_phase_items` and `atg_phase_peak_memory_bytes` by the label `phase`, over all phases of
/// that name that have ended. Quantiles are over the whole time of the monitor. Counters of the
/// facade never go back: publish one monitor a recorder.
#[derive(Debug, Clone)]
pub struct MetricsExporter {
    monitor: Monitor,
}

impl MetricsExporter {
    /// An exporter of this monitor.
    pub fn new(monitor: Monitor) -> Self {
        Self { monitor }
    }

    /// Publishes all that was measured so far to the recorder in use; without one, to nobody.
    pub fn publish(&self) {
        let snapshot = self.monitor.full_snapshot();
        for (operation, figures) in &snapshot.operations {
            publish_operation(operation, figures);
        }
        for (name, value) in snapshot.counters {
            counter!("atg_count_total", "counter" => name).absolute(value);
        }
        let mut phases = BTreeMap::<_, (Duration, u64, Option<u64>)>::new();
        for phase in snapshot.phases {
            let (elapsed, items, peak) = phases.entry(phase.name).or_default();
            *elapsed = elapsed.saturating_add(phase.elapsed);
            *items = items.saturating_add(phase.items);
            *peak = phase.peak_memory.max(*peak);
        }
        for (name, (elapsed, items, peak)) in phases {
            gauge!("atg_phase_seconds", "phase" => name).set(elapsed.as_secs_f64());
            gauge!("atg_phase_items", "phase" => name).set(float(items));
            if let Some(peak) = peak {
                gauge!("atg_phase_peak_memory_bytes", "phase" => name).set(float(peak));
            }
        }
    }

    /// Publishes each period, until the task's handle is dropped. Less than 100 ms count as that.
    ///
    /// # Errors
    /// `InvalidInput` outside a tokio runtime. The runtime must keep time.
    pub fn publish_every(&self, period: Duration) -> Result<PeriodicTask> {
        let exporter = self.clone();
        PeriodicTask::start("publish metrics", period, move || exporter.publish())
    }
}

fn publish_operation(operation: &'static str, figures: &OperationFigures) {
    for (series, value) in [
        ("atg_operations_total", figures.count),
        ("atg_operations_failed_total", figures.failed),
        ("atg_operations_slow_total", figures.slow),
        ("atg_items_total", figures.items),
        ("atg_bytes_total", figures.bytes),
    ] {
        counter!(series, "operation" => operation).absolute(value);
    }
    gauge!("atg_operation_seconds_sum", "operation" => operation).set(figures.total.as_secs_f64());
    let [p50, p90, p95, p99] = figures.quantiles().map(|(_, time)| time);
    let quantiles =
        [("0.5", p50), ("0.9", p90), ("0.95", p95), ("0.99", p99), ("1", figures.maximum)];
    for (quantile, time) in quantiles {
        gauge!("atg_operation_seconds", "operation" => operation, "quantile" => quantile)
            .set(time.as_secs_f64());
    }
}

/// Gauges are floats: exact up to 2^53.
#[allow(clippy::cast_precision_loss, reason = "a gauge has no more digits")]
fn float(value: u64) -> f64 {
    value as f64
}
