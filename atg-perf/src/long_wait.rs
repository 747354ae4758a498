//! [`LongWait`]: a word in the log on waits that last.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use atg_core::PaceKey;
use tokio::time::{Instant, timeout_at};

/// A longer wait than this is worth a warning.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(30);

/// One wait of the first in line; it warns once at the most.
pub(crate) struct LongWait<'a> {
    key: &'a PaceKey,
    began: Instant,
    is_told: bool,
}

impl<'a> LongWait<'a> {
    /// A wait that begins now.
    pub(crate) fn begin(key: &'a PaceKey) -> Self {
        Self { key, began: Instant::now(), is_told: false }
    }

    /// Takes note that nothing goes until then; `None` is later than the clock can tell.
    pub(crate) fn warn_until(&mut self, time: Option<Instant>) {
        let wait =
            time.map_or(Duration::MAX, |time| time.saturating_duration_since(Instant::now()));
        if wait > LONG_WAIT {
            self.warn(wait, "the quota lets nothing through for long");
        }
    }

    /// Waits for what may take any time.
    pub(crate) async fn warn_while<T>(&mut self, what: impl Future<Output = T>) -> T {
        let mut what = pin!(what);
        if !self.is_told
            && let Some(long) = self.began.checked_add(LONG_WAIT)
        {
            if let Ok(done) = timeout_at(long, what.as_mut()).await {
                return done;
            }
            let waited = self.began.elapsed();
            self.warn(waited, "waiting for requests under way, or for others to go first");
        }
        what.await
    }

    fn warn(&mut self, wait: Duration, reason: &'static str) {
        if !std::mem::replace(&mut self.is_told, true) {
            let (scope, operation) = (&*self.key.scope, self.key.operation);
            tracing::warn!(scope, ?operation, seconds = wait.as_secs(), reason, "a long wait");
        }
    }
}

/// A word on a refusal that holds its key for long.
pub(crate) fn warn_of_long_refusal(key: &PaceKey, wait: Duration) {
    if wait > LONG_WAIT {
        let (scope, operation) = (&*key.scope, key.operation);
        let seconds = wait.as_secs();
        tracing::warn!(scope, ?operation, seconds, "a refusal asks for a long wait");
    }
}
