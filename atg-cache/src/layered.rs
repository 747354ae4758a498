//! [`Layered`]: a fast tier above a lasting one.

use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use atg_core::{Cache, EntryOptions, Found, Invalidation};

/// In how many parts changes are told apart.
const PARTS: usize = 64;

/// Two tiers as one: what the upper one misses comes from the lower one, and is kept above for the
/// time it has left there, with its tags. A lower one may be layered itself.
///
/// - **Insertions and invalidations reach both**, the lower one first, so that nothing old comes
///   up again; a value that was on its way up at that moment is taken out again.
/// - A lower tier that cannot tell how long a value has left is read through, and nothing of it
///   kept above.
/// - **Other processes** that share the lower tier do not reach this one's upper tier but by a
///   broadcast: give entries above a short life, or listen to one.
#[derive(Debug)]
pub struct Layered<U, L> {
    upper: U,
    lower: L,
    /// Changes so far of the keys of each part.
    changes: [AtomicU64; PARTS],
    hasher: foldhash::fast::FixedState,
}

impl<U, L> Layered<U, L> {
    /// `upper` above `lower`.
    pub fn new(upper: U, lower: L) -> Self {
        let changes = std::array::from_fn(|_| AtomicU64::new(0));
        Self { upper, lower, changes, hasher: foldhash::fast::FixedState::default() }
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
    fn changes(&self, key: &str) -> &AtomicU64 {
        &self.changes[self.hasher.hash_one(key) as usize % PARTS]
    }

    /// Between the change below and the one above: so a value that was read below before is either
    /// overwritten above, or seen to be old by whoever puts it there.
    fn note(&self, what: Option<&Invalidation>) {
        if let Some(Invalidation::Key(key)) = what {
            self.changes(key).fetch_add(1, Ordering::SeqCst);
            return;
        }
        for part in &self.changes {
            part.fetch_add(1, Ordering::SeqCst);
        }
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
        self.lower.insert(key, value.clone(), options.clone()).await;
        self.changes(key).fetch_add(1, Ordering::SeqCst);
        self.upper.insert(key, value, options).await;
    }

    async fn invalidate(&self, what: &Invalidation) -> u64 {
        let below = self.lower.invalidate(what).await;
        self.note(Some(what));
        self.upper.invalidate(what).await.max(below)
    }

    async fn clear(&self) {
        self.lower.clear().await;
        self.note(None);
        self.upper.clear().await;
    }
}

impl<U, L> Layered<U, L> {
    async fn bring_up<V>(&self, key: &str) -> Option<Found<V>>
    where
        V: Clone + Send + Sync + 'static,
        U: Cache<V>,
        L: Cache<V>,
    {
        let changes = self.changes(key);
        let before = changes.load(Ordering::SeqCst);
        let found = self.lower.find(key).await?;
        if let Some(options) = &found.options {
            self.upper.insert(key, found.value.clone(), options.clone()).await;
            if changes.load(Ordering::SeqCst) != before {
                self.upper.invalidate(&Invalidation::Key(key.to_owned())).await;
            }
        }
        Some(found)
    }
}
