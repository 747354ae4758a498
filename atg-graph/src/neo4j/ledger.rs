//! What a batch of relationship sets comes to, given what is stored: worked out in memory, set by
//! set in their order, so that a transaction only writes the difference.

use std::collections::{BTreeMap, HashMap, HashSet};

use atg_core::{
    Endpoint, MissingEndpoint, NamedBy, Relationship, RelationshipOutcome, Text, Value,
};

use super::sets::{Identity, Row, SetPart};

type Map<K, V> = HashMap<K, V, foldhash::fast::RandomState>;

/// Properties, sorted by name.
pub(super) type Properties = Vec<(Text, Value)>;

/// What can change of a relationship.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version {
    /// The claims as bits.
    pub(super) claims: u8,
    /// `None` where they are stored and were not read, for they cannot change.
    pub(super) properties: Option<Properties>,
}

/// What is stored of a node that names relationships.
#[derive(Debug, Clone, Default)]
pub(super) struct Owner {
    /// The hash it keeps; `None` where it never named anything.
    pub(super) kept: Option<u64>,
    /// What it claims, by which bits.
    pub(super) claims: Vec<(Identity, u8)>,
}

/// What is stored of all that a batch touches; what is not in it is not stored.
#[derive(Debug, Default)]
pub(super) struct View {
    /// Owners that are there, by key.
    pub(super) owners: Map<Text, Owner>,
    pub(super) stored: Map<Identity, Version>,
    /// Rows with an end that is not there: source, target.
    pub(super) missing: Map<Identity, [bool; 2]>,
}

/// A relationship to be made or changed.
#[derive(Debug)]
pub(super) struct Change<'a> {
    pub(super) identity: Identity,
    /// Where a row gave it.
    pub(super) row: Option<&'a Row<'a>>,
    pub(super) before: Option<Version>,
    pub(super) after: Option<Version>,
}

/// What a transaction has to write, and what that counts as.
#[derive(Debug, Default)]
pub(super) struct Plan<'a> {
    pub(super) outcome: RelationshipOutcome,
    /// By type, then key.
    pub(super) changes: Vec<Change<'a>>,
    /// The hashes that owners keep from now on.
    pub(super) hashes: BTreeMap<Text, u64>,
    /// Nodes on whose behalf others made claims.
    pub(super) claimed: HashSet<Text>,
    /// The places of parts of which a row is missing.
    pub(super) incomplete: Vec<usize>,
}

impl Plan<'_> {
    /// Leaves only the first withdrawals where there are more than `most`, with no owner keeping
    /// a hash until all are done; says whether it is so.
    pub(super) fn begin_withdrawals(&mut self, most: usize) -> bool {
        let is_withdrawal = |change: &Change<'_>| change.row.is_none();
        if self.changes.iter().filter(|change| is_withdrawal(change)).count() <= most {
            return false;
        }
        self.changes.retain(is_withdrawal);
        self.changes.truncate(most);
        let removed = self.changes.iter().filter(|change| change.after.is_none()).count() as u64;
        self.outcome = RelationshipOutcome { removed, ..RelationshipOutcome::default() };
        self.hashes.values_mut().for_each(|hash| *hash = 0);
        self.claimed.clear();
        self.incomplete.clear();
        true
    }
}

/// Works out what the sets come to.
pub(super) fn plan<'a>(sets: &'a [SetPart<'a>], view: &View) -> Plan<'a> {
    let mut ledger = Ledger::new(sets, view);
    for (place, set) in sets.iter().enumerate() {
        ledger.write(place, set);
    }
    ledger.finish()
}

#[derive(Debug)]
struct Entry<'a> {
    row: Option<&'a Row<'a>>,
    before: Option<Version>,
    after: Option<Version>,
    /// Rows of the batch that asked for it.
    rows: u64,
}

struct Ledger<'a, 'v> {
    view: &'v View,
    entries: Map<Identity, Entry<'a>>,
    /// What the batch itself gave a node to claim, where that matters: for owners of several
    /// sets, and for nodes on whose behalf others made claims.
    touching: Map<&'a Text, Vec<Identity>>,
    /// Owners of several sets.
    repeated: HashSet<&'a Text>,
    plan: Plan<'a>,
}

impl<'a, 'v> Ledger<'a, 'v> {
    fn new(sets: &'a [SetPart<'a>], view: &'v View) -> Self {
        let (entries, touching) = (Map::default(), Map::default());
        let mut seen: HashSet<&Text, foldhash::fast::RandomState> = HashSet::default();
        let owners = sets.iter().map(|set| set.owner.key());
        let repeated = owners.filter(|owner| !seen.insert(*owner)).collect();
        Self { view, entries, touching, repeated, plan: Plan::default() }
    }

    /// The hash that an owner keeps at this point of the batch.
    fn kept(&self, owner: &Text) -> Option<u64> {
        let changed = self.plan.hashes.get(owner).copied();
        changed.or_else(|| self.view.owners.get(owner).and_then(|owner| owner.kept))
    }

    fn write(&mut self, place: usize, set: &'a SetPart<'a>) {
        let owner = set.owner.key();
        let kept = self.kept(owner);
        if set.hash != 0 && kept == Some(set.hash) {
            self.plan.outcome.unchanged += set.rows.len() as u64;
            return;
        }
        let has_claims = kept.is_some() || self.touching.contains_key(owner);
        let mut complete = !set.is_incomplete();
        for row in &set.rows {
            complete &= self.accept(set, row);
        }
        if !complete {
            self.plan.incomplete.push(place);
        }
        if has_claims && let Some(named) = set.named() {
            self.withdraw(owner, &named);
        }
        self.keep(owner, set, kept, complete);
    }

    /// Notes the hash that the owner keeps after a set: whatever was kept before describes what
    /// it names no longer.
    fn keep(&mut self, owner: &Text, set: &SetPart<'_>, kept: Option<u64>, complete: bool) {
        let whole = set.ending.as_ref().filter(|_| complete && self.has_the_rest(owner, set));
        let whole = whole.map_or(0, |ending| ending.hash);
        let nothing_named = kept.is_none() && whole == 0 && set.rows.is_empty();
        if self.view.owners.contains_key(owner) && kept != Some(whole) && !nothing_named {
            self.plan.hashes.insert(owner.clone(), whole);
        }
    }

    /// Whether what other parts of a set wrote is there now, for another writer may have come
    /// between: where it cannot be told from the owner's claims, it is not.
    fn has_the_rest(&self, owner: &Text, set: &SetPart<'_>) -> bool {
        if !set.is_divided {
            return true;
        }
        let claims = self.view.owners.get(owner).map(|owner| owner.claims.as_slice());
        let claims = claims.unwrap_or_default().iter().map(|(identity, _)| identity);
        let there: HashSet<&Identity> =
            claims.chain(set.rows.iter().map(|row| &row.identity)).collect();
        set.named().is_some_and(|named| named.iter().all(|identity| there.contains(identity)))
    }

    /// Enters a row; where an end is missing, the outcome says so.
    fn accept(&mut self, set: &'a SetPart<'a>, row: &'a Row<'a>) -> bool {
        if let Some(ends) = self.view.missing.get(&row.identity) {
            let ends = ends.iter().zip([Endpoint::Source, Endpoint::Target]);
            for (_, endpoint) in ends.filter(|(missing, _)| **missing) {
                let missing = MissingEndpoint { set: set.place, relationship: row.inner, endpoint };
                self.plan.outcome.missing.push(missing);
            }
            return false;
        }
        self.put(row);
        self.note_claims(set.owner.key(), &row.identity, row.relationship);
        true
    }

    fn put(&mut self, row: &'a Row<'a>) {
        let entry = self.entry(&row.identity);
        let claims = entry.after.as_ref().map_or(0, |version| version.claims);
        let properties = Some(sorted(row.relationship));
        let claims = claims | row.relationship.named_by.bits();
        entry.after = Some(Version { claims, properties });
        entry.row = Some(row);
        entry.rows += 1;
    }

    fn entry(&mut self, identity: &Identity) -> &mut Entry<'a> {
        let view = self.view;
        self.entries.entry(identity.clone()).or_insert_with(|| {
            let before = view.stored.get(identity).cloned();
            Entry { row: None, after: before.clone(), before, rows: 0 }
        })
    }

    /// Notes who claims a relationship now.
    fn note_claims(&mut self, owner: &Text, identity: &Identity, one: &'a Relationship) {
        let ends = [(NamedBy::Source, &one.source), (NamedBy::Target, &one.target)];
        for (claim, end) in ends {
            if one.named_by.bits() & claim.bits() == 0 {
                continue;
            }
            let by_other = end.key() != owner;
            if by_other {
                self.plan.claimed.insert(end.key().clone());
            }
            if by_other || self.repeated.contains(owner) {
                self.touching.entry(end.key()).or_default().push(identity.clone());
            }
        }
    }

    /// Takes the owner's claims from what it named before and names no more.
    fn withdraw(&mut self, owner: &Text, named: &[Identity]) {
        let view = self.view;
        let stored = view.owners.get(owner).map(|owner| owner.claims.as_slice());
        let mut claims: Vec<(Identity, u8)> = stored.unwrap_or_default().to_vec();
        for identity in self.touching.get(owner).into_iter().flatten() {
            let row = self.entries.get(identity).and_then(|entry| entry.row);
            let ends = row.map(|row| [&row.relationship.source, &row.relationship.target]);
            let bits = ends.map_or(0, |[source, target]| {
                u8::from(source.key() == owner) | (u8::from(target.key() == owner) << 1)
            });
            claims.push((identity.clone(), bits));
        }
        for (identity, bits) in claims {
            if named.binary_search(&identity).is_err() {
                let entry = self.entry(&identity);
                entry.after = entry
                    .after
                    .take()
                    .map(|version| Version { claims: version.claims & !bits, ..version })
                    .filter(|version| version.claims != 0);
            }
        }
    }

    /// Counts what the batch does: however often a relationship is written and withdrawn within
    /// it, it is created, updated or removed once at the most.
    fn finish(mut self) -> Plan<'a> {
        for (identity, Entry { row, before, after, rows }) in self.entries {
            let outcome = &mut self.plan.outcome;
            let changed = before != after;
            let counted = match (&before, &after) {
                (None, Some(_)) => Some(&mut outcome.created),
                (Some(_), None) => {
                    outcome.removed += 1;
                    None
                }
                _ => Some(&mut outcome.updated).filter(|_| changed && rows > 0),
            };
            let written = u64::from(counted.is_some());
            if let Some(counted) = counted {
                *counted += 1;
            }
            outcome.unchanged += rows - written;
            if changed {
                self.plan.changes.push(Change { identity, row, before, after });
            }
        }
        self.plan.changes.sort_unstable_by(|one, other| one.identity.cmp(&other.identity));
        self.plan
    }
}

/// A relationship's properties, sorted by name.
fn sorted(one: &Relationship) -> Properties {
    let mut properties = one.properties.clone();
    properties.sort_by(|one, other| one.0.cmp(&other.0));
    properties
}
