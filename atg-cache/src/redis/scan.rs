//! Removing what a pattern matches, a batch at a time.

use ::redis::{Pipeline, Value};

use super::server::{Server, Unanswered, number};

/// How many names are looked at, and removed, in one go.
const BATCH: usize = 500;

/// Removes what matches the server's pattern and is wanted; returns how many went. Looks at every
/// name of the database: a round trip for each 500, each within the server's time.
pub(crate) async fn remove(
    server: &Server,
    pattern: &str,
    wanted: impl Fn(&[u8]) -> bool + Send + Sync,
) -> Result<u64, Unanswered> {
    let (mut removed, mut batch, mut cursor) = (0, Vec::new(), Some(0));
    while cursor.is_some() || !batch.is_empty() {
        let mut commands = Pipeline::new();
        if !batch.is_empty() {
            commands.cmd("UNLINK").arg(std::mem::take(&mut batch));
        }
        if let Some(cursor) = cursor {
            commands.cmd("SCAN").arg(cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(BATCH);
        }
        let read = |answers| step(answers, cursor.is_some());
        let found = server.ask(&commands, server.deadline(), read).await?;
        removed += found.removed;
        cursor = found.cursor;
        batch.extend(found.names.into_iter().filter(|name| wanted(name)));
    }
    Ok(removed)
}

/// What one round trip brought.
#[derive(Debug, Default, PartialEq, Eq)]
struct Step {
    removed: u64,
    /// Where to go on; `None` at the end.
    cursor: Option<u64>,
    names: Vec<Vec<u8>>,
}

/// Reads the answers to an UNLINK, if there was one, and to a SCAN, if there was one.
fn step(mut answers: Vec<Value>, scanned: bool) -> Option<Step> {
    let mut step = if scanned { page(answers.pop()?)? } else { Step::default() };
    if let Some(answer) = answers.pop() {
        step.removed = number(&answer)?;
    }
    Some(step)
}

fn page(answer: Value) -> Option<Step> {
    let Value::Array(parts) = answer else { return None };
    let parts: [Value; 2] = parts.try_into().ok()?;
    let [Value::BulkString(cursor), Value::Array(names)] = parts else { return None };
    let cursor: u64 = std::str::from_utf8(&cursor).ok()?.parse().ok()?;
    let name = |name| if let Value::BulkString(name) = name { Some(name) } else { None };
    let names = names.into_iter().map(name).collect::<Option<_>>()?;
    Some(Step { removed: 0, cursor: Some(cursor).filter(|cursor| *cursor != 0), names })
}

#[cfg(test)]
mod tests {
    use ::redis::Value;

    use super::{Step, step};

    fn text(text: &str) -> Value {
        Value::BulkString(text.into())
    }

    #[test]
    fn answers_are_read_strictly() {
        let page = |cursor| Value::Array(vec![text(cursor), Value::Array(vec![text("a")])]);
        let expected = Step { removed: 3, cursor: Some(7), names: vec![b"a".to_vec()] };
        assert_eq!(step(vec![Value::Int(3), page("7")], true), Some(expected));
        assert_eq!(step(vec![page("0")], true).unwrap().cursor, None);
        assert_eq!(step(vec![page("x")], true), None);
        assert_eq!(step(vec![text("a")], true), None);
        assert_eq!(step(vec![Value::Nil], false), None);
    }
}
