//! Why entries go, and who is told.

use std::fmt;
use std::sync::Arc;

/// Why an entry went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemovalCause {
    /// Its time to live had passed.
    Expired,
    /// It made room for others.
    Evicted,
    /// Another value took its key.
    Replaced,
    /// It was invalidated or cleared.
    Invalidated,
}

/// An entry on its way out.
#[derive(Debug)]
pub(super) struct Removed<V> {
    pub(super) key: Box<str>,
    pub(super) value: V,
    /// The weight that is free now.
    pub(super) weight: u32,
    /// The places that are free now: one, or none where another value took its place.
    pub(super) places: u32,
    pub(super) cause: RemovalCause,
}

type Listen<V> = dyn Fn(&str, &V, RemovalCause) + Send + Sync;

/// Who is told.
#[derive(Clone)]
pub(super) struct Listener<V>(pub(super) Option<Arc<Listen<V>>>);

impl<V> Listener<V> {
    pub(super) fn tell(&self, removed: &Removed<V>) {
        if let Some(listen) = &self.0 {
            listen(&removed.key, &removed.value, removed.cause);
        }
    }
}

impl<V> fmt::Debug for Listener<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Listener" } else { "None" })
    }
}
