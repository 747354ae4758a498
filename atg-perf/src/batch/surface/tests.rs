//! The loop against servers whose pace changes.

use std::time::Duration;

use atg_core::{BatchContext, BatchKind, BatchObservation, BatchResult};

use super::Surface;

const CONTEXT: BatchContext = BatchContext {
    kind: BatchKind::Nodes,
    rows_remaining: Some(100_000_000),
    rows_done: 0,
    parallelism: 1,
    bytes_per_row: 0,
};

/// Writes a batch at so many milliseconds a row, of as many rows as `sent` makes of the size.
fn write(surface: &mut Surface, a_row: f64, result: BatchResult, sent: impl Fn(usize) -> usize) {
    let rows = sent(surface.next_size(&CONTEXT, 10_000));
    observe(surface, rows, a_row, result);
}

fn observe(surface: &mut Surface, rows: usize, a_row: f64, result: BatchResult) {
    let elapsed = Duration::from_secs_f64(a_row / 1e3) * u32::try_from(rows).unwrap();
    let (kind, bytes) = (BatchKind::Nodes, 0);
    surface.observe(&BatchObservation { kind, rows, bytes, elapsed, result });
}

/// Milliseconds that it expects a row to take.
fn expected(surface: &Surface) -> f64 {
    surface.fit(surface.centre.unwrap()).unwrap().level.exp() * 1e3
}

fn settled() -> Surface {
    let mut surface = Surface::starting_at(1_000);
    (0..40).for_each(|_| write(&mut surface, 1.0, BatchResult::Committed, |rows| rows));
    assert!((expected(&surface) - 1.0).abs() < 0.05, "{}", expected(&surface));
    surface
}

#[test]
fn a_slower_server_is_believed_where_no_probe_is_as_small_as_asked() {
    let mut surface = settled();
    for _ in 0..40 {
        write(&mut surface, 3.0, BatchResult::Committed, |rows| rows.max(1_000));
    }
    assert!((expected(&surface) - 3.0).abs() < 0.3, "{}", expected(&surface));
}

#[test]
fn a_slower_server_is_believed_where_the_probe_met_other_writers() {
    let mut surface = settled();
    write(&mut surface, 3.0, BatchResult::Committed, |rows| rows);
    let before = surface.seen;
    write(&mut surface, 9.0, BatchResult::Contended { retries: 2 }, |rows| rows);
    // It is asked again, and the answer settles it, most of the way at once.
    write(&mut surface, 3.0, BatchResult::Committed, |rows| rows);
    assert_eq!(surface.seen, before + 2);
    assert!(expected(&surface) > 2.0, "{}", expected(&surface));
    (0..20).for_each(|_| write(&mut surface, 3.0, BatchResult::Committed, |rows| rows));
    assert!((expected(&surface) - 3.0).abs() < 0.3, "{}", expected(&surface));
}

#[test]
fn a_size_that_became_too_large_is_kept_below_though_larger_ones_were_good() {
    let mut surface = settled();
    let mut dear = Vec::new();
    for _ in 0..40 {
        let rows = surface.next_size(&CONTEXT, 10_000);
        let is_dear = rows > 800;
        observe(&mut surface, rows, if is_dear { 6.0 } else { 1.0 }, BatchResult::Committed);
        dear.extend(is_dear.then_some(rows));
        if let Some((ceiling, _)) = surface.ceiling {
            let known = u32::try_from(*dear.iter().max().unwrap()).unwrap();
            assert!(ceiling < f64::from(known).ln(), "{} {dear:?}", ceiling.exp());
        }
    }
    assert!(surface.ceiling.is_some() && dear.len() < 12, "{dear:?}");
}
