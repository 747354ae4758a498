//! [`Relationship`] and [`RelationshipSet`]: edges, and who named them.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::value::{columns_size, detached_columns, update_columns, update_text};
use crate::{ResourceId, Text, Value};

/// One end of a relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Endpoint {
    /// Where it starts.
    Source,
    /// Where it points.
    Target,
}

/// Which ends' records name a relationship: its claims.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NamedBy {
    /// The source's record.
    Source = 1,
    /// The target's record.
    Target = 2,
    /// Both.
    Both = 3,
}

impl NamedBy {
    /// The claims as bits: 1 for the source, 2 for the target.
    pub fn bits(self) -> u8 {
        self as u8
    }

    /// The claims that bits stand for; `None` where no claim is left.
    pub fn from_bits(bits: u8) -> Option<Self> {
        match bits & 3 {
            1 => Some(Self::Source),
            2 => Some(Self::Target),
            3 => Some(Self::Both),
            _ => None,
        }
    }
}

/// One directed, typed edge. Its identity is (source key, type, target key): a graph holds it
/// once, however often it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Relationship {
    /// Where it starts.
    pub source: ResourceId,
    /// The type in upper snake case: `IN_SUBNET`, `CONTAINS`.
    pub relation: Text,
    /// Where it points.
    pub target: ResourceId,
    /// Which end's record names it. Both may (a network lists its subnets, a subnet's id names
    /// its network); it stays as long as one of the two does. Writing adds claims, and only a
    /// [`SetMode::Replace`] of the owner's set withdraws the owner's.
    pub named_by: NamedBy,
    /// Its properties, by name; names distinct.
    pub properties: Vec<(Text, Value)>,
}

impl Relationship {
    /// A relationship without properties, named by its source.
    pub fn new(source: ResourceId, relation: impl Into<Text>, target: ResourceId) -> Self {
        Self {
            source,
            relation: relation.into(),
            target,
            named_by: NamedBy::Source,
            properties: Vec::new(),
        }
    }

    /// A 64-bit hash (XXH3) of the whole relationship.
    pub fn content_hash(&self) -> u64 {
        let mut state = Xxh3::new();
        update_text(&mut state, self.source.key());
        update_text(&mut state, &self.relation);
        update_text(&mut state, self.target.key());
        state.update(&[self.named_by as u8]);
        update_columns(&mut state, &self.properties);
        state.digest()
    }

    /// Why no store takes this relationship, if so.
    pub fn problem(&self) -> Option<String> {
        let name_problem = relation_problem(&self.relation).map(ToOwned::to_owned);
        name_problem.or_else(|| {
            self.properties.iter().find_map(|(name, value)| {
                value.problem().map(|problem| format!("property {name:?} holds {problem}"))
            })
        })
    }

    /// About how many bytes of text it holds.
    pub fn size(&self) -> usize {
        size_of::<Self>()
            + self.source.as_str().len()
            + self.target.as_str().len()
            + columns_size(&self.properties)
    }

    /// A copy with buffers of its own; see [`Text::detached`].
    #[must_use]
    pub fn detached(&self) -> Self {
        Self {
            source: self.source.detached(),
            relation: self.relation.detached(),
            target: self.target.detached(),
            named_by: self.named_by,
            properties: detached_columns(&self.properties),
        }
    }
}

/// Why a text is no relationship type: types are 1 to 64 of `A-Z`, `0-9` and `_`, starting with
/// a letter, so that no store needs quoting and no data reaches a statement.
pub fn relation_problem(relation: &str) -> Option<&'static str> {
    let valid = relation.len() <= 64
        && relation.starts_with(|c: char| c.is_ascii_uppercase())
        && relation.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    (!valid).then_some("the relationship type is not upper snake case")
}

/// Whether a set replaces what its owner named before, or adds to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SetMode {
    /// The set is all that the owner names: what it named before and names no more loses that
    /// claim, and goes if the other end does not name it either.
    Replace,
    /// The relationships are added; nothing goes.
    Add,
}

/// The relationships that one record named: written, replaced and hashed together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RelationshipSet {
    /// The node whose record named them; an end of each of them.
    pub owner: ResourceId,
    /// Replace or add.
    pub mode: SetMode,
    /// The hash of the whole set, which the sink keeps once the whole set is stored, so that an
    /// unchanged set is not written again; 0 for none. See [`RelationshipSet::hash_of`].
    pub hash: u64,
    /// The relationships; distinct by (source, type, target).
    pub relationships: Vec<Relationship>,
}

impl RelationshipSet {
    /// The complete set of what `owner` names: replaces, and carries its hash.
    pub fn complete(owner: ResourceId, relationships: Vec<Relationship>) -> Self {
        let hash = Self::hash_of(&relationships);
        Self { owner, mode: SetMode::Replace, hash, relationships }
    }

    /// Some relationships to add to what `owner` names.
    pub fn addition(owner: ResourceId, relationships: Vec<Relationship>) -> Self {
        Self { owner, mode: SetMode::Add, hash: 0, relationships }
    }

    /// The hash of a set: independent of order; never 0.
    pub fn hash_of(relationships: &[Relationship]) -> u64 {
        let sum = relationships
            .iter()
            .fold(relationships.len() as u64, |sum, one| sum.wrapping_add(one.content_hash()));
        sum.max(1)
    }

    /// About how many bytes of text it holds.
    pub fn size(&self) -> usize {
        self.relationships.iter().map(Relationship::size).sum::<usize>()
            + std::mem::size_of::<Self>()
    }
}

#[cfg(test)]
mod tests {
    use super::{Relationship, RelationshipSet, relation_problem};
    use crate::ResourceId;

    fn id(text: &str) -> ResourceId {
        ResourceId::parse(text).unwrap()
    }

    #[test]
    fn a_sets_hash_ignores_order_and_case_but_nothing_else() {
        let one = Relationship::new(id("/subscriptions/a"), "X", id("/subscriptions/b"));
        let two = Relationship::new(id("/subscriptions/A"), "Y", id("/subscriptions/B"));
        let hash = RelationshipSet::hash_of(&[one.clone(), two.clone()]);
        assert_eq!(hash, RelationshipSet::hash_of(&[two.clone(), one.clone()]));
        assert_ne!(hash, RelationshipSet::hash_of(std::slice::from_ref(&one)));
        assert_ne!(hash, RelationshipSet::hash_of(&[one.clone(), one]));
    }

    #[test]
    fn relation_names_are_checked() {
        assert_eq!(relation_problem("IN_SUBNET"), None);
        for bad in ["", "in_subnet", "A`B", "1A", "A B", &"A".repeat(65)] {
            assert!(relation_problem(bad).is_some(), "{bad}");
        }
    }
}
