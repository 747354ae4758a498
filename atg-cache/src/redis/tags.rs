//! Tags: each has a generation in the server, and an entry is good as long as the generations it
//! was written with still stand.
//!
//! A generation is a random number: the one after is never one from before, not even where the
//! server has evicted or lost it. That takes one write to invalidate any number of entries.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use ::redis::{Pipeline, Value};
use bytes::Bytes;
use tokio::time::Instant;

use super::keys::Keys;
use super::server::{Server, Unanswered, values};

/// A number that nobody else draws: 64 bits from the system's randomness.
pub(crate) fn random() -> u64 {
    RandomState::new().hash_one(0)
}

/// Adds the command that makes every entry with this tag void.
pub(crate) fn renew(commands: &mut Pipeline, keys: &Keys, tag: &str) {
    commands.cmd("SET").arg(keys.tag(tag)).arg(random());
}

/// The tags with their generations, where a tag that has none is given one; `None` where the
/// server holds something else under a tag's name. One round trip.
pub(crate) async fn give(
    server: &Server,
    keys: &Keys,
    tags: &[String],
    until: Instant,
) -> Result<Option<Vec<(String, u64)>>, Unanswered> {
    if tags.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let mut commands = Pipeline::new();
    for tag in tags {
        commands.cmd("SET").arg(keys.tag(tag)).arg(random()).arg("NX");
    }
    let found = ask(server, commands, keys, tags, until).await?;
    let tagged = |(tag, found): (&String, Option<u64>)| Some((tag.clone(), found?));
    Ok(tags.iter().zip(found).map(tagged).collect())
}

/// The generations of those tags that have one. One round trip, none without tags.
pub(crate) async fn standing(
    server: &Server,
    keys: &Keys,
    mut tags: Vec<String>,
    until: Instant,
) -> Result<HashMap<String, u64>, Unanswered> {
    tags.sort_unstable();
    tags.dedup();
    if tags.is_empty() {
        return Ok(HashMap::new());
    }
    let found = ask(server, Pipeline::new(), keys, &tags, until).await?;
    Ok(tags.into_iter().zip(found).filter_map(|(tag, found)| Some((tag, found?))).collect())
}

/// Asks for the generations after other commands, whose answers do not matter.
async fn ask(
    server: &Server,
    mut commands: Pipeline,
    keys: &Keys,
    tags: &[String],
    until: Instant,
) -> Result<Vec<Option<u64>>, Unanswered> {
    let names: Vec<String> = tags.iter().map(|tag| keys.tag(tag)).collect();
    commands.cmd("MGET").arg(names);
    let read = |mut answers: Vec<Value>| values(answers.pop()?, tags.len());
    let found = server.ask(&commands, until, read).await?;
    Ok(found.into_iter().map(|value| value.as_ref().and_then(generation)).collect())
}

fn generation(value: &Bytes) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::{generation, random};

    #[test]
    fn generations_differ_and_are_read_strictly() {
        let drawn: std::collections::HashSet<u64> = (0..1_000).map(|_| random()).collect();
        assert_eq!(drawn.len(), 1_000);
        assert_eq!(generation(&Bytes::from(u64::MAX.to_string())), Some(u64::MAX));
        for other in ["", "-1", "x", "1 ", "18446744073709551616"] {
            assert_eq!(generation(&Bytes::from(other)), None, "{other}");
        }
    }
}
