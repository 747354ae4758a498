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

/// How many bytes the value takes that the text begins with.
fn value_length(text: &str) -> Option<usize> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        if quoted {
            quoted = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'"' => quoted = true,
            b'{' | b'[' => depth += 1,
            b'}' | b']' | b',' if depth == 0 => return Some(at),
            b'}' | b']' => depth -= 1,
            _ => {}
        }
    }
    None
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
