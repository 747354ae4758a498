//! The memory of this process.

/// The memory this process holds now, in bytes; 0 where the system does not tell.
pub(crate) fn bytes() -> u64 {
    status_bytes("VmRSS:")
}

/// The most memory this process has held, in bytes; 0 where the system does not tell.
pub(crate) fn peak_bytes() -> u64 {
    status_bytes("VmHWM:")
}

fn status_bytes(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap_or_default();
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse().unwrap_or(0);
    kilobytes * 1024
}
