//! The inside of strings, and texts without white space.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// The first place from `from` on that is a quote, a backslash or a control character; the end
/// where there is none. Looks at eight bytes at a time.
#[inline]
pub(super) fn plain_end(bytes: &[u8], from: usize) -> usize {
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(<[u8]>::first_chunk) {
        let found = special_bytes(u64::from_le_bytes(*chunk));
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    let special = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..=0x1f);
    at + rest.iter().position(special).unwrap_or(rest.len())
}

/// The high bit of every byte that ends a plain run. A borrow can also mark a byte above the
/// first true one, so only the lowest mark counts.
#[inline]
fn special_bytes(word: u64) -> u64 {
    let zero_bytes = |word: u64| word.wrapping_sub(ONES) & !word;
    let quote = zero_bytes(word ^ (ONES * 0x22));
    let backslash = zero_bytes(word ^ (ONES * 0x5c));
    let control = word.wrapping_sub(ONES * 0x20) & !word;
    (quote | backslash | control) & HIGH
}

/// Appends what the content of a string means.
pub(in crate::scan) fn unescape(raw: &str, out: &mut String) {
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        rest = unescape_one(rest, out);
    }
    out.push_str(rest);
}

/// Appends what the escape after a backslash means; returns what follows it.
fn unescape_one<'a>(rest: &'a str, out: &mut String) -> &'a str {
    let mut used = 1;
    out.push(match rest.bytes().next().unwrap_or(b'\\') {
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => {
            let (letter, length) = unicode(rest);
            used = length;
            letter
        }
        plain => char::from(plain),
    });
    rest.get(used..).unwrap_or_default()
}

/// The letter that `uXXXX`, or a pair of surrogates, stands for, and how long that is.
fn unicode(rest: &str) -> (char, usize) {
    let first = hex(rest, 1);
    if (0xd800..0xdc00).contains(&first) && rest.get(5..7) == Some("\\u") {
        let second = hex(rest, 7);
        if (0xdc00..0xe000).contains(&second) {
            let code = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
            return (char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER), 11);
        }
    }
    (char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 5)
}

fn hex(text: &str, from: usize) -> u32 {
    let digits = text.get(from..from + 4).unwrap_or_default();
    u32::from_str_radix(digits, 16).unwrap_or(0xfffd)
}

/// Appends well-formed JSON without the white space between its tokens.
pub(in crate::scan) fn compact(json: &str, out: &mut String) {
    let bytes = json.as_bytes();
    let (mut from, mut at) = (0, 0);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at = string_end(bytes, at + 1),
            b' ' | b'\n' | b'\r' | b'\t' => {
                out.push_str(json.get(from..at).unwrap_or_default());
                at += 1;
                from = at;
            }
            _ => at += 1,
        }
    }
    out.push_str(json.get(from..).unwrap_or_default());
}

/// The place after the quote that ends the string with its content from `from` on.
fn string_end(bytes: &[u8], from: usize) -> usize {
    let mut at = plain_end(bytes, from);
    while bytes.get(at) == Some(&b'\\') {
        at = plain_end(bytes, at + 2);
    }
    at + 1
}
