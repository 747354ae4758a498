//! How an entry lies in its file: a header, then the value.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | the magic |
//! | 4 | the version |
//! | 4 | CRC32 of all that follows |
//! | 8, 8 | created and expires, wall milliseconds; all ones for never |
//! | 4, 4, 8 | lengths of key, tags and value |
//! | … | the key; per tag its generation (8), its length (4) and its name; the value |
//!
//! Numbers are little-endian. The lengths add up to the file's.

use std::time::Duration;

use atg_core::EntryOptions;
use bytes::Bytes;

const MAGIC: [u8; 8] = *b"atgcache";
const VERSION: u32 = 1;
const CHECKSUM_AT: usize = 12;
/// Where the part begins that the checksum covers.
const SEALED_AT: usize = 16;
/// Everything of fixed length.
pub(super) const FIXED: usize = 48;
/// Key and tags beyond this are not kept, so that no damaged length makes us read without end.
const LONGEST_HEADER: usize = 1 << 20;
const NEVER: u64 = u64::MAX;

/// All of an entry but its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) key: String,
    /// Wall milliseconds.
    pub(super) created: u64,
    /// The wall millisecond from which on it is not served.
    pub(super) expires: Option<u64>,
    /// Each tag with the generation it had when the entry was written.
    pub(super) tags: Vec<(String, u64)>,
}

impl Header {
    /// The header of an entry made now; `None` where it would live for no time.
    pub(super) fn new(
        key: &str,
        time_to_live: Option<Duration>,
        now: u64,
        tags: Vec<(String, u64)>,
    ) -> Option<Self> {
        let time_to_live = time_to_live.map(crate::clock::milliseconds);
        if time_to_live == Some(0) {
            return None;
        }
        let expires = time_to_live.and_then(|time| now.checked_add(time));
        Some(Self { key: key.to_owned(), created: now, expires, tags })
    }

    /// How another tier should keep the entry from now on.
    pub(super) fn options(self, now: u64) -> EntryOptions {
        EntryOptions {
            time_to_live: self
                .expires
                .map(|expires| Duration::from_millis(expires.saturating_sub(now))),
            tags: self.tags.into_iter().map(|(tag, _)| tag).collect(),
        }
    }

    /// The bytes that go before this value; `None` where key and tags are too long.
    pub(super) fn encode(&self, value: &[u8]) -> Option<Vec<u8>> {
        let tags = encode_tags(&self.tags)?;
        let mut bytes = Vec::with_capacity(FIXED + self.key.len() + tags.len());
        bytes.extend(MAGIC);
        bytes.extend(VERSION.to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend(self.created.to_le_bytes());
        bytes.extend(self.expires.unwrap_or(NEVER).to_le_bytes());
        bytes.extend(u32::try_from(self.key.len()).ok()?.to_le_bytes());
        bytes.extend(u32::try_from(tags.len()).ok()?.to_le_bytes());
        bytes.extend(u64::try_from(value.len()).ok()?.to_le_bytes());
        bytes.extend(self.key.as_bytes());
        bytes.extend(tags);
        let checksum = checksum(bytes.get(SEALED_AT..)?, value);
        bytes.get_mut(CHECKSUM_AT..SEALED_AT)?.copy_from_slice(&checksum.to_le_bytes());
        (bytes.len() <= LONGEST_HEADER).then_some(bytes)
    }

    /// Reads the header at the start of `bytes`, of a file of this length. Whether it is intact
    /// only [`decode`] can tell.
    pub(super) fn decode(bytes: &[u8], file_length: u64) -> Option<Self> {
        let fixed = Fixed::decode(bytes, file_length)?;
        let mut rest = bytes.get(FIXED..)?;
        let key = text(&mut rest, fixed.key)?;
        let mut tags = take(&mut rest, fixed.tags)?;
        let expires = Some(fixed.expires).filter(|expires| *expires != NEVER);
        Some(Self { key, created: fixed.created, expires, tags: decode_tags(&mut tags)? })
    }
}

/// How long the header is of which these are the first bytes, in a file of this length; `None`
/// where they are not a header's.
pub(super) fn header_length(start: &[u8], file_length: u64) -> Option<usize> {
    Fixed::decode(start, file_length)?.header_length()
}

/// Reads a whole file; `None` unless it is, to the last bit, what was written.
pub(super) fn decode(file: Vec<u8>) -> Option<(Header, Bytes)> {
    let file_length = u64::try_from(file.len()).ok()?;
    let fixed = Fixed::decode(&file, file_length)?;
    if checksum(file.get(SEALED_AT..)?, &[]) != fixed.checksum {
        return None;
    }
    let header = Header::decode(&file, file_length)?;
    // The lengths were found to add up, so the value's start is within the file.
    Some((header, Bytes::from(file).slice(fixed.header_length()?..)))
}

struct Fixed {
    checksum: u32,
    created: u64,
    expires: u64,
    key: usize,
    tags: usize,
}

impl Fixed {
    fn decode(mut bytes: &[u8], file_length: u64) -> Option<Self> {
        let bytes = &mut bytes;
        if array(bytes)? != MAGIC || number(bytes)? != VERSION {
            return None;
        }
        let checksum = number(bytes)?;
        let (created, expires) = (long_number(bytes)?, long_number(bytes)?);
        let key = usize::try_from(number(bytes)?).ok()?;
        let tags = usize::try_from(number(bytes)?).ok()?;
        let value = long_number(bytes)?;
        let fixed = Self { checksum, created, expires, key, tags };
        let header = u64::try_from(fixed.header_length()?).ok()?;
        (header.checked_add(value)? == file_length).then_some(fixed)
    }

    fn header_length(&self) -> Option<usize> {
        let length = FIXED.checked_add(self.key)?.checked_add(self.tags)?;
        (length <= LONGEST_HEADER).then_some(length)
    }
}

fn checksum(first: &[u8], second: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(first);
    hasher.update(second);
    hasher.finalize()
}

fn encode_tags(tags: &[(String, u64)]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    for (tag, generation) in tags {
        bytes.extend(generation.to_le_bytes());
        bytes.extend(u32::try_from(tag.len()).ok()?.to_le_bytes());
        bytes.extend(tag.as_bytes());
    }
    Some(bytes)
}

fn decode_tags(bytes: &mut &[u8]) -> Option<Vec<(String, u64)>> {
    let mut tags = Vec::new();
    while !bytes.is_empty() {
        let generation = long_number(bytes)?;
        let length = usize::try_from(number(bytes)?).ok()?;
        tags.push((text(bytes, length)?, generation));
    }
    Some(tags)
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(taken)
}

fn text(bytes: &mut &[u8], length: usize) -> Option<String> {
    String::from_utf8(take(bytes, length)?.to_vec()).ok()
}

fn array<const N: usize>(bytes: &mut &[u8]) -> Option<[u8; N]> {
    take(bytes, N)?.try_into().ok()
}

fn number(bytes: &mut &[u8]) -> Option<u32> {
    array(bytes).map(u32::from_le_bytes)
}

fn long_number(bytes: &mut &[u8]) -> Option<u64> {
    array(bytes).map(u64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Header, Vec<u8>) {
        let tags = vec![("red".to_owned(), 0), (String::new(), 7)];
        let header = Header::new("a:\n/é", Some(Duration::from_secs(5)), 1_000, tags).unwrap();
        let mut file = header.encode(b"value").unwrap();
        file.extend(b"value");
        (header, file)
    }

    #[test]
    fn an_entry_comes_back_as_it_was() {
        let (header, file) = sample();
        let length = header_length(&file[..FIXED], file.len() as u64).unwrap();
        let alone = Header::decode(&file[..length], file.len() as u64);
        assert_eq!(alone.as_ref(), Some(&header));
        let (decoded, value) = decode(file).unwrap();
        assert_eq!((decoded, value.as_ref()), (header.clone(), b"value".as_slice()));
        let options = EntryOptions::ttl(Duration::from_secs(4)).with_tag("red").with_tag("");
        assert_eq!(header.options(2_000), options);
    }

    #[test]
    fn a_damaged_entry_is_none() {
        let (_, file) = sample();
        for length in 0..file.len() {
            assert_eq!(decode(file[..length].to_vec()), None, "cut off at {length}");
        }
        for bit in 0..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(decode(damaged.clone()), None, "bit {bit}");
            // Reading the header alone may not notice, and must not panic.
            let _ = Header::decode(&damaged, damaged.len() as u64);
        }
        assert_eq!(decode([file, vec![0]].concat()), None, "a byte too many");
    }

    #[test]
    fn lengths_and_times_have_bounds() {
        assert_eq!(Header::new("a", Some(Duration::from_micros(999)), 1, Vec::new()), None);
        let ever = Header::new("a", Some(Duration::MAX), 1, Vec::new()).unwrap();
        assert_eq!(ever.expires, None);
        let long = Header::new(&"k".repeat(LONGEST_HEADER), None, 1, Vec::new()).unwrap();
        assert_eq!(long.encode(b""), None);
    }
}
