//! [`members`]: the top level of a JSON object, as slices of its text.

/// The members of a compact JSON object: each name with the text of its value.
///
/// Only for text that this simulator wrote: names without escapes, and valid JSON. What is not so
/// ends the iteration. Cost: one pass over the bytes, no allocation.
pub(super) fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = object.trim().strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || {
        let (name, after) = rest.strip_prefix('"')?.split_once('"')?;
        let text = after.strip_prefix(':')?;
        let (value, tail) = text.split_at_checked(value_length(text)?)?;
        rest = tail.strip_prefix(',').unwrap_or_default();
        Some((name, value))
    })
}

/// How many bytes the value takes that the text begins with; `None` where it does not end.
fn value_length(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut depth, mut at) = (0_usize, 0);
    loop {
        match bytes.get(at)? {
            b'"' => at += string_length(bytes.get(at..)?)? - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
        at += 1;
    }
}

/// How many bytes the string takes that the bytes begin with, its quotes included.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += bytes.get(at..)?.iter().position(|byte| matches!(byte, b'"' | b'\\'))?;
        if bytes.get(at)? == &b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_text_whatever_they_hold() {
        let object =
            r#"{"id":"/a,}\"\\","n":-1.5e3,"o":{"x":[1,{"y":"]"}],"z":null},"e":{},"l":true}"#;
        let found: Vec<_> = members(object).collect();
        let expected = [
            ("id", r#""/a,}\"\\""#),
            ("n", "-1.5e3"),
            ("o", r#"{"x":[1,{"y":"]"}],"z":null}"#),
            ("e", "{}"),
            ("l", "true"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_is_no_object_has_no_members() {
        for text in ["", "{}", "[1]", "{\"a\"", "{\"a\":", "{\"a\":\"x"] {
            assert_eq!(members(text).count(), 0, "{text}");
        }
    }
}
