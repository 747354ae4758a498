//! What a process used, as the system counts it.

use std::time::Duration;

/// Processor time of a process, all its threads, user and system; to 10 ms. Zero where the system
/// does not tell.
pub fn processor_time(process: u32) -> Duration {
    let status = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, which may hold anything, ends at the last parenthesis; the times are the 12th and
    // 13th field behind it, in hundredths of a second.
    let fields = status.rsplit(')').next().unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2);
    Duration::from_millis(10) * ticks.filter_map(|text| text.parse::<u32>().ok()).sum::<u32>()
}

/// Starts a new peak of memory, where the system lets us.
pub fn reset_peak_memory() {
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

/// The most memory that this process held at once, in MiB.
pub fn peak_memory() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches("kB").trim().parse::<f64>().unwrap_or(f64::NAN) / 1024.0
}
