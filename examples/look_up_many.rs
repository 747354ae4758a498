//! Look many resources up by their ids: as many at once as pay, every result kept, Ctrl-C included.
//!
//! `cargo run --release --example look_up_many`
//!
//! Resource Graph gives a thousand full records a request, so a scan is the way to read a tenant.
//! This is for what only Resource Manager has, resource by resource. The simulator stands in for
//! Azure, with its limits and answers after 20 ms; what fails, the client tries again.

use std::sync::Arc;
use std::time::Duration;

use atg_azure::simulator::{Simulator, TenantSpec};
use atg_azure::{AccessToken, ArmClient, AzureSource, Cloud, StaticToken};
use atg_core::pipeline::CancellationToken;
use atg_core::{Error, ErrorKind, Priority, ResourceId, ResourceLookup, ResourceSource, Result};
use atg_perf::{AdaptiveExecutor, Classification, ExecutorOptions, QuotaPace, TaskOutcome};

const RESOURCES: u64 = 600;

#[tokio::main]
async fn main() -> Result<()> {
    let simulator = Simulator::builder(TenantSpec::sized(RESOURCES, 3))
        .latency_of(Duration::from_millis(20))
        .build()?;
    let mut ids = ids_of(&simulator)?;
    ids.push(ResourceId::parse(format!("{}-gone", ids[0].as_str()))?);

    let token = StaticToken::new(AccessToken::new("simulated")?);
    let client = ArmClient::with_pace(simulator, token, Cloud::public()?, QuotaPace::new())
        .with_identity("tenant", "look_up_many");
    // Nobody waits for one of them alone: a scan in the same process may go first.
    let source = Arc::new(AzureSource::new(client).with_lookup_priority(Priority::Bulk));

    let cancel = CancellationToken::new();
    tokio::spawn(cancel_on_ctrl_c(cancel.clone()));
    let reader = source.clone();
    // A wait for the quota is part of a task's time.
    let shortest_timeout = Duration::from_secs(60);
    let options = ExecutorOptions { shortest_timeout, ..ExecutorOptions::default() };
    let outcome = AdaptiveExecutor::new(options)
        .with_classifier(classify)
        .with_cancellation(cancel)
        .run(ids, move |id| {
            let source = reader.clone();
            async move { source.lookup(&id).await }
        })
        .await;

    let (mut found, mut gone, mut bytes) = (0, 0, 0);
    for report in &outcome.reports {
        match &report.outcome {
            TaskOutcome::Succeeded(Some(body)) => (found, bytes) = (found + 1, bytes + body.len()),
            TaskOutcome::Succeeded(None) => gone += 1,
            other => println!("number {}: {other:?}", report.index),
        }
    }
    let (progress, usage) = (&outcome.progress, source.usage());
    println!("{found} found, {gone} not there; {bytes} bytes");
    println!(
        "{} requests, {} of them refused; {} workers at the end; {:.2} s; the run: {:?}",
        usage.requests,
        usage.throttled,
        progress.workers,
        progress.elapsed.as_secs_f64(),
        outcome.end
    );
    Ok(())
}

/// What an error means for those that are not looked up yet.
fn classify(error: &Error) -> Classification {
    match error.kind() {
        ErrorKind::Throttled => Classification::Overload,
        // The next one fares no better.
        ErrorKind::Unauthenticated => Classification::Fatal,
        _ => Classification::Failure,
    }
}

fn ids_of(simulator: &Simulator) -> Result<Vec<ResourceId>> {
    let id = |index| {
        let mut text = String::new();
        simulator.tenant().write_id(index, &mut text);
        ResourceId::parse(text)
    };
    (0..RESOURCES).map(id).collect()
}

async fn cancel_on_ctrl_c(cancel: CancellationToken) {
    if tokio::signal::ctrl_c().await.is_ok() {
        cancel.cancel();
    }
}
