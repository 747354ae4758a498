//! Packing relationship sets: all texts in one buffer, all numbers in another, so that unpacking
//! slices and never copies.

use bytes::Bytes;

use crate::{
    Error, ErrorKind, NamedBy, Relationship, RelationshipSet, ResourceId, Result, SetMode, Text,
    Value,
};

/// Bytes before a block in a file: the lengths of its two parts.
pub(super) const HEAD: usize = 16;

/// Packed sets.
#[derive(Debug, Default)]
pub(super) struct Block {
    numbers: Vec<u8>,
    text: Vec<u8>,
}

/// The lengths of a block's numbers and text.
pub(super) fn lengths(head: [u8; HEAD]) -> (usize, usize) {
    let length = |part: &[u8]| {
        let bytes = part.first_chunk().copied().unwrap_or_default();
        usize::try_from(u64::from_le_bytes(bytes)).unwrap_or(usize::MAX)
    };
    let (numbers, text) = head.split_at(HEAD / 2);
    (length(numbers), length(text))
}

impl Block {
    /// What it takes in memory.
    pub(super) fn size(&self) -> usize {
        self.numbers.len() + self.text.len()
    }

    pub(super) fn push(&mut self, set: &RelationshipSet) -> Result<()> {
        self.id(&set.owner);
        self.number(set.hash);
        self.number(u64::from(set.mode == SetMode::Add));
        self.number(set.relationships.len() as u64);
        for one in &set.relationships {
            self.id(&one.source);
            self.id(&one.target);
            self.text(&one.relation);
            self.number(u64::from(one.named_by.bits()));
            if one.properties.is_empty() {
                self.text("");
            } else {
                let properties = serde_json::to_string(&one.properties)
                    .map_err(|error| broken("a property cannot be packed").with_source(error))?;
                self.text(&properties);
            }
        }
        Ok(())
    }

    fn number(&mut self, number: u64) {
        self.numbers.extend_from_slice(&number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.text.extend_from_slice(text.as_bytes());
    }

    /// Spelling and key; the key only where it differs.
    fn id(&mut self, id: &ResourceId) {
        self.text(id.spelled());
        let key: &str = if id.spelled() == id.key() { "" } else { id.key() };
        self.text(key);
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.size());
        bytes.extend_from_slice(&(self.numbers.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&(self.text.len() as u64).to_le_bytes());
        bytes.extend_from_slice(&self.numbers);
        bytes.extend_from_slice(&self.text);
        bytes
    }

    /// A block from what [`to_bytes`](Self::to_bytes) wrote behind the head.
    pub(super) fn from_parts(mut body: Vec<u8>, numbers: usize) -> Result<Self> {
        if numbers > body.len() {
            return Err(broken("a block of waiting relationships is cut off"));
        }
        let text = body.split_off(numbers);
        Ok(Self { numbers: body, text })
    }

    /// Unpacks; every text is a slice of the block's.
    pub(super) fn sets(self) -> Result<Vec<RelationshipSet>> {
        let text = Text::from_utf8(Bytes::from(self.text))
            .map_err(|error| broken("waiting relationships are damaged").with_source(error))?;
        let mut unpack = Unpack { numbers: &self.numbers, text: &text, at: 0 };
        let mut sets = Vec::new();
        while !unpack.numbers.is_empty() {
            sets.push(unpack.set()?);
        }
        Ok(sets)
    }
}

struct Unpack<'a> {
    numbers: &'a [u8],
    text: &'a Text,
    at: usize,
}

impl Unpack<'_> {
    fn set(&mut self) -> Result<RelationshipSet> {
        let owner = self.id()?;
        let hash = self.number()?;
        let mode = if self.number()? == 1 { SetMode::Add } else { SetMode::Replace };
        let count = self.number()?;
        let mut relationships = Vec::new();
        for _ in 0..count {
            relationships.push(self.relationship()?);
        }
        Ok(RelationshipSet { owner, mode, hash, relationships })
    }

    fn relationship(&mut self) -> Result<Relationship> {
        let source = self.id()?;
        let target = self.id()?;
        let relation = self.text()?;
        let bits = u8::try_from(self.number()?).unwrap_or(0);
        let named_by =
            NamedBy::from_bits(bits).ok_or_else(|| broken("waiting relationships are damaged"))?;
        let properties = self.text()?;
        let properties: Vec<(Text, Value)> = if properties.is_empty() {
            Vec::new()
        } else {
            serde_json::from_str(&properties)
                .map_err(|error| broken("a packed property is damaged").with_source(error))?
        };
        Ok(Relationship { source, relation, target, named_by, properties })
    }

    fn number(&mut self) -> Result<u64> {
        let (number, rest) = self
            .numbers
            .split_first_chunk()
            .ok_or_else(|| broken("waiting relationships are cut off"))?;
        self.numbers = rest;
        Ok(u64::from_le_bytes(*number))
    }

    fn text(&mut self) -> Result<Text> {
        let length = usize::try_from(self.number()?).unwrap_or(usize::MAX);
        let end = self.at.saturating_add(length);
        let part = self
            .text
            .get(self.at..end)
            .ok_or_else(|| broken("waiting relationships are cut off"))?;
        self.at = end;
        Ok(self.text.slice_ref(part))
    }

    fn id(&mut self) -> Result<ResourceId> {
        let spelled = self.text()?;
        let key = self.text()?;
        if !spelled.starts_with('/') {
            return ResourceId::from_stored(spelled);
        }
        let key = if key.is_empty() { spelled.clone() } else { key };
        ResourceId::from_parts(spelled, key)
    }
}

fn broken(what: &'static str) -> Error {
    Error::new(ErrorKind::Internal, "keep waiting relationships", what)
}
