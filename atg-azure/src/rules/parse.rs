//! Rules from text.

use super::{Rule, Target};

/// One line: a rule, nothing (a comment, an empty line), or why it is neither.
pub(super) fn line(line: &str) -> Result<Option<Rule>, String> {
    let code = line.split_once('#').map_or(line, |(code, _)| code);
    let mut words = code.split_whitespace();
    let Some(source) = words.next() else {
        return Ok(None);
    };
    let (Some(path), Some(relation)) = (words.next(), words.next()) else {
        return Err("a rule is `source-type path RELATION [target]`".to_owned());
    };
    let target = words.next().map_or(Ok(Target::ArmId), |word| {
        Target::from_name(word).ok_or_else(|| {
            format!("{word:?} is no target: use id, parent, principal, host or group")
        })
    })?;
    match words.next() {
        Some(extra) => Err(format!("{extra:?} follows a complete rule")),
        None => Ok(Some(Rule::new(source, path, relation).with_target(target))),
    }
}
