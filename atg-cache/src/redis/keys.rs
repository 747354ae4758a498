//! [`Keys`]: what the tier's keys are called in the server.

/// What follows the prefix of an entry's key.
const ENTRY: &str = "key:";
/// What follows the prefix of a tag's key.
const TAG: &str = "tag:";

/// The layout: `{prefix}key:{key}` is an entry, `{prefix}tag:{tag}` a tag's generation, and
/// `{prefix}invalidations` the channel.
///
/// A prefix in which neither `key:` nor `tag:` occurs shares no name with any other such prefix,
/// even where one of them begins with the other.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    prefix: String,
}

impl Keys {
    /// `None` where the prefix could make two layouts overlap.
    pub(crate) fn new(prefix: &str) -> Option<Self> {
        let clear = !prefix.contains(ENTRY) && !prefix.contains(TAG);
        clear.then(|| Self { prefix: prefix.to_owned() })
    }

    pub(crate) fn prefix(&self) -> &str {
        &self.prefix
    }

    pub(crate) fn entry(&self, key: &str) -> String {
        [&self.prefix, ENTRY, key].concat()
    }

    pub(crate) fn tag(&self, tag: &str) -> String {
        [&self.prefix, TAG, tag].concat()
    }

    pub(crate) fn channel(&self) -> String {
        [&self.prefix, "invalidations"].concat()
    }

    /// The key of the entry that is kept under this name; `None` for any other name.
    pub(crate) fn key_of<'a>(&self, name: &'a [u8]) -> Option<&'a str> {
        let key = name.strip_prefix(self.prefix.as_bytes())?.strip_prefix(ENTRY.as_bytes())?;
        std::str::from_utf8(key).ok()
    }

    /// The server's pattern of the entries that a glob matches.
    pub(crate) fn matching(&self, glob: &str) -> String {
        let mut pattern = escape(&self.prefix) + ENTRY;
        let pieces: Vec<String> = glob.split('*').map(escape).collect();
        pattern += &pieces.join("*");
        // A run of stars means no more than one, and takes the server longer.
        while pattern.contains("**") {
            pattern = pattern.replace("**", "*");
        }
        pattern
    }

    /// The server's patterns of everything that is kept: the entries first, for a tag that is
    /// gone makes its entries no worse than missing.
    pub(crate) fn everything(&self) -> [String; 2] {
        let prefix = escape(&self.prefix);
        [format!("{prefix}{ENTRY}*"), format!("{prefix}{TAG}*")]
    }
}

/// Text that stands for itself in the server's patterns. Its `*` is escaped too.
fn escape(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len());
    for character in text.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
}

#[cfg(test)]
mod tests {
    use super::Keys;

    #[test]
    fn names_of_different_layouts_never_meet() {
        for prefix in ["atg:key:", "tag:", "akey:b"] {
            assert!(Keys::new(prefix).is_none(), "{prefix}");
        }
        let prefixes = ["", "a", "ak", "ake", "akey", "a:", "atag", "at", "ta", "key", "tag"];
        let mut names = std::collections::HashSet::new();
        for prefix in prefixes {
            let keys = Keys::new(prefix).unwrap();
            for text in ["", "key:", "y:key:", "tag:", "ey:", "a"] {
                assert!(names.insert(keys.entry(text)), "{prefix} {text}");
                assert!(names.insert(keys.tag(text)), "{prefix} {text}");
            }
        }
    }

    #[test]
    fn names_give_their_keys_back() {
        let keys = Keys::new("atg:").unwrap();
        assert_eq!(keys.key_of(keys.entry("key:ä*").as_bytes()), Some("key:ä*"));
        assert_eq!(keys.key_of(keys.tag("a").as_bytes()), None);
        assert_eq!(keys.key_of(b"atg:key:\xff"), None);
    }

    #[test]
    fn patterns_escape_all_but_the_star() {
        let keys = Keys::new("a*b:").unwrap();
        assert_eq!(keys.matching("x[1]?\\y**z*"), r"a\*b:key:x\[1\]\?\\y*z*");
        assert_eq!(keys.everything(), [r"a\*b:key:*", r"a\*b:tag:*"]);
    }
}
