//! [`Layered`]: a fast tier above a lasting one.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation};
use tokio::sync::{Mutex, MutexGuard};

/// In how many parts changes are told apart.
const PARTS: usize = 64;

/// Two tiers as one: what the upper one misses comes from the lower one, and is kept above for the
/// time it has left there, with its tags. A lower one may be layered itself.
///
/// - **Changes reach both**, one at a time for each of 64 parts of the keys: the value above goes
///   first, then the lower tier changes, then a new value comes above. So a change that is dropped
///   halfway leaves nothing old above, and both tiers hold the same in the end.
/// - **A value on its way up** while its key changes is not kept above.
/// - A lower tier that cannot tell how long a value has left is read through, and nothing of it
///   kept above.
/// - **Other processes** that share the lower tier do not reach this one's upper tier but by
///   [`heard`](Cache::heard): give entries above a short life, or pass a broadcast on to it.
#[derive(Debug)]
pub struct Layered<U, L> {
    upper: U,
    lower: L,
    parts: [Part; PARTS],
    hasher: foldhash::fast::FixedState,
}

/// Some of the keys.
#[derive(Debug, Default)]
struct Part {
    /// Changes that began, and that ended.
    changes: AtomicU64,
    /// Held by who changes a key, or brings a value of one up.
    turn: Mutex<()>,
}

impl Part {
    fn changes(&self) -> u64 {
        self.changes.load(Ordering::SeqCst)
    }

    async fn change(&self) -> Change<'_> {
        let turn = self.turn.lock().await;
        self.changes.fetch_add(1, Ordering::SeqCst);
        Change { part: self, _turn: turn }
    }
}

/// A change of keys of a part, until it is dropped.
struct Change<'a> {
    part: &'a Part,
    _turn: MutexGuard<'a, ()>,
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        self.part.changes.fetch_add(1, Ordering::SeqCst);
    }
}

impl<U, L> Layered<U, L> {
    /// `upper` above `lower`.
    pub fn new(upper: U, lower: L) -> Self {
        let parts = std::array::from_fn(|_| Part::default());
        Self { upper, lower, parts, hasher: foldhash::fast::FixedState::default() }
    }

    /// The fast tier.
    pub fn upper(&self) -> &U {
        &self.upper
    }

    /// The lasting tier.
    pub fn lower(&self) -> &L {
        &self.lower
    }

    #[allow(clippy::cast_possible_truncation, reason = "some bits are wanted")]
    fn part(&self, key: &str) -> &Part {
        &self.parts[self.hasher.hash_one(key) as usize % PARTS]
    }

    /// Begins a change of all that an invalidation may mean; everybody takes parts in one order.
    async fn change(&self, what: Option<&Invalidation>) -> Vec<Change<'_>> {
        let parts = match what {
            Some(Invalidation::Key(key)) => std::slice::from_ref(self.part(key)),
            _ => &self.parts,
        };
        let mut changes = Vec::with_capacity(parts.len());
        for part in parts {
            changes.push(part.change().await);
        }
        changes
    }

    async fn bring_up<V>(&self, key: &str) -> Option<Found<V>>
    where
        V: Clone + Send + Sync + 'static,
        U: Cache<V>,
        L: Cache<V>,
    {
        let part = self.part(key);
        let before = part.changes();
        let found = self.lower.find(key).await?;
        if let Some(options) = &found.options {
            let _turn = part.turn.lock().await;
            if part.changes() == before {
                self.upper.insert(key, found.value.clone(), options.clone()).await;
            }
        }
        Some(found)
    }
}

#[async_trait]
impl<V, U, L> Cache<V> for Layered<U, L>
where
    V: Clone + Send + Sync + 'static,
    U: Cache<V>,
    L: Cache<V>,
{
    async fn get(&self, key: &str) -> Option<V> {
        if let Some(value) = self.upper.get(key).await {
            return Some(value);
        }
        self.bring_up(key).await.map(|found| found.value)
    }

    async fn find(&self, key: &str) -> Option<Found<V>> {
        if let Some(found) = self.upper.find(key).await {
            return Some(found);
        }
        self.bring_up(key).await
    }

    async fn insert(&self, key: &str, value: V, options: EntryOptions) {
        let _change = self.part(key).change().await;
        self.upper.invalidate(&Invalidation::Key(key.to_owned())).await;
        self.lower.insert(key, value.clone(), options.clone()).await;
        self.upper.insert(key, value, options).await;
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        let _changes = self.change(Some(what)).await;
        let above = self.upper.invalidate(what).await;
        self.lower.invalidate(what).await.max(above)
    }

    async fn clear(&self) {
        let _changes = self.change(None).await;
        self.upper.clear().await;
        self.lower.clear().await;
    }

    async fn heard(&self, what: Option<&Invalidation>) {
        let _changes = self.change(what).await;
        self.upper.heard(what).await;
        self.lower.heard(what).await;
    }
}
