//! How many entries there may be, and what they may weigh together.

use std::sync::atomic::{AtomicU64, Ordering};

/// Places and weight, which are reserved before an entry is stored and released after it went: so
/// no bound is passed at any moment.
#[derive(Debug)]
pub(super) struct Budget {
    places: Bounded,
    weight: Bounded,
}

impl Budget {
    pub(super) fn new(places: usize, weight: u64) -> Self {
        Self { places: Bounded::new(places as u64), weight: Bounded::new(weight) }
    }

    /// Whether an entry of this weight could ever be stored.
    pub(super) fn allows(&self, weight: u32) -> bool {
        self.places.most > 0 && u64::from(weight) <= self.weight.most
    }

    /// Reserves what is still missing, beside what is `held` already, for one entry of this weight,
    /// if there is room for all of it; what is held beyond that is released.
    pub(super) fn reserve(&self, weight: u32, held: (u64, u64)) -> bool {
        let (places, weight) = (1_u64, u64::from(weight));
        let missing = places.saturating_sub(held.0);
        if !self.places.reserve(missing) {
            return false;
        }
        let both = self.weight.reserve(weight.saturating_sub(held.1));
        if both {
            self.places.release(held.0.saturating_sub(places));
            self.weight.release(held.1.saturating_sub(weight));
        } else {
            self.places.release(missing);
        }
        both
    }

    /// Releases when what it gives is dropped, come what may.
    pub(super) fn release_later(&self, places: u64, weight: u64) -> impl Drop {
        Release { budget: self, places, weight }
    }

    /// The weight of all that is stored or about to be.
    pub(super) fn weight(&self) -> u64 {
        self.weight.reserved.load(Ordering::Acquire)
    }
}

#[derive(Debug)]
struct Bounded {
    most: u64,
    reserved: AtomicU64,
}

impl Bounded {
    fn new(most: u64) -> Self {
        Self { most, reserved: AtomicU64::new(0) }
    }

    fn reserve(&self, amount: u64) -> bool {
        let more =
            |reserved: u64| reserved.checked_add(amount).filter(|reserved| *reserved <= self.most);
        amount == 0 || self.reserved.fetch_update(Ordering::AcqRel, Ordering::Acquire, more).is_ok()
    }

    fn release(&self, amount: u64) {
        if amount > 0 {
            self.reserved.fetch_sub(amount, Ordering::AcqRel);
        }
    }
}

struct Release<'a> {
    budget: &'a Budget,
    places: u64,
    weight: u64,
}

impl Drop for Release<'_> {
    fn drop(&mut self) {
        self.budget.places.release(self.places);
        self.budget.weight.release(self.weight);
    }
}
