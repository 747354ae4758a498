//! How long a loaded value is good, and how good it is afterwards.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::milliseconds;

/// What a later load can be made conditional with, as HTTP servers give it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// The entity tag, for `If-None-Match`.
    pub etag: Option<String>,
    /// The date of the last change, for `If-Modified-Since`.
    pub last_modified: Option<String>,
}

/// What a loader gives.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Loaded<V> {
    /// A value.
    Value(V, Validators),
    /// The value there was before is still right.
    NotModified,
    /// There is no such thing, which is kept, too, if [`LoadOptions::absent_for`] is set.
    Absent,
}

impl<V> From<V> for Loaded<V> {
    fn from(value: V) -> Self {
        Self::Value(value, Validators::default())
    }
}

/// A value, or the knowledge that there is none, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cached<V> {
    /// The value; `None` where there is none.
    pub value: Option<V>,
    /// What a later load can be made conditional with.
    pub validators: Validators,
    /// When it was loaded, or found to be right still, in milliseconds since 1970.
    pub loaded_at: u64,
    /// Until when it is fresh, likewise.
    pub fresh_until: u64,
}

/// How a loaded value is kept.
///
/// A value is *fresh* for a while and served; then *stale*: served while another is loaded behind
/// the caller's back (stale-while-revalidate), or only where loading fails (stale-if-error); then
/// gone. RFC 5861 has both for HTTP.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LoadOptions {
    pub(super) fresh_for: Option<Duration>,
    pub(super) while_revalidating: Duration,
    pub(super) if_error: Duration,
    pub(super) absent_for: Duration,
    pub(super) refresh_ahead: Duration,
    pub(super) tags: Vec<String>,
}

impl LoadOptions {
    /// A value that is fresh for this long, then gone; for ever by [`LoadOptions::default`].
    pub fn fresh_for(time: Duration) -> Self {
        Self { fresh_for: Some(time), ..Self::default() }
    }

    /// Serves it for this long after it was fresh, while another is loaded. 0 unless set.
    #[must_use]
    pub fn stale_while_revalidate(mut self, time: Duration) -> Self {
        self.while_revalidating = time;
        self
    }

    /// Serves it for this long after it was fresh, where loading fails. 0 unless set.
    #[must_use]
    pub fn stale_if_error(mut self, time: Duration) -> Self {
        self.if_error = time;
        self
    }

    /// Keeps for this long that there is no such thing. 0, not at all, unless set.
    #[must_use]
    pub fn absent_for(mut self, time: Duration) -> Self {
        self.absent_for = time;
        self
    }

    /// Loads another behind the caller's back when it is asked for so shortly before its end: what
    /// is asked for often never expires. 0, not at all, unless set; at most half of its time.
    #[must_use]
    pub fn refresh_ahead(mut self, time: Duration) -> Self {
        self.refresh_ahead = time;
        self
    }

    /// Adds a tag by which it can be invalidated.
    #[must_use]
    pub fn with_tag(mut self, tag: impl Into<String>) -> Self {
        self.tags.push(tag.into());
        self
    }

    /// How long it is kept at all; `None` for ever.
    pub(super) fn kept_for(&self, absent: bool) -> Option<Duration> {
        let fresh = self.freshness(absent)?;
        if absent && fresh.is_zero() {
            return Some(fresh);
        }
        Some(fresh.saturating_add(self.while_revalidating.max(self.if_error)))
    }

    fn freshness(&self, absent: bool) -> Option<Duration> {
        if absent { Some(self.absent_for) } else { self.fresh_for }
    }

    /// The entry for a value that was loaded now.
    pub(super) fn entry<V>(&self, value: Option<V>, validators: Validators, now: u64) -> Cached<V> {
        let fresh = self.freshness(value.is_none()).map_or(u64::MAX, milliseconds);
        Cached { value, validators, loaded_at: now, fresh_until: now.saturating_add(fresh) }
    }
}

/// What may be done with an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Fresh,
    /// Fresh, and its end is near.
    Ending,
    /// To be served while another is loaded.
    Revalidate,
    /// To be served where loading fails.
    Fallback,
    Gone,
}

impl<V> Cached<V> {
    pub(super) fn state(&self, options: &LoadOptions, now: u64) -> State {
        if now < self.loaded_at {
            // From the future: somebody's clock was set back, and nobody knows its age.
            return State::Gone;
        }
        let left = self.fresh_until.saturating_sub(now);
        let over = now.saturating_sub(self.fresh_until);
        // At most half of its time, or every value would be at its end at once.
        let lasts = self.fresh_until.saturating_sub(self.loaded_at);
        let ending = milliseconds(options.refresh_ahead).min(lasts / 2);
        if left > ending || self.fresh_until == u64::MAX {
            State::Fresh
        } else if left > 0 {
            State::Ending
        } else if over < milliseconds(options.while_revalidating) {
            State::Revalidate
        } else if over < milliseconds(options.if_error) {
            State::Fallback
        } else {
            State::Gone
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{LoadOptions, State, Validators};

    #[test]
    fn an_entry_is_fresh_then_stale_then_gone() {
        let second = Duration::from_secs(1);
        let options = LoadOptions::fresh_for(10 * second)
            .refresh_ahead(2 * second)
            .stale_while_revalidate(5 * second)
            .stale_if_error(20 * second);
        let entry = options.entry(Some(1), Validators::default(), 100_000);
        let at = |seconds: u64| entry.state(&options, 100_000 + seconds * 1_000);
        assert_eq!([0, 7].map(at), [State::Fresh; 2]);
        assert_eq!([8, 9].map(at), [State::Ending; 2]);
        assert_eq!([10, 14].map(at), [State::Revalidate; 2]);
        assert_eq!([15, 29].map(at), [State::Fallback; 2]);
        assert_eq!(at(30), State::Gone);
        assert_eq!(entry.state(&options, 99_999), State::Gone, "from the future");
        assert_eq!(options.kept_for(false), Some(30 * second));
    }

    #[test]
    fn without_an_end_it_is_fresh_for_ever() {
        let options = LoadOptions::default();
        let entry = options.entry(Some(1), Validators::default(), 5);
        assert_eq!(entry.state(&options, u64::MAX - 1), State::Fresh);
        assert_eq!((options.kept_for(false), options.kept_for(true)), (None, Some(Duration::ZERO)));
    }
}
