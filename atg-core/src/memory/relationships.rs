//! Writing a batch of relationship sets into a [`MemoryGraph`](super::MemoryGraph).

use std::collections::{BTreeMap, HashSet};

use super::graph::{Identity, State, identity_of};
use crate::{
    Endpoint, MissingEndpoint, NamedBy, RejectedRow, Relationship, RelationshipOutcome,
    RelationshipSet, SetMode,
};

/// One batch under way. Counts are the difference between before and after it: however often a
/// relationship is written and withdrawn within the batch, it is created, updated or removed
/// once at the most.
pub(super) struct Batch<'a> {
    state: &'a mut State,
    touched: BTreeMap<Identity, Touched>,
    outcome: RelationshipOutcome,
}

/// A relationship that the batch touched.
struct Touched {
    before: Option<Relationship>,
    rows: u64,
}

impl<'a> Batch<'a> {
    pub(super) fn new(state: &'a mut State) -> Self {
        Self { state, touched: BTreeMap::new(), outcome: RelationshipOutcome::default() }
    }

    /// Writes one set, and keeps its hash where the whole set was stored.
    pub(super) fn write(&mut self, index: usize, set: &RelationshipSet) {
        let owner = set.owner.key();
        let kept = self.state.nodes.get(owner).map_or(0, |stored| stored.relationships_hash);
        if set.hash != 0 && set.hash == kept {
            self.outcome.unchanged += set.relationships.len() as u64;
            return;
        }
        let mut complete = true;
        for (inner, relationship) in set.relationships.iter().enumerate() {
            if self.accepts(index, inner, relationship) {
                self.put(relationship);
            } else {
                complete = false;
            }
        }
        if set.mode == SetMode::Replace {
            self.withdraw(set);
        }
        // Whatever was kept before describes the owner's set no longer.
        self.state.set_relationships_hash(owner, if complete { set.hash } else { 0 });
    }

    /// Whether a row can be written; where not, the outcome says so.
    fn accepts(&mut self, set: usize, index: usize, relationship: &Relationship) -> bool {
        if let Some(why) = relationship.problem() {
            self.outcome.rejected.push(RejectedRow { index: set, inner: index, why });
            return false;
        }
        let ends =
            [(Endpoint::Source, &relationship.source), (Endpoint::Target, &relationship.target)];
        let mut complete = true;
        for (endpoint, id) in ends {
            if !self.state.nodes.contains_key(id.key()) {
                let missing = MissingEndpoint { set, relationship: index, endpoint };
                self.outcome.missing.push(missing);
                complete = false;
            }
        }
        complete
    }

    /// Stores a row with the claims that were there added.
    fn put(&mut self, relationship: &Relationship) {
        let identity = identity_of(relationship);
        self.touch(&identity).rows += 1;
        let Some(stored) = self.state.relationships.get_mut(&identity) else {
            let detached = relationship.detached();
            self.state.insert(identity_of(&detached), detached);
            return;
        };
        let claims = stored.named_by.bits() | relationship.named_by.bits();
        let named_by = NamedBy::from_bits(claims).unwrap_or(relationship.named_by);
        if stored.named_by != named_by || stored.properties != relationship.properties {
            *stored = Relationship { named_by, ..relationship.detached() };
        }
    }

    /// Takes the owner's claims from what it named before and names no more.
    fn withdraw(&mut self, set: &RelationshipSet) {
        let named: HashSet<Identity> = set.relationships.iter().map(identity_of).collect();
        let (outgoing, incoming) = self.state.touching(set.owner.key());
        let outgoing = outgoing.into_iter().map(|identity| (identity, NamedBy::Source));
        let incoming = incoming.into_iter().map(|identity| (identity, NamedBy::Target));
        for (identity, claim) in outgoing.chain(incoming) {
            if !named.contains(&identity) {
                self.withdraw_one(&identity, claim);
            }
        }
    }

    fn withdraw_one(&mut self, identity: &Identity, claim: NamedBy) {
        self.touch(identity);
        let Some(stored) = self.state.relationships.get_mut(identity) else { return };
        match NamedBy::from_bits(stored.named_by.bits() & !claim.bits()) {
            Some(left) => stored.named_by = left,
            None => drop(self.state.remove(identity)),
        }
    }

    fn touch(&mut self, identity: &Identity) -> &mut Touched {
        self.touched.entry(identity.clone()).or_insert_with(|| Touched {
            before: self.state.relationships.get(identity).cloned(),
            rows: 0,
        })
    }

    /// Counts what the batch did.
    pub(super) fn finish(mut self) -> RelationshipOutcome {
        for (identity, Touched { before, rows }) in &self.touched {
            let after = self.state.relationships.get(identity);
            let written = match (before, after) {
                (None, Some(_)) => {
                    self.outcome.created += 1;
                    1
                }
                (Some(_), None) => {
                    self.outcome.removed += 1;
                    0
                }
                (Some(before), Some(after)) if *rows > 0 && !same(before, after) => {
                    self.outcome.updated += 1;
                    1
                }
                _ => 0,
            };
            self.outcome.unchanged += rows - written;
        }
        self.outcome
    }
}

fn same(before: &Relationship, after: &Relationship) -> bool {
    before.named_by == after.named_by && before.properties == after.properties
}
