//! The system's lock on a metrics file, with a bounded wait.

use std::fs::{File, TryLockError};
use std::io;
use std::time::{Duration, Instant};

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy)]
pub(super) enum Mode {
    Exclusive,
    Shared,
}

/// Locks the file until it is closed. [`io::ErrorKind::WouldBlock`] if another held it for `wait`.
pub(super) fn take(file: &File, mode: Mode, wait: Duration) -> io::Result<()> {
    let began = Instant::now();
    let mut pause = FIRST_PAUSE;
    let mut said = false;
    loop {
        let taken = match mode {
            Mode::Exclusive => file.try_lock(),
            Mode::Shared => file.try_lock_shared(),
        };
        match taken {
            Ok(()) => return Ok(()),
            Err(TryLockError::Error(error)) => return Err(error),
            Err(TryLockError::WouldBlock) => {}
        }
        let left = wait.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        // An append takes microseconds: that others append is no news, that they take long is.
        if pause == LONGEST_PAUSE && !said {
            tracing::warn!(?left, "another process holds the metrics file; waiting for it");
            said = true;
        }
        std::thread::sleep(pause.min(left));
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
