//! How an entry is written: a header, its tags, and the value.
//!
//! All numbers are little-endian: magic and version (4 bytes), a checksum of all that follows
//! (4), flags (1), when it was created (8, wall milliseconds), how long it lives (8, milliseconds,
//! all ones for ever), the value's length (8), the number of tags (4), then each tag's generation
//! (8), length (4) and text; the rest is the value, compressed where the flag says so.

use std::io::{Read as _, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;

/// The last byte is the version: a value of any other is a miss.
const MAGIC: [u8; 4] = *b"ATG\x01";
const COMPRESSED: u8 = 1;
/// The time to live of what never expires.
const FOREVER: u64 = u64::MAX;
/// What is read of an entry: its magic and its checksum.
const START: usize = 8;

/// An entry as it stands in the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Wall milliseconds at which it was inserted.
    pub(crate) created: u64,
    /// Milliseconds; `None` for ever.
    pub(crate) time_to_live: Option<u64>,
    /// The tags, and the generation of each as it was before the entry was written.
    pub(crate) tags: Vec<(String, u64)>,
    pub(crate) value: Bytes,
}

/// The bytes cannot be an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Corrupt;

impl Entry {
    /// The entry as bytes, its value compressed where it is longer than `compress_above` and that
    /// makes it shorter. Costs some 10 milliseconds for a megabyte.
    pub(crate) fn encode(&self, compress_above: usize) -> Vec<u8> {
        let compressed = (self.value.len() > compress_above)
            .then(|| compress(&self.value))
            .flatten()
            .filter(|compressed| compressed.len() < self.value.len());
        let body = compressed.as_deref().unwrap_or(&self.value);
        let mut bytes = Vec::with_capacity(64 + self.tags.len() * 64 + body.len());
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&[0; 4]);
        bytes.push(if compressed.is_some() { COMPRESSED } else { 0 });
        for number in [self.created, self.time_to_live.unwrap_or(FOREVER), length(&self.value)] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        bytes.extend_from_slice(&short_length(self.tags.len()).to_le_bytes());
        for (tag, generation) in &self.tags {
            bytes.extend_from_slice(&generation.to_le_bytes());
            bytes.extend_from_slice(&short_length(tag.len()).to_le_bytes());
            bytes.extend_from_slice(tag.as_bytes());
        }
        bytes.extend_from_slice(body);
        seal(&mut bytes);
        bytes
    }

    /// The entry that these bytes are; a value longer than `max_bytes` is none.
    pub(crate) fn decode(bytes: &Bytes, max_bytes: usize) -> Result<Self, Corrupt> {
        let mut rest = Reader(bytes);
        let magic: [u8; 4] = rest.array()?;
        let checksum = rest.short()?;
        if magic != MAGIC || checksum != crc32fast::hash(rest.0) {
            return Err(Corrupt);
        }
        let [flags] = rest.array()?;
        let (created, time_to_live, length) = (rest.long()?, rest.long()?, rest.long()?);
        let length = usize::try_from(length).map_err(|_| Corrupt)?;
        if flags & !COMPRESSED != 0 || length > max_bytes {
            return Err(Corrupt);
        }
        let tags = (0..rest.short()?).map(|_| rest.tag()).collect::<Result<_, _>>()?;
        let body = bytes.slice(bytes.len() - rest.0.len()..);
        let value = if flags & COMPRESSED == 0 { body } else { decompress(&body, length)? };
        let time_to_live = (time_to_live != FOREVER).then_some(time_to_live);
        let entry = Self { created, time_to_live, tags, value };
        if entry.value.len() == length { Ok(entry) } else { Err(Corrupt) }
    }
}

/// Writes the checksum into its place.
fn seal(bytes: &mut [u8]) {
    if let Some((start, rest)) = bytes.split_at_mut_checked(START) {
        let checksum = crc32fast::hash(rest).to_le_bytes();
        start.iter_mut().skip(MAGIC.len()).zip(checksum).for_each(|(byte, new)| *byte = new);
    }
}

fn compress(value: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(value).ok()?;
    encoder.finish().ok()
}

/// Never makes more than the length that was promised, and a byte.
fn decompress(body: &[u8], length: usize) -> Result<Bytes, Corrupt> {
    let mut value = Vec::with_capacity(length);
    let limit = (length as u64).saturating_add(1);
    DeflateDecoder::new(body).take(limit).read_to_end(&mut value).map_err(|_| Corrupt)?;
    Ok(value.into())
}

fn length(bytes: &[u8]) -> u64 {
    bytes.len() as u64
}

/// A length that no tag and no number of tags exceeds; one that did would not be read again.
fn short_length(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

/// What is still to be read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, rest) = self.0.split_at_checked(count).ok_or(Corrupt)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Corrupt> {
        self.take(N)?.try_into().map_err(|_| Corrupt)
    }

    fn short(&mut self) -> Result<u32, Corrupt> {
        self.array().map(u32::from_le_bytes)
    }

    fn long(&mut self) -> Result<u64, Corrupt> {
        self.array().map(u64::from_le_bytes)
    }

    fn tag(&mut self) -> Result<(String, u64), Corrupt> {
        let generation = self.long()?;
        let length = usize::try_from(self.short()?).map_err(|_| Corrupt)?;
        let text = std::str::from_utf8(self.take(length)?).map_err(|_| Corrupt)?;
        Ok((text.to_owned(), generation))
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Corrupt, Entry, START, seal};

    fn entry(value: Vec<u8>) -> Entry {
        let tags = vec![("red".to_owned(), 7), (String::new(), u64::MAX)];
        Entry { created: 5, time_to_live: Some(9), tags, value: value.into() }
    }

    #[test]
    fn long_values_are_compressed_where_that_helps() {
        let long = entry(vec![b'a'; 10_000]);
        assert!(long.encode(9_999).len() < 200 && long.encode(10_000).len() > 10_000);
        assert_eq!(Entry::decode(&long.encode(0).into(), 10_000), Ok(long.clone()));
        assert_eq!(Entry::decode(&long.encode(0).into(), 9_999), Err(Corrupt), "too long");
    }

    #[test]
    fn a_value_that_grows_beyond_its_promise_is_corrupt() {
        let mut bytes = entry(vec![b'a'; 100_000]).encode(0);
        // The value's length stands after the flags, the creation and the time to live.
        bytes[START + 17..START + 25].copy_from_slice(&10_u64.to_le_bytes());
        seal(&mut bytes);
        assert_eq!(Entry::decode(&bytes.into(), 1_000_000), Err(Corrupt));
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded(
            created: u64,
            time_to_live in proptest::option::of(0..u64::MAX),
            tags: Vec<(String, u64)>,
            value: Vec<u8>,
            compress_above in 0..100_usize,
        ) {
            let entry = Entry { created, time_to_live, tags, value: value.into() };
            let bytes = Bytes::from(entry.encode(compress_above));
            prop_assert_eq!(Entry::decode(&bytes, 1 << 20), Ok(entry));
            // Cut off anywhere, it is no entry.
            for end in 0..bytes.len() {
                prop_assert_eq!(Entry::decode(&bytes.slice(..end), 1 << 20), Err(Corrupt));
            }
        }

        #[test]
        fn a_changed_byte_is_found(at: prop::sample::Index, change in 1..=u8::MAX) {
            let mut bytes = entry(b"a value".to_vec()).encode(100);
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            prop_assert_eq!(Entry::decode(&bytes.into(), 1 << 20), Err(Corrupt));
        }

        #[test]
        fn outside_bytes_never_panic(mut bytes: Vec<u8>) {
            bytes.splice(0..0, *b"ATG\x01\0\0\0\0");
            seal(&mut bytes);
            let _ = Entry::decode(&bytes.into(), 1 << 20);
        }
    }
}
