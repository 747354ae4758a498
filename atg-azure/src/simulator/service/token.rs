//! [`Cursor`]: where a listing goes on, as the opaque text that clients hand back.

use super::random::mix;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const LENGTH: usize = 24;

/// Where a listing goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cursor {
    /// Rows that were answered.
    pub(crate) offset: u64,
    /// Rows a page.
    pub(crate) page: u32,
    /// Empty pages that were answered since the last row.
    pub(crate) empty: u32,
}

impl Cursor {
    /// The cursor as base64, for this listing only: with plus, slash and equals signs, as Azure's
    /// tokens have them, so that clients which decode and do not encode again are found out.
    pub(crate) fn encode(self, listing: u64) -> String {
        let mut bytes = [0; LENGTH];
        let mask = mix(listing);
        let tail = u64::from(self.page) << 32 | u64::from(self.empty);
        let words = [mask, self.offset ^ mix(mask), tail ^ mix(mask ^ self.offset)];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(words) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        // A byte more makes the text end in equals signs.
        base64(&[&bytes[..], &[0]].concat())
    }

    /// The cursor that the text stands for; `None` where it belongs to another listing.
    pub(crate) fn decode(text: &str, listing: u64) -> Option<Self> {
        let bytes = from_base64(text)?;
        let mut words = bytes.chunks_exact(8).map_while(|chunk| chunk.try_into().ok());
        let mut word = || words.next().map(u64::from_le_bytes);
        let (mask, offset, tail) = (word()?, word()?, word()?);
        if mask != mix(listing) || bytes.len() != LENGTH + 1 {
            return None;
        }
        let offset = offset ^ mix(mask);
        let tail = tail ^ mix(mask ^ offset);
        let page = u32::try_from(tail >> 32).ok()?;
        let empty = u32::try_from(tail & u64::from(u32::MAX)).ok()?;
        Some(Self { offset, page, empty })
    }
}

fn base64(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = bits >> (18 - 6 * place) & 63;
            let letter = if place > chunk.len() { b'=' } else { ALPHABET[digit as usize] };
            text.push(char::from(letter));
        }
    }
    text
}

fn from_base64(text: &str) -> Option<Vec<u8>> {
    let digits = text.trim_end_matches('=').bytes();
    let mut bytes = Vec::with_capacity(text.len());
    let (mut bits, mut count) = (0_u32, 0);
    for letter in digits {
        let digit = ALPHABET.iter().position(|known| *known == letter)?;
        bits = bits << 6 & 0xff_ffff | u32::try_from(digit).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cursors_come_back_and_only_to_their_own_listing() {
        for offset in [0, 1, 999, u64::MAX] {
            let cursor = Cursor { offset, page: 1_000, empty: 2 };
            let text = cursor.encode(77);
            assert_eq!(Cursor::decode(&text, 77), Some(cursor));
            assert_eq!(Cursor::decode(&text, 78), None);
            assert!(text.ends_with('='), "{text}");
        }
    }

    #[test]
    fn garbage_is_refused() {
        for text in ["", "=", "AAAA", "n\u{f6}", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
            assert_eq!(Cursor::decode(text, 1), None, "{text}");
        }
    }

    #[test]
    fn base64_is_the_usual_one() {
        for (bytes, text) in [(&b"f"[..], "Zg=="), (b"fo", "Zm8="), (b"foo", "Zm9v"), (b"", "")] {
            assert_eq!(base64(bytes), text);
            assert_eq!(from_base64(text).as_deref(), Some(bytes));
        }
    }
}
