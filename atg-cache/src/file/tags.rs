//! Tags: a small file each says in which generation the tag is. An entry keeps the generations it
//! was written in, and is a miss once one of them is past.
//!
//! A generation is a number drawn by whoever begins it, so that two that begin one at once cannot
//! take each other's for their own. A tag without a file, one never invalidated, is in generation
//! 0. The file is itself laid out as an entry: the tag is the key, the generation the value.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::entry::{self, Header};
use super::layout::Layout;
use super::store::{self, Opened};
use super::tier::Tier;

/// No writer takes longer between reading a generation and writing the entry.
const LONGEST_INSERT: Duration = Duration::from_secs(24 * 60 * 60);

impl Tier {
    /// The generation a tag is in; `None` where its file is damaged.
    pub(super) fn generation(&self, tag: &str) -> io::Result<Option<u64>> {
        let Some(mut file) = Opened::open(&self.layout.tag(tag))? else { return Ok(Some(0)) };
        let entry = entry::decode(file.read()?).filter(|(header, _)| header.key == tag);
        Ok(entry.and_then(|(_, value)| value.as_ref().try_into().ok().map(u64::from_le_bytes)))
    }

    /// Each tag with its generation; where that is unknown a new one begins.
    pub(super) fn generations(&self, tags: Vec<String>) -> io::Result<Vec<(String, u64)>> {
        let with_generation = |tag: String| {
            let generation = match self.generation(&tag)? {
                Some(generation) => generation,
                None => self.renew(&tag)?,
            };
            Ok((tag, generation))
        };
        tags.into_iter().map(with_generation).collect()
    }

    /// Begins a new generation: whatever has the tag by now is a miss.
    pub(super) fn renew(&self, tag: &str) -> io::Result<u64> {
        // 0 is for tags without a file.
        let generation = store::unique().max(1);
        let value = generation.to_le_bytes();
        let header = Header::new(tag, None, self.clock.wall(), Vec::new());
        // No entry has a tag that is too long for a header.
        let Some(head) = header.and_then(|header| header.encode(&value)) else { return Ok(0) };
        store::write(&self.layout.temporaries(), &self.layout.tag(tag), &[&head, &value])?;
        Ok(generation)
    }

    /// Removes the files of tags that nothing kept refers to, a day after they were written:
    /// their tags are then in generation 0 again, in which no entry is left.
    pub(super) fn collect_tags(&self, used: &HashSet<PathBuf>, now: u64) -> io::Result<()> {
        for path in Layout::files(&self.layout.tags())? {
            if !used.contains(&path) && old(&path, now)? {
                store::remove(&path)?;
            }
        }
        Ok(())
    }
}

fn old(path: &Path, now: u64) -> io::Result<bool> {
    let Some(mut file) = Opened::open(path)? else { return Ok(false) };
    let age = file.read_header()?.map(|header| now.saturating_sub(header.created));
    Ok(age.is_some_and(|age| Duration::from_millis(age) > LONGEST_INSERT))
}
