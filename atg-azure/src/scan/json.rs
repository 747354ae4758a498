//! A pull reader of JSON text: strict, safe, without copies.
//!
//! Strings and values come out as places in the text. Numbers are checked and never rewritten;
//! escapes are checked and decoded only where somebody asks, a lone surrogate as U+FFFD.

use std::borrow::Cow;

use super::ScanError;

mod number;
mod text;

pub(super) use text::{compact, unescape};

/// The content of a string: where it stands, without its quotes, and whether it has escapes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Str {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) escaped: bool,
}

/// Reads JSON from a text, token by token.
#[derive(Debug)]
pub(super) struct Cursor<'p> {
    text: &'p str,
    bytes: &'p [u8],
    at: usize,
    /// How many bytes of white space were passed so far.
    spaces: usize,
}

impl<'p> Cursor<'p> {
    /// Starts at the text's beginning; a byte order mark is passed over.
    pub(super) fn new(text: &'p str) -> Self {
        let at = if text.starts_with('\u{feff}') { '\u{feff}'.len_utf8() } else { 0 };
        Self { text, bytes: text.as_bytes(), at, spaces: 0 }
    }

    /// The same text from another place.
    pub(super) fn at(&self, at: usize) -> Self {
        Self { text: self.text, bytes: self.bytes, at, spaces: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.at
    }

    pub(super) fn spaces(&self) -> usize {
        self.spaces
    }

    /// The text between two places.
    #[inline]
    pub(super) fn slice(&self, start: usize, end: usize) -> &'p str {
        self.text.get(start..end).unwrap_or_default()
    }

    /// What a string means; copied only where it has escapes.
    #[inline]
    pub(super) fn decoded(&self, string: Str) -> Cow<'p, str> {
        let raw = self.slice(string.start, string.end);
        if !string.escaped {
            return Cow::Borrowed(raw);
        }
        let mut decoded = String::new();
        unescape(raw, &mut decoded);
        Cow::Owned(decoded)
    }

    /// The byte at a place; 0 beyond the end.
    #[inline]
    pub(super) fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The next byte, not taken; 0 at the end, which starts no token.
    #[inline]
    pub(super) fn peek(&self) -> u8 {
        self.byte(self.at)
    }

    /// Passes over the byte that [`peek`](Self::peek) showed.
    #[inline]
    pub(super) fn bump(&mut self) {
        self.at += 1;
    }

    /// Passes over white space.
    #[inline]
    pub(super) fn space(&mut self) {
        if self.peek() <= b' ' {
            self.space_run();
        }
    }

    fn space_run(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let run = rest.iter().take_while(|byte| is_space(**byte)).count();
        self.at += run;
        self.spaces += run;
    }

    /// Passes over white space to the text's end.
    pub(super) fn end(&mut self) -> Result<(), ScanError> {
        self.space();
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error("something follows it")) }
    }

    /// Passes over `byte`, or says what was expected.
    #[inline]
    pub(super) fn expect(&mut self, byte: u8, what: &'static str) -> Result<(), ScanError> {
        if self.peek() == byte {
            self.at += 1;
            return Ok(());
        }
        Err(self.error(what))
    }

    /// Goes to the next member of the object whose brace was the last byte taken (`first`) or
    /// whose last member has ended; takes the key and the colon. `None` after the last one.
    #[inline]
    pub(super) fn next_member(&mut self, first: &mut bool) -> Result<Option<Str>, ScanError> {
        if !self.next_part(first, b'}')? {
            return Ok(None);
        }
        self.key().map(Some)
    }

    /// Goes to the next element of an array, in the same way; false after the last one.
    #[inline]
    pub(super) fn next_element(&mut self, first: &mut bool) -> Result<bool, ScanError> {
        self.next_part(first, b']')
    }

    /// A key and its colon, up to the value.
    #[inline]
    pub(super) fn key(&mut self) -> Result<Str, ScanError> {
        if self.peek() != b'"' {
            return Err(self.error("a member name in quotes was expected"));
        }
        let key = self.string()?;
        self.space();
        self.expect(b':', "a colon was expected")?;
        self.space();
        Ok(key)
    }

    #[inline]
    fn next_part(&mut self, first: &mut bool, close: u8) -> Result<bool, ScanError> {
        self.space();
        let opening = std::mem::replace(first, false);
        match self.peek() {
            byte if byte == close => {
                self.at += 1;
                return Ok(false);
            }
            _ if opening => {}
            b',' => {
                self.at += 1;
                self.space();
            }
            _ => return Err(self.error("a comma or the end of the list was expected")),
        }
        Ok(true)
    }

    /// A string; to be called at its quote.
    #[inline]
    pub(super) fn string(&mut self) -> Result<Str, ScanError> {
        let start = self.at + 1;
        let mut end = text::plain_end(self.bytes, start);
        let mut escaped = false;
        loop {
            match self.byte(end) {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    end = self.escape(end)?;
                }
                _ => return Err(self.broken_string(end)),
            }
            end = text::plain_end(self.bytes, end);
        }
        self.at = end + 1;
        Ok(Str { start, end, escaped })
    }

    /// The place after the escape that starts at `at`.
    fn escape(&mut self, at: usize) -> Result<usize, ScanError> {
        match self.byte(at + 1) {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Ok(at + 2),
            b'u' => {
                let digits = self.bytes.get(at + 2..at + 6).unwrap_or_default();
                if digits.len() == 4 && digits.iter().all(u8::is_ascii_hexdigit) {
                    return Ok(at + 6);
                }
                self.at = at;
                Err(self.error("\\u needs four hexadecimal digits"))
            }
            _ => {
                self.at = at;
                Err(self.error("an unknown escape"))
            }
        }
    }

    fn broken_string(&mut self, at: usize) -> ScanError {
        self.at = at;
        self.error("a control character inside a string")
    }

    /// A number, `true`, `false` or `null`.
    #[inline]
    pub(super) fn scalar(&mut self) -> Result<(), ScanError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = match rest.first() {
            Some(b't') if rest.starts_with(b"true") => 4,
            Some(b'f') if rest.starts_with(b"false") => 5,
            Some(b'n') if rest.starts_with(b"null") => 4,
            Some(b'-' | b'0'..=b'9') => {
                number::length(rest).ok_or_else(|| self.error("a number is not well-formed"))?
            }
            _ => return Err(self.error("a value was expected")),
        };
        self.at += length;
        Ok(())
    }

    /// What is wrong here; at the end of the text, that it ends too early.
    pub(super) fn error(&self, what: &'static str) -> ScanError {
        let what = if self.at >= self.bytes.len() { "it ends too early" } else { what };
        ScanError { position: self.at, what }
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
}

#[cfg(test)]
mod tests;
