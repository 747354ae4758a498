//! [`Environment`]: where and when a run took place.

use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

/// The last second that has four digits in its year.
const LAST_SECOND: Duration = Duration::from_secs(253_402_300_799);

/// The machine and the program of a run. The machine's and the user's names are left out on
/// purpose: reports are passed around.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Environment {
    /// The operating system: `linux`, `macos`, `windows`.
    pub os: String,
    /// The processor's architecture: `x86_64`, `aarch64`.
    pub arch: String,
    /// The logical processors this process may use; 0 where the system does not tell.
    pub logical_cpus: u64,
    /// The machine's memory, in bytes; known on Linux only.
    pub total_memory_bytes: Option<u64>,
    /// The version of the atg crates.
    pub atg_version: String,
    /// The revision of the source, where the caller knows it.
    pub git_revision: Option<String>,
    /// When the run began, in UTC, as RFC 3339 has it: `2026-03-01T12:00:00Z`.
    pub started_at: String,
}

impl Environment {
    /// This machine and program, for a run that began at `started_at` (of the years 1970 to 9999;
    /// others become the nearest of them). Reads one small file on Linux, asks nothing else.
    pub fn detect(started_at: SystemTime) -> Self {
        let cpus = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
        Self {
            os: std::env::consts::OS.to_owned(),
            arch: std::env::consts::ARCH.to_owned(),
            logical_cpus: cpus.try_into().unwrap_or(u64::MAX),
            total_memory_bytes: total_memory_bytes(),
            atg_version: env!("CARGO_PKG_VERSION").to_owned(),
            git_revision: None,
            started_at: rfc3339(started_at),
        }
    }

    /// With the revision of the source that was built.
    #[must_use]
    pub fn with_git_revision(mut self, revision: impl Into<String>) -> Self {
        self.git_revision = Some(revision.into());
        self
    }
}

/// The formatter panics outside these years.
fn rfc3339(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().min(LAST_SECOND);
    humantime::format_rfc3339_seconds(SystemTime::UNIX_EPOCH + since).to_string()
}

fn total_memory_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim_end().parse().ok()?;
    kibibytes.checked_mul(1_024)
}

#[cfg(test)]
mod tests {
    use super::{LAST_SECOND, rfc3339};
    use std::time::{Duration, SystemTime};

    #[test]
    fn every_time_has_a_text() {
        let after = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        assert_eq!(rfc3339(after(951_827_696)), "2000-02-29T12:34:56Z");
        let before = SystemTime::UNIX_EPOCH - Duration::from_secs(1);
        assert_eq!(rfc3339(before), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(after(LAST_SECOND.as_secs() + 9)), "9999-12-31T23:59:59Z");
    }
}
