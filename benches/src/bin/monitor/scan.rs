//! What a monitor costs a whole scan: the same one with it and without, in turns.

use std::time::Duration;

use atg_azure::simulator::{Limits, Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_benches::clock::{Outcome, process_time};
use atg_benches::{Limit, order};
use atg_core::memory::NullSink;
use atg_core::pipeline::Pipeline;
use atg_core::{NoMonitor, PerfMonitor, Unpaced};
use atg_perf::Monitor;
use tokio::runtime::Runtime;

/// Scans of `resources` resources, each kind so many times; what the records of one cost by
/// `record` nanoseconds each comes from their number.
#[allow(clippy::cast_precision_loss, reason = "records are far below 2^52")]
pub(crate) fn compare(resources: u64, times: usize, record: Option<f64>) -> Outcome<Vec<Limit>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let (mut with, mut without, mut records) = (Vec::new(), Vec::new(), 0);
    scan(&runtime, resources, NoMonitor)?;
    for round in 0..times {
        for kind in order(2, round) {
            if kind == 0 {
                without.push(scan(&runtime, resources, NoMonitor)?.as_secs_f64());
            } else {
                let monitor = Monitor::new();
                with.push(scan(&runtime, resources, monitor.clone())?.as_secs_f64());
                records = monitor.snapshot().operations.values().map(|seen| seen.count).sum();
            }
        }
    }
    // What else the machine does only adds to it.
    let least = |seconds: Vec<f64>| seconds.into_iter().reduce(f64::min);
    let (with, without) = (least(with), least(without));
    println!("A scan of {resources} simulated resources, {records} records");
    println!("  (seconds of processors, the least of {times} rounds)");
    println!("  without a monitor  {:.3}", without.unwrap_or(f64::NAN));
    println!("  with one           {:.3}\n", with.unwrap_or(f64::NAN));
    let percent = |seconds: f64| Some(seconds / without? * 100.0);
    let counted = record.and_then(|record| percent(records as f64 * record / 1e9));
    let measured = with.zip(without).and_then(|(with, without)| percent(with - without));
    Ok(vec![
        Limit::most(
            "records of a scan, by what one costs",
            counted,
            1.0,
            "% of its processor time",
        ),
        Limit::most("a scan with a monitor, what it takes more", measured, 1.0, "%"),
    ])
}

/// The processor time that a scan takes, the simulator's own in it.
fn scan(
    runtime: &Runtime,
    resources: u64,
    monitor: impl PerfMonitor + 'static,
) -> Outcome<Duration> {
    let before = process_time();
    let simulator =
        Simulator::builder(TenantSpec::sized(resources, 10)).limits(Limits::none()).build()?;
    let token = StaticToken::new(AccessToken::new("simulated")?);
    let client = ArmClient::with_pace(simulator, token, Cloud::public()?, Unpaced);
    let pipeline = Pipeline::new(AzureSource::new(client), NullSink).with_monitor(monitor);
    let report = runtime.block_on(pipeline.run())?;
    if !report.is_complete() || report.resources_read < resources {
        return Err(format!("the scan is not complete: {:?}", report.problems).into());
    }
    Ok(process_time().saturating_sub(before))
}
