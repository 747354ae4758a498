//! Relationship sets on their way: checked, divisible, with the keys their rows are stored under.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use atg_core::{
    RejectedRow, Relationship, RelationshipOutcome, RelationshipSet, ResourceId, SetMode, Text,
};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use xxhash_rust::xxh3::Xxh3;

use super::names;

/// A relationship's identity as the server keeps it: its type, and the key of its two ends.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Identity {
    pub(super) relation: Text,
    pub(super) key: Text,
}

impl Identity {
    pub(super) fn of(one: &Relationship) -> Self {
        let key = relationship_key(one.source.key(), one.target.key());
        Self { relation: one.relation.clone(), key }
    }
}

/// The key under which the relationship between two nodes is stored, unique for each type: 128
/// bits of XXH3 over both ends, as 22 characters of URL-safe base 64.
///
/// By chance two of a billion pairs share a key once in 10^20 graphs; there is no other handling
/// of that.
pub(super) fn relationship_key(source: &str, target: &str) -> Text {
    let mut state = Xxh3::new();
    state.update(source.as_bytes());
    // No UTF-8 text holds this byte, so that ("ab", "c") and ("a", "bc") differ.
    state.update(&[0xff]);
    state.update(target.as_bytes());
    URL_SAFE_NO_PAD.encode(state.digest128().to_be_bytes()).into()
}

/// A relationship with its place in its set and its identity.
#[derive(Debug, Clone)]
pub(super) struct Row<'a> {
    pub(super) inner: usize,
    pub(super) identity: Identity,
    pub(super) relationship: &'a Relationship,
}

/// What happens once all rows of a set are written.
#[derive(Debug, Clone)]
pub(super) struct Ending {
    /// The hash to keep where the whole set is stored.
    pub(super) hash: u64,
    /// For a set that replaces, all that it names: what else the owner claims goes.
    pub(super) named: Option<Named>,
}

/// What a whole set names.
#[derive(Debug, Clone)]
pub(super) enum Named {
    /// The rows of the part: they are all there are.
    Rows,
    /// These, sorted.
    All(Arc<[Identity]>),
}

/// A set, or a part of one, that is written in one transaction.
#[derive(Debug, Clone)]
pub(super) struct SetPart<'a> {
    /// The set's place in the call.
    pub(super) place: usize,
    pub(super) owner: &'a ResourceId,
    mode: SetMode,
    /// The hash of the whole set; 0 for none.
    pub(super) hash: u64,
    pub(super) rows: Vec<Row<'a>>,
    /// On a set's last part.
    pub(super) ending: Option<Ending>,
    /// Whether rows of the set are in other parts.
    pub(super) is_divided: bool,
    /// Whether a row of the set was left out, in this part or in one before it.
    incomplete: Arc<AtomicBool>,
}

impl<'a> SetPart<'a> {
    /// A whole set; rows that no server takes are left out and named.
    pub(super) fn new(
        place: usize,
        set: &'a RelationshipSet,
        outcome: &mut RelationshipOutcome,
    ) -> Self {
        let mut rows = Vec::with_capacity(set.relationships.len());
        for (inner, one) in set.relationships.iter().enumerate() {
            match problem(one) {
                Some(why) => outcome.rejected.push(RejectedRow { index: place, inner, why }),
                None => rows.push(Row { inner, identity: Identity::of(one), relationship: one }),
            }
        }
        let incomplete = rows.len() != set.relationships.len();
        // What no server takes is named as well.
        let all = || Named::All(sorted(set.relationships.iter().map(Identity::of)));
        let named =
            (set.mode == SetMode::Replace).then(|| if incomplete { all() } else { Named::Rows });
        Self {
            place,
            owner: &set.owner,
            mode: set.mode,
            hash: set.hash,
            rows,
            ending: Some(Ending { hash: set.hash, named }),
            is_divided: false,
            incomplete: Arc::new(AtomicBool::new(incomplete)),
        }
    }

    /// All that the set names, sorted, where this part ends a set that replaces.
    pub(super) fn named(&self) -> Option<Arc<[Identity]>> {
        match self.ending.as_ref()?.named.as_ref()? {
            Named::Rows => Some(sorted(self.rows.iter().map(|row| row.identity.clone()))),
            Named::All(all) => Some(all.clone()),
        }
    }

    /// Whether it adds to what the owner names, and leaves it without a hash.
    pub(super) fn only_adds(&self) -> bool {
        self.hash == 0 && self.mode == SetMode::Add
    }

    /// Rows, counting the owner's as one.
    pub(super) fn weight(&self) -> usize {
        self.rows.len().max(1)
    }

    pub(super) fn bytes(&self) -> usize {
        self.rows.iter().map(|row| row.relationship.size()).sum()
    }

    /// The part with its first rows, which ends nothing, and the rest.
    pub(super) fn split(mut self) -> (Self, Self) {
        self.fix_named();
        let rest = self.rows.split_off(self.rows.len() / 2);
        let ending = self.ending.take();
        self.is_divided = true;
        let last = Self { rows: rest, ending, incomplete: self.incomplete.clone(), ..self };
        (self, last)
    }

    /// Takes the rows away, which stay named, and leave the set incomplete.
    pub(super) fn take_rows(&mut self) -> Vec<Row<'a>> {
        self.fix_named();
        self.mark_incomplete();
        std::mem::take(&mut self.rows)
    }

    /// Keeps what the set names apart from the rows.
    fn fix_named(&mut self) {
        let all = self.named();
        if let Some(ending) = &mut self.ending {
            ending.named = all.map(Named::All);
        }
    }

    pub(super) fn is_incomplete(&self) -> bool {
        self.incomplete.load(Relaxed)
    }

    pub(super) fn mark_incomplete(&self) {
        self.incomplete.store(true, Relaxed);
    }
}

fn sorted(identities: impl Iterator<Item = Identity>) -> Arc<[Identity]> {
    let mut sorted: Vec<Identity> = identities.collect();
    sorted.sort_unstable();
    sorted.into()
}

fn problem(one: &Relationship) -> Option<String> {
    let name = one.properties.iter().find_map(|(name, _)| names::problem(name));
    one.problem().or_else(|| name.map(|why| format!("a property's name is {why}")))
}

#[cfg(test)]
mod tests {
    use atg_core::{Relationship, RelationshipOutcome, RelationshipSet, ResourceId};

    use super::{SetPart, relationship_key};

    fn link(relation: &str, target: &str) -> Relationship {
        let thing = |name| ResourceId::named("thing", name);
        Relationship::new(thing("a"), relation, thing(target))
    }

    #[test]
    fn keys_are_short_and_tell_ends_apart() {
        let key = relationship_key("ab", "c");
        assert_eq!(key.len(), 22);
        assert_ne!(key, relationship_key("a", "bc"));
        assert_ne!(key, relationship_key("c", "ab"));
        // What graphs hold already: the key must never change.
        assert_eq!(relationship_key("/a", "/b"), "IjV79x8HzqXS6omnU2kdGw");
    }

    #[test]
    fn only_the_last_part_of_a_set_ends_it_and_knows_of_rows_left_out() {
        let links = ["b", "c", "d"].map(|name| link("USES", name)).to_vec();
        let set = RelationshipSet::complete(ResourceId::named("thing", "a"), links);
        let part = SetPart::new(0, &set, &mut RelationshipOutcome::default());
        let (first, last) = part.split();
        assert_eq!([first.rows.len(), last.rows.len()], [1, 2]);
        assert!(first.ending.is_none());
        assert_eq!(last.named().unwrap().len(), 3);
        first.mark_incomplete();
        assert!(last.is_incomplete());
    }

    #[test]
    fn a_bad_row_is_left_out_and_still_named() {
        let links = vec![link("uses", "b"), link("USES", "c")];
        let set = RelationshipSet::complete(ResourceId::named("thing", "a"), links);
        let mut outcome = RelationshipOutcome::default();
        let part = SetPart::new(3, &set, &mut outcome);
        assert_eq!((outcome.rejected[0].index, outcome.rejected[0].inner), (3, 0));
        assert!(part.is_incomplete());
        assert_eq!(part.named().unwrap().len(), 2);
    }
}
