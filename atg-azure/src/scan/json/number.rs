//! The grammar of numbers.

/// The length of the number that `bytes` starts with; `None` where it is not well-formed.
pub(super) fn length(bytes: &[u8]) -> Option<usize> {
    let mut at = usize::from(bytes.first() == Some(&b'-'));
    match digits(bytes, at) {
        0 => return None,
        count if count > 1 && bytes.get(at) == Some(&b'0') => return None,
        count => at += count,
    }
    if bytes.get(at) == Some(&b'.') {
        at = at + 1 + at_least_one(digits(bytes, at + 1))?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        at = at + 1 + sign + at_least_one(digits(bytes, at + 1 + sign))?;
    }
    Some(at)
}

fn digits(bytes: &[u8], from: usize) -> usize {
    let rest = bytes.get(from..).unwrap_or_default();
    rest.iter().take_while(|byte| byte.is_ascii_digit()).count()
}

fn at_least_one(count: usize) -> Option<usize> {
    (count > 0).then_some(count)
}
