//! Which keys were evicted not long ago.

/// Remembers evicted keys by 32 bits of their hash each, in a table where a later one takes the
/// place of an earlier one: about as many as there are entries, about as long as it takes to evict
/// so many. A wrong guess costs an entry a better place than it deserves, nothing else.
#[derive(Debug, Default)]
pub(super) struct Ghosts {
    /// A power of two of them, or none; 0 is an empty place.
    places: Vec<u32>,
}

impl Ghosts {
    /// Makes room for this many, which forgets all of them.
    pub(super) fn fit(&mut self, entries: usize) {
        if entries > self.places.len() {
            self.places = vec![0; entries.next_power_of_two()];
        }
    }

    pub(super) fn remember(&mut self, hash: u64) {
        if let Some(place) = self.place(hash) {
            *place = mark(hash);
        }
    }

    /// Whether it was remembered; it is no longer.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        let Some(place) = self.place(hash) else { return false };
        let known = *place == mark(hash);
        if known {
            *place = 0;
        }
        known
    }

    pub(super) fn clear(&mut self) {
        self.places.fill(0);
    }

    #[allow(clippy::cast_possible_truncation, reason = "the low bits are wanted")]
    fn place(&mut self, hash: u64) -> Option<&mut u32> {
        let last = self.places.len().checked_sub(1)?;
        self.places.get_mut(hash as usize & last)
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the high half is wanted")]
fn mark(hash: u64) -> u32 {
    (hash >> 32) as u32 | 1
}

#[cfg(test)]
mod tests {
    use super::Ghosts;

    #[test]
    fn it_remembers_once_and_only_with_room() {
        let mut ghosts = Ghosts::default();
        ghosts.remember(7);
        assert!(!ghosts.take(7));
        ghosts.fit(3);
        for hash in 0..4_u64 {
            ghosts.remember(hash << 33 | hash);
        }
        assert!(ghosts.take(2 << 33 | 2));
        assert!(!ghosts.take(2 << 33 | 2));
        ghosts.clear();
        assert!(!ghosts.take(1 << 33 | 1));
    }
}
