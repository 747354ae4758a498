//! Writing a batch of relationship sets: which sets need it, which rows they come to, and what
//! is then known of their owners. The rows themselves are written by `relationship_rows.rs`.

use atg_core::{
    Endpoint, MissingEndpoint, NamedBy, RejectedRow, Relationship, RelationshipOutcome,
    RelationshipSet, ResourceId, SetMode,
};

use super::encode;
use super::errors::Try;
use super::index::{INCOMPLETE, NEVER};
use super::index_rows::Identity;
use super::relationship_rows::{Action, Entry, Key, Rows};
use super::settings::KeyHasher;
use super::writer::Session;

/// Writes the sets and counts what that did.
pub(super) fn upsert(
    session: &mut Session<'_>,
    hasher: KeyHasher,
    sets: &[RelationshipSet],
) -> Try<RelationshipOutcome> {
    let find = |set: &RelationshipSet| session.index.find(hasher(set.owner.key()).into());
    let owners: Vec<Option<u32>> = sets.iter().map(find).collect();
    // Sets of different owners that claim only for these cannot touch each other's claims: their
    // rows are then sorted and written together. Other batches go set by set.
    let apart = !repeated(&owners) && !sets.iter().any(claims_for_others);
    let mut batch = Batch::new(session, hasher, apart)?;
    for (place, (set, owner)) in sets.iter().zip(owners).enumerate() {
        batch.add(place, set, owner)?;
        if !apart {
            batch.write()?;
        }
    }
    batch.write()?;
    Ok(batch.finish())
}

fn repeated(owners: &[Option<u32>]) -> bool {
    let mut owners: Vec<u32> = owners.iter().copied().flatten().collect();
    owners.sort_unstable();
    owners.windows(2).any(|pair| pair.first() == pair.last())
}

fn claims_for_others(set: &RelationshipSet) -> bool {
    let others = |one: &Relationship| match one.named_by {
        NamedBy::Source => one.source != set.owner,
        NamedBy::Target => one.target != set.owner,
        NamedBy::Both => one.source != set.owner || one.target != set.owner,
    };
    set.relationships.iter().any(others)
}

/// Whether two ids are one and the same buffer.
fn shared(one: &ResourceId, other: &ResourceId) -> bool {
    std::ptr::eq(one.key().as_str(), other.key().as_str())
}

/// A set whose rows are among the entries.
struct Open {
    owner: u32,
    /// What is known of the owner once they are written.
    hash: u64,
}

struct Batch<'a, 'b> {
    session: &'a mut Session<'b>,
    hasher: KeyHasher,
    entries: Vec<Entry>,
    open: Vec<Open>,
    /// The rows' properties, one after the other.
    texts: Vec<u8>,
    rows: Rows<'b>,
    outcome: RelationshipOutcome,
    apart: bool,
}

impl<'a, 'b> Batch<'a, 'b> {
    fn new(session: &'a mut Session<'b>, hasher: KeyHasher, apart: bool) -> Try<Self> {
        Ok(Self {
            rows: Rows::new(session.connection, !apart)?,
            session,
            hasher,
            entries: Vec::new(),
            open: Vec::new(),
            texts: Vec::new(),
            outcome: RelationshipOutcome::default(),
            apart,
        })
    }

    /// Enters a set's rows, unless the set is stored just so.
    fn add(&mut self, place: usize, set: &RelationshipSet, owner: Option<u32>) -> Try<()> {
        let stored = owner.map_or(NEVER, |nid| self.session.index.relationships(nid));
        if set.hash != 0 && set.hash != INCOMPLETE && set.hash == stored {
            self.outcome.unchanged += set.relationships.len() as u64;
            return Ok(());
        }
        let withdraws = set.mode == SetMode::Replace && stored != NEVER;
        let (mut complete, mut named) = (true, Vec::new());
        for (inner, relationship) in set.relationships.iter().enumerate() {
            let ends = [&relationship.source, &relationship.target].map(|end| {
                // Mostly the very same buffer: no need to hash it again.
                if shared(end, &set.owner) { owner } else { self.find(end) }
            });
            let key = self.accept((place, inner), relationship, ends)?;
            if withdraws {
                named.extend(key.or_else(|| self.stored_key(relationship, ends)));
            }
            complete &= key.is_some();
        }
        if withdraws && let Some(owner) = owner {
            self.withdraw(owner, named)?;
        }
        if let Some(owner) = owner {
            // Whatever was kept before describes the owner's set no longer.
            let hash = if complete && set.hash != 0 { set.hash } else { INCOMPLETE };
            self.open.push(Open { owner, hash });
        }
        Ok(())
    }

    /// Enters a row; where it cannot be written, the outcome says so.
    fn accept(
        &mut self,
        (set, inner): (usize, usize),
        one: &Relationship,
        ends: [Option<u32>; 2],
    ) -> Try<Option<Key>> {
        if let Some(why) = one.problem() {
            self.outcome.rejected.push(RejectedRow { index: set, inner, why });
            return Ok(None);
        }
        let [Some(source), Some(target)] = ends else {
            for (found, endpoint) in ends.into_iter().zip([Endpoint::Source, Endpoint::Target]) {
                if found.is_none() {
                    let missing = MissingEndpoint { set, relationship: inner, endpoint };
                    self.outcome.missing.push(missing);
                }
            }
            return Ok(None);
        };
        let kind = self.session.index.relation(self.session.connection, &one.relation)?;
        let key = Key { source, kind, target };
        let start = self.texts.len();
        if !one.properties.is_empty() {
            encode::write_object(&mut self.texts, &one.properties)?;
        }
        let text = start..self.texts.len();
        self.entries.push(Entry { key, action: Action::Add { bits: one.named_by.bits(), text } });
        Ok(Some(key))
    }

    fn find(&self, id: &ResourceId) -> Option<u32> {
        self.session.index.find(Identity::from((self.hasher)(id.key())))
    }

    /// The key under which a row that is not accepted may be stored from before.
    fn stored_key(&self, one: &Relationship, [source, target]: [Option<u32>; 2]) -> Option<Key> {
        let kind = self.session.index.find_relation(&one.relation)?;
        Some(Key { source: source?, kind, target: target? })
    }

    /// Enters the withdrawal of what the owner claimed before and does not name now.
    fn withdraw(&mut self, owner: u32, mut named: Vec<Key>) -> Try<()> {
        self.session.need_late_indexes()?;
        named.sort_unstable();
        for (key, bits) in Rows::claims(self.session.connection, owner)? {
            if named.binary_search(&key).is_err() {
                self.entries.push(Entry { key, action: Action::Withdraw { bits } });
            }
        }
        Ok(())
    }

    /// Writes the rows entered so far and notes what is known of their owners now.
    fn write(&mut self) -> Try<()> {
        // Stable: the rows of one key stay in the order of their sets.
        self.entries.sort_by_key(|entry| entry.key);
        for group in self.entries.chunk_by(|one, next| one.key == next.key) {
            self.rows.write(group, &self.texts)?;
        }
        if !self.apart {
            self.note_claims_for_others();
        }
        self.entries.clear();
        self.texts.clear();
        for Open { owner, hash } in std::mem::take(&mut self.open) {
            self.session.index.set_relationships(owner, hash);
        }
        Ok(())
    }

    /// Whoever is claimed for has something to withdraw.
    fn note_claims_for_others(&mut self) {
        for Entry { key, action, .. } in &self.entries {
            let Action::Add { bits, .. } = action else { continue };
            let ends = [(NamedBy::Source, key.source), (NamedBy::Target, key.target)];
            for (_, nid) in ends.into_iter().filter(|(claim, _)| claim.bits() & bits != 0) {
                if self.session.index.relationships(nid) == NEVER {
                    self.session.index.set_relationships(nid, INCOMPLETE);
                }
            }
        }
    }

    fn finish(mut self) -> RelationshipOutcome {
        self.rows.count(&mut self.outcome);
        self.outcome
    }
}
