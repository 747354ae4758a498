//! [`KeyLock`]: one process at a time does the work for a key.

use std::fs::{File, TryLockError};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::store;

/// How many locks all keys share.
const STRIPES: u128 = 64;
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// The turn of whoever holds it, in this process or any other, at the work for a key; see
/// [`FileCache::lock_key`](super::FileCache::lock_key). Given back when it is dropped, and by the
/// system when its process dies.
#[derive(Debug)]
#[must_use = "the turn is given back when this is dropped"]
pub struct KeyLock {
    _file: File,
}

/// The name of the lock that a key shares with others.
pub(super) fn stripe(key: &str) -> String {
    format!("{:02x}", xxhash_rust::xxh3::xxh3_128(key.as_bytes()) % STRIPES)
}

/// Locks this file if nobody else has; `None` where somebody has.
pub(super) fn try_take(path: &Path) -> io::Result<Option<KeyLock>> {
    let file = store::open_or_make(path, store::private().write(true).truncate(false))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(KeyLock { _file: file })),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The same, waiting until it can be had. Asks again and again rather than in a thread that
/// could not be called back, so that dropping this gives up at once.
pub(super) async fn take(path: &Path) -> io::Result<KeyLock> {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(lock) = try_take(path)? {
            return Ok(lock);
        }
        tokio::time::sleep(pause).await;
        pause = LONGEST_PAUSE.min(pause * 2);
    }
}
