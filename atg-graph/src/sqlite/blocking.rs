//! Running what blocks from asynchronous code.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Runs `work` here, telling a runtime of many threads to go on elsewhere meanwhile. A runtime of
/// one thread, or none, waits for it.
pub(super) fn blocking<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        _ => work(),
    }
}
