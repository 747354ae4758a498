//! [`TypeIndexes`]: the indexes of one type, by arithmetic.

use std::iter::FusedIterator;
use std::ops::Range;

use super::unit::{SLOTS, UNIT_SIZE};

/// The ascending indexes of a subscription's resources of one type; see
/// [`Tenant::indexes_of_type`](super::Tenant::indexes_of_type).
#[derive(Debug, Clone)]
pub struct TypeIndexes {
    block: Range<u64>,
    /// Where in each unit the type stands.
    slots: Vec<u64>,
    /// How many indexes were given or skipped.
    given: u64,
}

impl TypeIndexes {
    pub(super) fn new(block: Range<u64>, resource_type: &str) -> Self {
        let slots = (0..).zip(&SLOTS).filter_map(|(number, slot)| {
            slot.blueprint.resource_type.eq_ignore_ascii_case(resource_type).then_some(number)
        });
        Self { block, slots: slots.collect(), given: 0 }
    }

    /// How many indexes there are in all.
    fn count_all(&self) -> u64 {
        let length = self.block.end - self.block.start;
        let whole = length / UNIT_SIZE as u64 * self.slots.len() as u64;
        let cut = self.slots.iter().filter(|&&slot| slot < length % UNIT_SIZE as u64).count();
        whole + cut as u64
    }
}

impl Iterator for TypeIndexes {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.nth(0)
    }

    fn nth(&mut self, skip: usize) -> Option<u64> {
        let number = self.given.saturating_add(skip as u64);
        self.given = number.saturating_add(1).min(self.count_all());
        if number >= self.count_all() {
            return None;
        }
        let each = self.slots.len() as u64;
        let slot = self.slots.get(usize::try_from(number % each).ok()?)?;
        Some(self.block.start + number / each * UNIT_SIZE as u64 + slot)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.count_all() - self.given).unwrap_or(usize::MAX);
        (left, Some(left))
    }
}

impl ExactSizeIterator for TypeIndexes {}
impl FusedIterator for TypeIndexes {}
