//! [`Layout`]: which index belongs to which unit and subscription; arithmetic only.

use std::ops::Range;

use super::unit::UNIT_SIZE;

/// How many resources a whole unit has.
const UNIT: u64 = UNIT_SIZE as u64;

/// How resources are dealt out: every subscription owns a block of indexes, the first few one
/// index more than the rest; a block is a row of units, the last of which may be cut.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    resources: u64,
    subscriptions: u64,
    /// How many subscriptions own the larger block.
    larger: u64,
    /// Resources in a smaller block.
    block: u64,
}

impl Layout {
    pub(super) fn new(resources: u64, subscriptions: u32) -> Self {
        let subscriptions = u64::from(subscriptions);
        Self {
            resources,
            subscriptions,
            larger: resources % subscriptions,
            block: resources / subscriptions,
        }
    }

    pub(super) fn subscription_of(&self, index: u64) -> u32 {
        assert!(index < self.resources, "resource {index} of {}", self.resources);
        self.owner(index, self.block + 1, self.block)
    }

    pub(super) fn subscription_of_unit(&self, unit: u64) -> u32 {
        assert!(unit < self.units(), "resource group {unit} of {}", self.units());
        self.owner(unit, units(self.block + 1), units(self.block))
    }

    pub(super) fn block(&self, subscription: u32) -> Range<u64> {
        let number = u64::from(subscription);
        if number >= self.subscriptions {
            return 0..0;
        }
        self.start(number, self.block + 1, self.block)
            ..self.start(number + 1, self.block + 1, self.block)
    }

    pub(super) fn units_of(&self, subscription: u32) -> Range<u64> {
        let number = u64::from(subscription);
        if number >= self.subscriptions {
            return 0..0;
        }
        let (large, small) = (units(self.block + 1), units(self.block));
        self.start(number, large, small)..self.start(number + 1, large, small)
    }

    pub(super) fn units(&self) -> u64 {
        self.start(self.subscriptions, units(self.block + 1), units(self.block))
    }

    pub(super) fn unit_of(&self, index: u64) -> u64 {
        let subscription = self.subscription_of(index);
        self.units_of(subscription).start + (index - self.block(subscription).start) / UNIT
    }

    pub(super) fn indexes_of_unit(&self, unit: u64) -> Range<u64> {
        let subscription = self.subscription_of_unit(unit);
        let block = self.block(subscription);
        let start = block.start + (unit - self.units_of(subscription).start) * UNIT;
        start..block.end.min(start + UNIT)
    }

    /// Where in its unit a resource stands.
    pub(super) fn slot_of(&self, index: u64) -> usize {
        let block = self.block(self.subscription_of(index));
        usize::try_from((index - block.start) % UNIT).unwrap_or_default()
    }

    /// Where subscription `number` starts, its larger neighbours counting `large` and the
    /// others `small`.
    fn start(&self, number: u64, large: u64, small: u64) -> u64 {
        let larger = number.min(self.larger);
        larger * large + (number - larger) * small
    }

    /// The subscription in whose share `position` falls; the inverse of [`Self::start`].
    fn owner(&self, position: u64, large: u64, small: u64) -> u32 {
        let border = self.larger * large;
        let number = if position < border {
            position / large
        } else {
            self.larger + (position - border) / small
        };
        u32::try_from(number).unwrap_or(u32::MAX)
    }
}

/// How many units hold a block of so many resources.
fn units(resources: u64) -> u64 {
    resources.div_ceil(UNIT)
}

#[cfg(test)]
mod tests {
    use super::{Layout, UNIT};

    #[test]
    fn blocks_and_units_cover_every_index_once() {
        for (resources, subscriptions) in
            [(0, 3), (2, 5), (1632, 4), (UNIT * 6, 2), (UNIT * 3 + 1, 3), (10_007, 13)]
        {
            let layout = Layout::new(resources, subscriptions);
            let (mut index, mut unit) = (0, 0);
            for subscription in 0..subscriptions {
                assert_eq!(layout.block(subscription).start, index);
                assert_eq!(layout.units_of(subscription).start, unit);
                for _ in layout.units_of(subscription) {
                    let range = layout.indexes_of_unit(unit);
                    assert_eq!(range.start, index);
                    assert!(!range.is_empty());
                    for (slot, member) in range.clone().enumerate() {
                        assert_eq!(layout.subscription_of(member), subscription);
                        assert_eq!(layout.unit_of(member), unit);
                        assert_eq!(layout.slot_of(member), slot);
                    }
                    index = range.end;
                    unit += 1;
                }
            }
            assert_eq!((index, unit), (resources, layout.units()));
            assert!(layout.block(subscriptions).is_empty());
        }
    }
}
