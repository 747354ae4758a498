//! Several handles on one directory, its size, and its turns.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod file_support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use atg_cache::{Clock, FileCache};
use atg_core::{Cache as _, EntryOptions, Invalidation};
use file_support::{entry_files, temporaries};

const HOUR: Duration = Duration::from_secs(3_600);

fn open(directory: &Path) -> FileCache {
    FileCache::builder(directory).open().unwrap()
}

#[tokio::test]
async fn one_handle_serves_and_invalidates_what_another_wrote() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = [open(directory.path()), open(directory.path())];
    let ways = [
        Invalidation::Tag("red".to_owned()),
        Invalidation::Glob("a:*".to_owned()),
        Invalidation::Key("a:1".to_owned()),
    ];
    for what in ways {
        one.insert("a:1", "one".into(), EntryOptions::ttl(HOUR).with_tag("red")).await;
        let found = two.find("a:1").await.unwrap();
        let options = found.options.unwrap();
        assert_eq!((found.value, options.tags), ("one".into(), vec!["red".to_owned()]));
        let left = options.time_to_live.unwrap();
        assert!(left <= HOUR && left > HOUR / 2);
        two.invalidate(&what).await;
        assert_eq!(one.get("a:1").await, None, "{what:?}");
    }
}

#[tokio::test]
async fn any_text_is_a_key() {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let long = format!("vm:{}", "ä/".repeat(32 * 1_024));
    let keys = ["", ":", "::", "a\0b:\n", "../../x:y", "CON:x", "\u{202e}:🦀", &long];
    for key in keys {
        cache.insert(key, key.to_owned().into(), EntryOptions::default()).await;
    }
    for key in keys {
        assert_eq!(open(directory.path()).get_blocking(key), Some(key.to_owned().into()));
    }
    assert_eq!(cache.invalidate(&Invalidation::Glob("vm:ä/*".to_owned())).await, 1);
    assert_eq!(cache.invalidate(&Invalidation::Glob("*".to_owned())).await, 7);
}

#[tokio::test]
async fn a_tag_stays_invalid_however_long_ago() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual();
    let cache = FileCache::builder(directory.path()).clock(clock).open().unwrap();
    let tag_files = || fs::read_dir(directory.path().join("v1/.tags")).unwrap().count();
    let tagged = |tag| EntryOptions::default().with_tag(tag);
    cache.insert("a", "stale".into(), tagged("red")).await;
    for tag in ["red", "blue", "green"] {
        cache.invalidate(&Invalidation::Tag(tag.to_owned())).await;
    }
    cache.insert("b", "fresh".into(), tagged("blue")).await;
    assert!(cache.sweep().await);
    assert_eq!(tag_files(), 3);
    time.advance(25 * HOUR);
    assert!(cache.sweep().await);
    // The one that an entry has stays.
    assert_eq!(tag_files(), 1);
    assert_eq!((cache.get("a").await, cache.get("b").await), (None, Some("fresh".into())));
    assert_eq!(cache.stats().invalidated, 1);
}

#[tokio::test]
async fn the_size_is_bounded_and_the_oldest_goes_first() {
    const BOUND: u64 = 1_000_000;
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual();
    let builder = FileCache::builder(directory.path()).max_bytes(BOUND).clock(clock);
    let cache = builder.open().unwrap();
    for number in 0..1_000 {
        time.advance(Duration::from_millis(1));
        cache.insert(&format!("k:{number}"), vec![0; 3_000].into(), EntryOptions::default()).await;
        let files = entry_files(directory.path());
        assert!(files.len() as u64 * 4_096 <= BOUND + 2 * 16_384, "{} files", files.len());
    }
    let kept: Vec<bool> =
        (0..1_000).map(|number| cache.get_blocking(&format!("k:{number}")).is_some()).collect();
    let first = kept.iter().position(|kept| *kept).unwrap();
    assert!(kept[first..].iter().all(|kept| *kept), "the oldest go first");
    assert!((750..800).contains(&first), "{first}");
    let stats = cache.stats();
    assert_eq!((stats.entries, stats.evicted), (1_000 - first as u64, first as u64));
}

/// None of them writes as much as a unit of the common count.
#[tokio::test]
async fn many_short_lived_writers_keep_the_bound_together() {
    const BOUND: u64 = 1_000_000;
    let directory = tempfile::tempdir().unwrap();
    for number in 0..1_000 {
        let cache = FileCache::builder(directory.path()).max_bytes(BOUND).open().unwrap();
        cache.insert(&format!("k:{number}"), vec![0; 3_000].into(), EntryOptions::default()).await;
    }
    // What they count is right on average: this far off it is once in many billions of times.
    let weight = entry_files(directory.path()).len() as u64 * 4_096;
    assert!(weight <= 2 * BOUND, "{weight}");
}

#[tokio::test]
async fn replacing_does_not_use_up_the_bound() {
    let directory = tempfile::tempdir().unwrap();
    let cache = FileCache::builder(directory.path()).max_bytes(1_000_000).open().unwrap();
    for round in 0..10 {
        for number in 0..100 {
            let key = format!("k:{number}");
            cache.insert(&key, vec![round; 6_000].into(), EntryOptions::default()).await;
        }
    }
    let stats = cache.stats();
    assert_eq!((stats.evicted, stats.entries, stats.weight), (0, 100, 819_200), "{stats}");
}

#[tokio::test]
async fn a_sweep_takes_the_expired_first_and_tidies() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual();
    let cache = FileCache::builder(directory.path()).clock(clock).open().unwrap();
    cache.insert("old:1", "stays".into(), EntryOptions::default()).await;
    for number in 0..20 {
        cache.insert(&format!("new:{number}"), "goes".into(), EntryOptions::ttl(HOUR)).await;
    }
    time.advance(HOUR);
    fs::write(directory.path().join("v1/.temporaries/dead"), b"half").unwrap();
    fs::write(directory.path().join("v1/old/README"), b"not ours").unwrap();
    assert!(cache.sweep().await);
    let stats = cache.stats();
    assert_eq!((stats.expired, stats.evicted, stats.entries, stats.errors), (20, 0, 1, 0));
    assert!(temporaries(directory.path()).is_empty());
    assert!(!directory.path().join("v1/new").exists());
    assert_eq!(entry_files(directory.path()).len(), 2);
    assert_eq!(cache.get("old:1").await, Some("stays".into()));
}

#[tokio::test(start_paused = true)]
async fn one_at_a_time_has_the_turn() {
    let directory = tempfile::tempdir().unwrap();
    let [one, two] = [open(directory.path()), open(directory.path())];
    let turn = one.lock_key("a", Duration::ZERO).await.unwrap();
    assert!(two.lock_key("a", HOUR).await.is_none());
    assert!(one.lock_key("a", Duration::from_millis(1)).await.is_none());
    let waiting = tokio::spawn(async move { two.lock_key("a", Duration::MAX).await.is_some() });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(!waiting.is_finished());
    drop(turn);
    assert!(waiting.await.unwrap());
    let mut free = 0;
    let turn = one.lock_key("a", Duration::ZERO).await;
    for key in 0..64 {
        free += u32::from(one.lock_key(&key.to_string(), Duration::ZERO).await.is_some());
    }
    assert!(turn.is_some() && (32..=64).contains(&free), "{free}");
}
