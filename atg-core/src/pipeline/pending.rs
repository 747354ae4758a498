//! Relationships that wait for a node, on disk beyond a bound.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Write};

use super::parked::{self, Block};
use crate::{Error, ErrorKind, RelationshipSet, Result};

/// Relationship sets that wait for the end of reading, packed. Holds about `bound` bytes in
/// memory; what is beyond goes to a temporary file without a name, which the system removes with
/// the process.
#[derive(Debug)]
pub(super) struct Pending {
    bound: usize,
    /// Full blocks, oldest first.
    blocks: Vec<Block>,
    /// The block being filled.
    open: Block,
    spill: Option<File>,
    relationships: u64,
}

/// Bytes of a block: what is decoded, and written to the file, at a time.
const BLOCK: usize = 4 << 20;

impl Pending {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, blocks: Vec::new(), open: Block::default(), spill: None, relationships: 0 }
    }

    /// How many relationships wait.
    pub(super) fn len(&self) -> u64 {
        self.relationships
    }

    /// Packs a set, so that the page it came in can go.
    pub(super) fn push(&mut self, set: &RelationshipSet) -> Result<()> {
        self.relationships += set.relationships.len() as u64;
        self.open.push(set)?;
        if self.open.size() >= BLOCK.min(self.bound.max(1)) {
            self.blocks.push(std::mem::take(&mut self.open));
        }
        let held: usize = self.blocks.iter().map(Block::size).sum();
        if held > self.bound { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let file = if let Some(file) = &mut self.spill {
            file
        } else {
            let file = tempfile::tempfile().map_err(|error| failed("created", error))?;
            self.spill.insert(file)
        };
        for block in self.blocks.drain(..) {
            file.write_all(&block.to_bytes()).map_err(|error| failed("written", error))?;
        }
        Ok(())
    }

    /// Turns round: what was pushed comes out, in order of pushing.
    pub(super) fn drain(mut self) -> Result<Drain> {
        if let Some(file) = &mut self.spill {
            file.seek(SeekFrom::Start(0)).map_err(|error| failed("read", error))?;
        }
        self.blocks.push(self.open);
        Ok(Drain { spilled: self.spill.map(BufReader::new), blocks: self.blocks.into_iter() })
    }
}

/// What waited, in order, a block at a time.
#[derive(Debug)]
pub(super) struct Drain {
    spilled: Option<BufReader<File>>,
    blocks: std::vec::IntoIter<Block>,
}

impl Drain {
    /// The sets of the next block; `None` at the end.
    pub(super) fn next_block(&mut self) -> Result<Option<Vec<RelationshipSet>>> {
        if let Some(file) = &mut self.spilled {
            if let Some(block) = read_block(file)? {
                return block.sets().map(Some);
            }
            self.spilled = None;
        }
        self.blocks.next().map(Block::sets).transpose()
    }
}

fn read_block(file: &mut impl Read) -> Result<Option<Block>> {
    let mut head = [0; parked::HEAD];
    match file.read_exact(&mut head) {
        Ok(()) => {}
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(failed("read", error)),
    }
    let (numbers, text) = parked::lengths(head);
    let mut body = vec![0; numbers + text];
    file.read_exact(&mut body).map_err(|error| failed("read", error))?;
    Block::from_parts(body, numbers).map(Some)
}

fn failed(what: &str, error: std::io::Error) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        "keep waiting relationships",
        format!(
            "the temporary file in {} cannot be {what}; free space there or set TMPDIR",
            std::env::temp_dir().display()
        ),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::Pending;
    use crate::{NamedBy, Relationship, RelationshipSet, ResourceId};

    fn set(number: usize) -> RelationshipSet {
        let owner = ResourceId::parse(format!("/subscriptions/Owner{number}")).unwrap();
        let tag = ResourceId::named("tag", "a=\"ü\"\n");
        let mut one = Relationship::new(owner.clone(), "TAGGED", tag);
        one.properties.push(("path".into(), "tags.a".into()));
        one.properties.push(("share".into(), (0.1 + 0.2).into()));
        let parent = ResourceId::parse("/tenants/T").unwrap();
        let mut two = Relationship::new(parent, "CONTAINS", owner.clone());
        two.named_by = NamedBy::Target;
        let mut set = RelationshipSet::complete(owner, vec![one, two]);
        set.mode = if number.is_multiple_of(2) { crate::SetMode::Add } else { set.mode };
        set
    }

    #[test]
    fn what_goes_in_comes_out_whole_and_in_order_with_and_without_spilling() {
        for bound in [0, 3_000, usize::MAX] {
            let mut pending = Pending::new(bound);
            let sets: Vec<_> = (0..100).map(set).collect();
            for one in &sets {
                pending.push(one).unwrap();
            }
            assert_eq!(pending.len(), 200);
            assert_eq!(pending.spill.is_some(), bound < usize::MAX);
            let mut drain = pending.drain().unwrap();
            let mut out = Vec::new();
            while let Some(block) = drain.next_block().unwrap() {
                out.extend(block);
            }
            assert_eq!(out, sets);
            let spelled = |sets: &[RelationshipSet]| -> Vec<String> {
                sets.iter().map(|set| set.owner.as_str().to_owned()).collect()
            };
            assert_eq!(spelled(&out), spelled(&sets));
        }
    }
}
