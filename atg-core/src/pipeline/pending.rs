//! Relationships that wait for a node, on disk beyond a bound.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Seek, SeekFrom, Write};

use crate::{Error, ErrorKind, RelationshipSet, Result};

/// Relationship sets that wait for the end of reading. Holds `bound` bytes in memory; what is
/// beyond goes to a temporary file without a name, which the system removes with the process.
#[derive(Debug)]
pub(super) struct Pending {
    bound: usize,
    bytes: usize,
    sets: Vec<RelationshipSet>,
    spill: Option<BufWriter<File>>,
    relationships: u64,
}

impl Pending {
    pub(super) fn new(bound: usize) -> Self {
        Self { bound, bytes: 0, sets: Vec::new(), spill: None, relationships: 0 }
    }

    /// How many relationships wait.
    pub(super) fn len(&self) -> u64 {
        self.relationships
    }

    /// Adds a set, copied out of its page so that the page can go.
    pub(super) fn push(&mut self, mut set: RelationshipSet) -> Result<()> {
        set.owner = set.owner.detached();
        for one in &mut set.relationships {
            *one = one.detached();
        }
        self.relationships += set.relationships.len() as u64;
        self.bytes += set.size();
        self.sets.push(set);
        if self.bytes > self.bound { self.spill() } else { Ok(()) }
    }

    fn spill(&mut self) -> Result<()> {
        let file = if let Some(file) = &mut self.spill {
            file
        } else {
            let file = tempfile::tempfile().map_err(|error| failed("create", error))?;
            self.spill.insert(BufWriter::with_capacity(1 << 20, file))
        };
        for set in self.sets.drain(..) {
            serde_json::to_writer(&mut *file, &set).map_err(|error| failed("write", error))?;
            file.write_all(b"\n").map_err(|error| failed("write", error))?;
        }
        self.sets = Vec::new();
        self.bytes = 0;
        Ok(())
    }

    /// Turns round: what was pushed comes out, in order of pushing.
    pub(super) fn drain(self) -> Result<Drain> {
        let spilled = match self.spill {
            Some(writer) => {
                let mut file =
                    writer.into_inner().map_err(|error| failed("write", error.into_error()))?;
                file.seek(SeekFrom::Start(0)).map_err(|error| failed("read", error))?;
                Some(BufReader::with_capacity(1 << 20, file))
            }
            None => None,
        };
        Ok(Drain { spilled, line: String::new(), sets: self.sets.into_iter() })
    }
}

/// What waited, in order.
#[derive(Debug)]
pub(super) struct Drain {
    spilled: Option<BufReader<File>>,
    line: String,
    sets: std::vec::IntoIter<RelationshipSet>,
}

impl Drain {
    /// The next sets, `relationships` of them at the least unless the end is near; empty at the
    /// end.
    pub(super) fn next_batch(&mut self, relationships: usize) -> Result<Vec<RelationshipSet>> {
        let mut batch = Vec::new();
        let mut rows = 0;
        while rows < relationships {
            let Some(set) = self.next()? else { break };
            rows += set.relationships.len();
            batch.push(set);
        }
        Ok(batch)
    }

    fn next(&mut self) -> Result<Option<RelationshipSet>> {
        if let Some(file) = &mut self.spilled {
            self.line.clear();
            let read = file.read_line(&mut self.line).map_err(|error| failed("read", error))?;
            if read > 0 {
                let set =
                    serde_json::from_str(&self.line).map_err(|error| failed("read", error))?;
                return Ok(Some(set));
            }
            self.spilled = None;
        }
        Ok(self.sets.next())
    }
}

fn failed(what: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(
        ErrorKind::ResourceExhausted,
        "keep waiting relationships",
        format!(
            "cannot {what} the temporary file in {}; free space there or set TMPDIR",
            std::env::temp_dir().display()
        ),
    )
    .with_source(error)
}

#[cfg(test)]
mod tests {
    use super::Pending;
    use crate::{Relationship, RelationshipSet, ResourceId};

    fn set(number: usize) -> RelationshipSet {
        let owner = ResourceId::parse(format!("/subscriptions/Owner{number}")).unwrap();
        let tag = ResourceId::named("tag", "a=\"ü\"\n");
        let mut one = Relationship::new(owner.clone(), "TAGGED", tag);
        one.properties.push(("path".into(), "tags.a".into()));
        RelationshipSet::complete(owner, vec![one])
    }

    #[test]
    fn what_goes_in_comes_out_whole_and_in_order_with_and_without_spilling() {
        for bound in [0, 3_000, usize::MAX] {
            let mut pending = Pending::new(bound);
            let sets: Vec<_> = (0..100).map(set).collect();
            for one in &sets {
                pending.push(one.clone()).unwrap();
            }
            assert_eq!(pending.len(), 100);
            assert_eq!(pending.spill.is_some(), bound < usize::MAX);
            let mut drain = pending.drain().unwrap();
            let mut out = Vec::new();
            loop {
                let batch = drain.next_batch(7).unwrap();
                if batch.is_empty() {
                    break;
                }
                out.extend(batch);
            }
            assert_eq!(out, sets);
        }
    }
}
