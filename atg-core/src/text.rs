//! [`Text`]: an immutable string that is cheap to clone and to slice.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;

use bytes::Bytes;
use bytestring::ByteString;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An immutable UTF-8 string that shares its buffer.
///
/// A page of Azure's answers is checked for UTF-8 once; every column, id and body taken from it
/// is then a slice of that one buffer: cloning and slicing cost one reference count and never
/// allocate. A slice keeps its whole page alive: call [`Text::detached`] for what outlives the
/// flow of pages.
///
/// ```
/// use atg_core::Text;
/// let page = Text::from(String::from("alpha beta"));
/// let beta = page.slice_ref(&page[6..]);
/// assert_eq!(beta, "beta");
/// ```
#[derive(Clone, Default)]
pub struct Text(ByteString);

impl Text {
    /// The empty text. Does not allocate.
    pub const fn new() -> Self {
        Self(ByteString::new())
    }

    /// A text over a string that lives as long as the program. Does not allocate.
    pub const fn from_static(text: &'static str) -> Self {
        Self(ByteString::from_static(text))
    }

    /// Takes over a buffer that must be UTF-8; checks it once.
    ///
    /// # Errors
    /// Returns the buffer's UTF-8 error where it is not UTF-8.
    pub fn from_utf8(bytes: Bytes) -> Result<Self, std::str::Utf8Error> {
        ByteString::try_from(bytes).map(Self)
    }

    /// The slice of this text's buffer that `part` points at; shares the buffer.
    ///
    /// # Panics
    /// Where `part` is not a part of this text: a mistake of the caller, never of the data.
    #[must_use]
    pub fn slice_ref(&self, part: &str) -> Self {
        if part.is_empty() {
            return Self::new();
        }
        Self(self.0.slice_ref(part))
    }

    /// A copy in a buffer of its own, so that a large page behind this text can be freed.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self::from(self.as_str())
    }

    /// The text as a `&str`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Text {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Text {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(ByteString::from(text))
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.as_str().to_owned()
    }
}

impl PartialEq for Text {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Text {}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl PartialOrd for Text {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Text {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.as_str().cmp(other.as_str())
    }
}

impl Hash for Text {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Text {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Text;

    #[test]
    fn slices_share_and_detach_copies() {
        let page = Text::from(String::from("/subscriptions/A"));
        let slice = page.slice_ref(&page[1..14]);
        assert_eq!(slice, "subscriptions");
        assert_eq!(slice.as_ptr(), page[1..].as_ptr());
        assert_ne!(slice.detached().as_ptr(), slice.as_ptr());
        assert_eq!(page.slice_ref(&page[3..3]), "");
    }

    #[test]
    fn invalid_utf8_is_an_error() {
        assert!(Text::from_utf8(bytes::Bytes::from_static(b"\xff")).is_err());
    }
}
