//! [`References`]: finding the subscriptions that a text refers to.

use std::ops::Range;

use aho_corasick::AhoCorasick;
use atg_core::{Error, ErrorKind, Result};

/// What stands before a subscription's id: in an id, in an id within JSON that escapes slashes,
/// and as a member of a JSON object.
const BEFORE: [&str; 3] = ["/subscriptions/", r"/subscriptions\/", r#""subscriptionid""#];
const MEMBER: usize = 2;

/// Finds references to subscriptions in ids and JSON texts, whatever their case.
#[derive(Debug)]
pub(super) struct References {
    before: AhoCorasick,
}

impl References {
    pub(super) fn new() -> Result<Self> {
        let before = AhoCorasick::builder().ascii_case_insensitive(true).build(BEFORE);
        let before = before.map_err(|error| {
            Error::new(ErrorKind::Internal, "scale graph", "the search cannot be built")
                .with_source(error)
        })?;
        Ok(Self { before })
    }

    /// Every place where `text` refers to a subscription that `known` knows, with what it says
    /// of it.
    pub(super) fn find<'t, T: 't>(
        &'t self,
        text: &'t str,
        known: impl Fn(&str) -> Option<T> + 't,
    ) -> impl Iterator<Item = (Range<usize>, T)> + 't {
        self.before.find_iter(text).filter_map(move |found| {
            let mut at = found.end();
            if found.pattern().as_usize() == MEMBER {
                at += value_start(text.get(at..)?)?;
            }
            let (length, what) = leading_id(text.get(at..)?, &known)?;
            Some((at..at + length, what))
        })
    }
}

/// Where the text of a JSON string begins that follows a member's name.
fn value_start(text: &str) -> Option<usize> {
    let value = text.trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
    Some(text.len() - value.len())
}

/// The known id that `text` begins with, and its length: up to the next slash or quote; else,
/// where other text follows it, as far as ids reach.
fn leading_id<T>(text: &str, known: &impl Fn(&str) -> Option<T>) -> Option<(usize, T)> {
    let segment = text.split(['/', '"', '\\']).next()?;
    if let Some(what) = known(segment) {
        return Some((segment.len(), what));
    }
    let in_id = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    let word = segment.split(|c| !in_id(c)).next()?.trim_end_matches('.');
    (word.len() < segment.len()).then(|| known(word))?.map(|what| (word.len(), what))
}

#[cfg(test)]
mod tests {
    use super::References;

    fn found(text: &str) -> Vec<&str> {
        let references = References::new().unwrap();
        let known = |id: &str| (id.eq_ignore_ascii_case("s-1") || id == "a b").then_some(());
        let places: Vec<_> = references.find(text, known).map(|(place, ())| place).collect();
        places.into_iter().map(|place| &text[place]).collect()
    }

    #[test]
    fn references_are_found_in_every_spelling() {
        for (text, expected) in [
            ("/subscriptions/s-1", vec!["s-1"]),
            ("/SUBSCRIPTIONS/S-1/resourceGroups/g", vec!["S-1"]),
            (r#"{"id":"/Subscriptions/s-1","b":"/subscriptions/S-1/x"}"#, vec!["s-1", "S-1"]),
            (r#"{"id":"\/subscriptions\/s-1\/x"}"#, vec!["s-1"]),
            (r#"{"subscriptionId":"s-1"}"#, vec!["s-1"]),
            (r#"{"SubscriptionID" : "S-1"}"#, vec!["S-1"]),
            ("https://host/subscriptions/s-1?api-version=1", vec!["s-1"]),
            ("see /subscriptions/s-1. Or /subscriptions/s-1, or", vec!["s-1", "s-1"]),
            ("/subscriptions/a b/x", vec!["a b"]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn what_only_looks_like_one_is_left_alone() {
        for text in [
            "/subscriptions/s-10/x",
            "/subscriptions/s-1.x",
            "/subscriptions/s-1é",
            "subscriptions/s-1",
            "/subscriptions/",
            "/subscriptions",
            r#"{"subscriptionId":s-1}"#,
            r#"{"subscriptionId""#,
            r#"{"mySubscriptionId":"s-2"}"#,
            "s-1",
            "",
        ] {
            assert!(found(text).is_empty(), "{text}");
        }
    }
}
