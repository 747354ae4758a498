//! The peak memory of phases. It is the whole process's, so this test has a process of its own.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use atg_perf::Monitor;

const MIB: u64 = 1 << 20;

/// Where the peak cannot be reset, which containers may forbid, there is none.
#[test]
fn each_phase_has_its_own_peak_of_memory() {
    if std::fs::write("/proc/self/clear_refs", "5").is_err() {
        let monitor = Monitor::new();
        monitor.phase("scan").finish();
        assert_eq!(monitor.full_snapshot().phases[0].peak_memory, None);
        return;
    }
    let monitor = Monitor::new();
    let outer = monitor.phase("outer");
    touch(64 * MIB);
    let small = monitor.phase("small");
    touch(MIB);
    small.finish();
    let large = monitor.phase("large");
    touch(32 * MIB);
    large.finish();
    outer.finish();
    let seen = monitor.full_snapshot().phases;
    let peak = |name| seen.iter().find(|phase| phase.name == name).unwrap().peak_memory.unwrap();
    let (outer, small, large) = (peak("outer"), peak("small"), peak("large"));
    // What was freed has gone back to the system: an allocation of this size is mapped by itself.
    assert!(small + 16 * MIB < large, "{small} {large}");
    assert!(large + 16 * MIB < outer, "{large} {outer}");
}

/// Allocates and touches so many bytes, and frees them.
fn touch(bytes: u64) {
    let mut block = vec![0_u8; usize::try_from(bytes).unwrap()];
    for page in block.chunks_mut(4096) {
        page[0] = 1;
    }
    std::hint::black_box(&block);
}
