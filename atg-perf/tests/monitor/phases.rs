//! Phases, their order, their ends and their memory.

use atg_core::PerfMonitor;
use atg_perf::{Monitor, PhaseFigures};
use tokio::time::sleep;

use crate::{ms, virtual_time};

#[tokio::test(start_paused = true)]
async fn nested_phases_last_as_long_as_their_scopes() {
    let monitor = virtual_time();
    sleep(ms(5)).await;
    let outer = monitor.phase("scan");
    sleep(ms(10)).await;
    let inner = monitor.phase("resolve");
    sleep(ms(20)).await;
    inner.add_items(3);
    inner.add_items(4);
    inner.finish();
    sleep(ms(30)).await;
    assert_eq!(monitor.full_snapshot().phases.len(), 1);
    outer.finish();
    let seen = monitor.full_snapshot();
    let told = |phase: &PhaseFigures| {
        (phase.name, phase.began_after, phase.elapsed, phase.items, phase.finished)
    };
    let told: Vec<_> = seen.phases.iter().map(told).collect();
    let inner = ("resolve", ms(15), ms(20), 7, true);
    assert_eq!(told, [inner, ("scan", ms(5), ms(60), 0, true)]);
    assert_eq!((seen.elapsed, seen.phases_left_out), (ms(65), 0));
}

#[tokio::test(start_paused = true)]
async fn a_phase_that_is_cancelled_is_broken_off() {
    let monitor = virtual_time();
    let phase = monitor.phase("scan");
    let task = tokio::spawn(async move {
        phase.add_items(1);
        sleep(ms(1_000)).await;
        phase.finish();
    });
    sleep(ms(10)).await;
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let [phase] = monitor.full_snapshot().phases[..] else { panic!("one phase") };
    assert_eq!((phase.elapsed, phase.items, phase.finished), (ms(10), 1, false));
}

#[test]
fn phases_without_end_are_counted_and_not_kept() {
    let monitor = Monitor::builder().measures_memory(false).build();
    for _ in 0..5_000 {
        PerfMonitor::phase(&monitor, "page").finish(u64::MAX);
    }
    let seen = monitor.full_snapshot();
    assert_eq!((seen.phases.len(), seen.phases_left_out), (4_096, 904));
    assert!(seen.phases.iter().all(|phase| phase.items == u64::MAX));
    assert!(seen.phases.iter().all(|phase| phase.peak_memory.is_none()));
}
