//! What of a batch of relationship sets could not be stored yet.

use std::collections::{HashMap, HashSet};

use crate::{RelationshipOutcome, RelationshipSet};

/// The part of a set that was not stored for want of a node, to be added later; with it the set
/// is whole.
pub(super) fn missing_part(
    sets: &[RelationshipSet],
    outcome: &RelationshipOutcome,
) -> Vec<RelationshipSet> {
    // With a row left out the set is never whole, and its hash must not be kept.
    let broken: HashSet<usize> = outcome.rejected.iter().map(|row| row.index).collect();
    let mut places: HashMap<usize, usize> = HashMap::new();
    let mut seen = HashSet::new();
    let mut parts: Vec<RelationshipSet> = Vec::new();
    for missing in &outcome.missing {
        let Some(set) = sets.get(missing.set) else { continue };
        let Some(one) = set.relationships.get(missing.relationship) else { continue };
        if !seen.insert((missing.set, missing.relationship)) {
            continue; // Both its ends are missing; it was taken with the first.
        }
        let place = *places.entry(missing.set).or_insert_with(|| {
            let mut part = RelationshipSet::addition(set.owner.clone(), Vec::new());
            part.hash = if broken.contains(&missing.set) { 0 } else { set.hash };
            parts.push(part);
            parts.len() - 1
        });
        if let Some(part) = parts.get_mut(place) {
            part.relationships.push(one.clone());
        }
    }
    parts
}
