//! The log of slow operations.

use std::thread;
use std::time::Duration;

use atg_core::{Measurement, PerfRecorder};
use atg_perf::Monitor;
use tokio::time::sleep;

use crate::{ms, took, virtual_time};

#[test]
fn the_worst_are_kept_in_their_order() {
    let monitor = Monitor::builder().slow_threshold(ms(100)).slow_kept(3).build();
    let mut recorder = monitor.worker_recorder();
    for milliseconds in [99, 300, 100, 250, 700, 101, 300, 2] {
        recorder.record(&took("read", ms(milliseconds)));
    }
    let seen = monitor.full_snapshot();
    let kept: Vec<_> = seen.slow.iter().map(|one| one.elapsed).collect();
    assert_eq!(kept, [ms(700), ms(300), ms(300)]);
    assert_eq!(seen.operations["read"].slow, 6);
}

#[tokio::test(start_paused = true)]
async fn each_tells_what_when_and_in_which_shape() {
    let monitor = virtual_time();
    let mut recorder = monitor.worker_recorder();
    sleep(ms(4_000)).await;
    let write = Measurement { items: 500, succeeded: false, ..took("write", ms(1_500)) };
    recorder.record_shape(&write, "MERGE (n:Resource {id: $id}) SET n.name = 'Ada'");
    let [slow] = &monitor.full_snapshot().slow[..] else { panic!("one") };
    assert_eq!((slow.operation, slow.elapsed, slow.items), ("write", ms(1_500), 500));
    assert_eq!((slow.succeeded, slow.ended_after), (false, ms(4_000)));
    assert_eq!(slow.shape, "MERGE (n:Resource {id: $id}) SET n.name = ?");
}

#[test]
fn none_are_kept_where_none_are_wanted() {
    let monitor = Monitor::builder().slow_threshold(Duration::ZERO).slow_kept(0).build();
    monitor.worker_recorder().record(&took("read", Duration::MAX));
    let seen = monitor.full_snapshot();
    assert_eq!((seen.slow.len(), seen.operations["read"].slow), (0, 1));
}

#[test]
fn a_boundless_wish_is_bounded() {
    let monitor = Monitor::builder().slow_threshold(Duration::ZERO).slow_kept(usize::MAX).build();
    let mut recorder = monitor.worker_recorder();
    (0..12_000).for_each(|number| recorder.record(&took("read", ms(number))));
    let seen = monitor.full_snapshot().slow;
    assert_eq!((seen.len(), seen[9_999].elapsed), (10_000, ms(2_000)));
}

#[test]
fn a_storm_from_four_threads_keeps_the_worst() {
    let monitor = Monitor::builder().slow_threshold(Duration::ZERO).slow_kept(4).build();
    thread::scope(|scope| {
        for thread in 0..4 {
            let mut recorder = monitor.worker_recorder();
            scope.spawn(move || {
                (0..5_000)
                    .for_each(|number| recorder.record(&took("read", ms(number * 4 + thread))));
            });
        }
    });
    let kept: Vec<_> = monitor.full_snapshot().slow.iter().map(|one| one.elapsed).collect();
    assert_eq!(kept, [ms(19_999), ms(19_998), ms(19_997), ms(19_996)]);
}
