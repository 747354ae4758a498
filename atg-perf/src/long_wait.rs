//! [`LongWait`]: a word in the log on waits that last.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use atg_core::PaceKey;
use tokio::time::{Instant, timeout_at};

/// A longer wait than this is worth a warning.
pub(crate) const LONG_WAIT: Duration = Duration::from_secs(30);

/// Says something once a minute at the most, whoever has it to say.
#[derive(Debug, Default)]
pub(crate) struct Seldom(AtomicU64);

impl Seldom {
    /// Whether nothing was said yet in this minute since `origin`.
    pub(crate) fn is_due(&self, origin: Instant) -> bool {
        let minute = origin.elapsed().as_secs() / 60 + 1;
        self.0.fetch_max(minute, Relaxed) < minute
    }
}

/// What all who wait for one key say seldom.
#[derive(Debug)]
pub(crate) struct Told {
    origin: Instant,
    waits_that_move: Seldom,
    waits: Seldom,
}

impl Told {
    pub(crate) fn new(origin: Instant) -> Self {
        Self { origin, waits_that_move: Seldom::default(), waits: Seldom::default() }
    }
}

/// One wait; each part of it, in line and at its head, is told of once at the most.
pub(crate) struct LongWait<'a> {
    key: &'a PaceKey,
    told: &'a Told,
    began: Instant,
    is_told: bool,
}

impl<'a> LongWait<'a> {
    /// A wait that begins now.
    pub(crate) fn begin(key: &'a PaceKey, told: &'a Told) -> Self {
        Self { key, told, began: Instant::now(), is_told: false }
    }

    /// It goes on at the head of the line, from now.
    pub(crate) fn at_the_head(&mut self) {
        *self = Self::begin(self.key, self.told);
    }

    /// Takes note that it lasts until then at least; `None` is later than the clock can tell.
    pub(crate) fn warn_until(&mut self, time: Option<Instant>) {
        let left =
            time.map_or(Duration::MAX, |time| time.saturating_duration_since(Instant::now()));
        if left > LONG_WAIT {
            self.tell(left, "the quota lets nothing through for long", false);
        }
    }

    /// Waits for what may take any time.
    pub(crate) async fn warn_while<T>(&mut self, what: impl Future<Output = T>) -> T {
        self.tell_while(what, "waiting for requests under way, or for others to go first", || false)
            .await
    }

    /// Waits in line; as long as it moves that is no warning.
    pub(crate) async fn tell_while<T>(
        &mut self,
        what: impl Future<Output = T>,
        reason: &'static str,
        is_moving: impl Fn() -> bool,
    ) -> T {
        let mut what = pin!(what);
        let mut next = self.began.checked_add(LONG_WAIT);
        while let Some(time) = next.filter(|_| !self.is_told) {
            if let Ok(done) = timeout_at(time, what.as_mut()).await {
                return done;
            }
            self.tell(self.began.elapsed(), reason, is_moving());
            next = time.checked_add(LONG_WAIT);
        }
        what.await
    }

    /// Tells of it, unless another did in this minute: then it is still to be told of. That a line
    /// moves is told of each time, for it may stop.
    fn tell(&mut self, wait: Duration, reason: &'static str, is_moving: bool) {
        let (scope, operation) = (&*self.key.scope, self.key.operation);
        let seconds = wait.as_secs();
        if is_moving {
            if self.told.waits_that_move.is_due(self.told.origin) {
                tracing::info!(scope, ?operation, seconds, reason, "a long wait");
            }
        } else if !self.is_told && self.told.waits.is_due(self.told.origin) {
            self.is_told = true;
            tracing::warn!(scope, ?operation, seconds, reason, "a long wait");
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
