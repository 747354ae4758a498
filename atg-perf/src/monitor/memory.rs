//! [`PeakWatch`]: the most memory that the process had while something went on.
//!
//! Linux keeps the highest resident size of a process (`VmHWM`) and lets the process reset it
//! (`clear_refs`). There is one for the whole process, so all watches share it: before each reset
//! what was seen so far is credited to every watch that is open.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// Watches of all monitors, for what they watch is the process's.
static WATCHES: Mutex<Watches> = Mutex::new(Watches { next: 0, open: Vec::new() });

struct Watches {
    next: u64,
    /// Each open watch's number, and the highest that was seen of it.
    open: Vec<(u64, u64)>,
}

/// Watches the process's memory from its beginning to its end.
#[derive(Debug)]
pub(super) struct PeakWatch {
    number: u64,
}

impl PeakWatch {
    /// Begins; `None` where the system keeps no peak or does not let it be reset.
    pub(super) fn begin() -> Option<Self> {
        let mut watches = lock();
        watches.credit(system::peak()?);
        if !system::reset() {
            return None;
        }
        let number = watches.next;
        watches.next += 1;
        watches.open.push((number, 0));
        Some(Self { number })
    }

    /// The peak so far [bytes].
    pub(super) fn peak(&self) -> Option<u64> {
        let mut watches = lock();
        watches.credit(system::peak()?);
        let own = watches.open.iter().find(|(number, _)| *number == self.number);
        own.map(|(_, peak)| *peak)
    }
}

impl Drop for PeakWatch {
    fn drop(&mut self) {
        lock().open.retain(|(number, _)| *number != self.number);
    }
}

impl Watches {
    fn credit(&mut self, seen: u64) {
        for (_, peak) in &mut self.open {
            *peak = seen.max(*peak);
        }
    }
}

fn lock() -> MutexGuard<'static, Watches> {
    WATCHES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(target_os = "linux")]
mod system {
    /// The highest resident size since the last reset [bytes].
    pub(super) fn peak() -> Option<u64> {
        parse(&std::fs::read_to_string("/proc/self/status").ok()?)
    }

    /// Starts a new peak at what is resident now; says whether that was allowed.
    pub(super) fn reset() -> bool {
        std::fs::write("/proc/self/clear_refs", "5").is_ok()
    }

    fn parse(status: &str) -> Option<u64> {
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
        kibibytes.checked_mul(1024)
    }

    #[cfg(test)]
    mod tests {
        use super::parse;

        #[test]
        fn the_status_is_read_and_what_is_no_number_is_not() {
            assert_eq!(parse("Name:\tx\nVmHWM:\t    1234 kB\nVmRSS:\t1 kB\n"), Some(1_263_616));
            let broken = ["", "VmHWM:", "VmHWM:\t12", "VmHWM:\t-1 kB", "VmHWM:\tNaN kB"];
            assert!(broken.iter().all(|status| parse(status).is_none()));
            assert_eq!(parse(&format!("VmHWM:\t{} kB", u64::MAX)), None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn peak() -> Option<u64> {
        None
    }

    pub(super) fn reset() -> bool {
        false
    }
}
