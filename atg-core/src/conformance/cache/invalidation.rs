//! Invalidation: what is named goes, at once, and nothing else.

use std::sync::Arc;

use bytes::Bytes;

use super::Subject;
use crate::conformance::suite::{Outcome, Suite, ensure};
use crate::{Cache, EntryOptions, Invalidation, glob_matches};

pub(super) async fn run<C: Cache<Bytes> + 'static>(suite: &mut Suite<'_, Subject<'_, C>>) {
    suite.check("one_key_is_invalidated", one_key_is_invalidated).await;
    suite.check("a_glob_takes_exactly_what_it_matches", a_glob_takes_what_it_matches).await;
    suite.check("a_tag_takes_exactly_what_has_it", a_tag_takes_what_has_it).await;
    suite.check("replacing_replaces_the_tags", replacing_replaces_the_tags).await;
    suite.check("what_was_invalidated_may_come_again", what_was_invalidated_may_come_again).await;
}

type Given<'a, C> = Arc<Subject<'a, C>>;

/// Invalidates, and checks the count: all that went, or 0 where the cache cannot tell.
async fn invalidate<C: Cache<Bytes>>(
    cache: &Given<'_, C>,
    what: &Invalidation,
    going: usize,
) -> Outcome {
    let count = cache.cache.invalidate(what).await;
    ensure(count == 0 || count == going as u64, || {
        format!("{what:?} says that {count} entries went; it should be {going}, or 0")
    })
}

async fn one_key_is_invalidated<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    for key in ["a", "ab", "a*", "A"] {
        cache.keep(key, key).await;
    }
    invalidate(&cache, &Invalidation::Key("a*".to_owned()), 1).await?;
    cache.misses("a*").await?;
    for key in ["a", "ab", "A"] {
        cache.serves(key, key).await?;
    }
    invalidate(&cache, &Invalidation::Key("none".to_owned()), 0).await?;
    invalidate(&cache, &Invalidation::Key("a".to_owned()), 1).await?;
    cache.misses("a").await?;
    cache.serves("ab", "ab").await
}

async fn a_glob_takes_what_it_matches<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    let keys = [
        "vm_list:a:b",
        "vm_list:",
        "vm_list",
        "VM_LIST:a",
        "vm-list:a",
        "vmXlist:a",
        "x:vm_list:a",
        "disk:a",
        "disk:[a]",
        "disk:a?",
        "disk:aa",
        "a.b",
        "axb",
        "a\\b",
        "it's:ä:1",
        "it's:ä:2",
        "",
        "%",
        "_",
    ];
    let globs = [
        "vm_list:*",
        "*:a",
        "disk:a?",
        "disk:[a]",
        "a.b",
        "*list*",
        "d*k:*a",
        "it's:ä:*",
        "a\\*",
        "%",
        "_",
        "none*",
        "",
        "**",
        "*",
    ];
    for glob in globs {
        for key in keys {
            cache.keep(key, key).await;
        }
        let going = keys.iter().filter(|key| glob_matches(glob, key)).count();
        invalidate(&cache, &Invalidation::Glob(glob.to_owned()), going).await?;
        for key in keys {
            let outcome = if glob_matches(glob, key) {
                cache.misses(key).await
            } else {
                cache.serves(key, key).await
            };
            outcome.map_err(|broken| format!("after the glob {glob:?}: {}", broken.0))?;
        }
    }
    Ok(())
}

async fn a_tag_takes_what_has_it<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    let tagged = |tags: &[&str]| {
        tags.iter().fold(EntryOptions::default(), |options, tag| options.with_tag(*tag))
    };
    let entries: [(&str, &[&str]); 6] = [
        ("none", &[]),
        ("one", &["red"]),
        ("two", &["red", "blue"]),
        ("other", &["blue"]),
        ("longer", &["reddish", "Red", "red*"]),
        ("red", &[]),
    ];
    for (tag, taken) in [("red", 2), ("blue", 2), ("red*", 1), ("r*", 0), ("Red", 1)] {
        for (key, tags) in entries {
            cache.insert(key, key, tagged(tags)).await;
        }
        invalidate(&cache, &Invalidation::Tag(tag.to_owned()), taken).await?;
        for (key, tags) in entries {
            if tags.contains(&tag) {
                cache.misses(key).await?;
            } else {
                cache.serves(key, key).await?;
            }
        }
    }
    Ok(())
}

async fn replacing_replaces_the_tags<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    cache.insert("a", "one", EntryOptions::default().with_tag("old")).await;
    cache.insert("a", "two", EntryOptions::default().with_tag("new")).await;
    invalidate(&cache, &Invalidation::Tag("old".to_owned()), 0).await?;
    cache.serves("a", "two").await?;
    invalidate(&cache, &Invalidation::Tag("new".to_owned()), 1).await?;
    cache.misses("a").await
}

async fn what_was_invalidated_may_come_again<C: Cache<Bytes>>(cache: Given<'_, C>) -> Outcome {
    let ways = [
        Invalidation::Key("a".to_owned()),
        Invalidation::Glob("a*".to_owned()),
        Invalidation::Tag("tag".to_owned()),
    ];
    for what in ways {
        cache.insert("a", "one", EntryOptions::default().with_tag("tag")).await;
        invalidate(&cache, &what, 1).await?;
        cache.misses("a").await?;
        cache.insert("a", "two", EntryOptions::default()).await;
        cache.serves("a", "two").await?;
    }
    Ok(())
}
