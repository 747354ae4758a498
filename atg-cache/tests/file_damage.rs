//! Damaged, cut off, foreign and misplaced files: never a wrong value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod file_support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use atg_cache::{Clock, FileCache};
use atg_core::{Cache as _, EntryOptions, Invalidation};
use file_support::{entry_files, only_entry};
use tempfile::TempDir;

const KEY: &str = "vm_list:a";

fn open(directory: &Path) -> FileCache {
    FileCache::builder(directory).open().unwrap()
}

/// A cache with one small entry, and its file.
async fn one_entry() -> (TempDir, FileCache, std::path::PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let cache = open(directory.path());
    let options = EntryOptions::ttl(Duration::from_secs(3_600)).with_tag("tag");
    cache.insert(KEY, "value".into(), options).await;
    let file = only_entry(directory.path());
    (directory, cache, file)
}

async fn misses(cache: &FileCache, file: &Path, contents: &[u8], what: &str) {
    fs::write(file, contents).unwrap();
    assert_eq!(cache.get(KEY).await, None, "{what}");
    assert!(!file.exists(), "{what}: the file stays");
}

#[tokio::test]
async fn a_flipped_bit_is_a_miss() {
    let (_directory, cache, file) = one_entry().await;
    let good = fs::read(&file).unwrap();
    for bit in 0..good.len() * 8 {
        let mut damaged = good.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        misses(&cache, &file, &damaged, &format!("bit {bit}")).await;
    }
    assert_eq!(cache.stats().corrupt, good.len() as u64 * 8);
    fs::write(&file, good).unwrap();
    assert_eq!(cache.get(KEY).await, Some("value".into()));
}

#[tokio::test]
async fn a_file_of_another_length_is_a_miss() {
    let (_directory, cache, file) = one_entry().await;
    let good = fs::read(&file).unwrap();
    for length in 0..good.len() {
        misses(&cache, &file, &good[..length], &format!("cut off at {length}")).await;
    }
    misses(&cache, &file, &[&good[..], b"x"].concat(), "a byte too many").await;
    misses(&cache, &file, &good.repeat(2), "twice").await;
    misses(&cache, &file, b"something else altogether, and longer than a header", "other").await;
    assert_eq!(cache.stats().corrupt, good.len() as u64 + 3);
}

#[tokio::test]
async fn a_damaged_header_is_no_trouble_for_globs_and_sweeps() {
    let (directory, cache, file) = one_entry().await;
    let good = fs::read(&file).unwrap();
    for byte in 0..good.len() {
        let mut damaged = good.clone();
        damaged[byte] = !damaged[byte];
        // The sweep takes the directories that are empty.
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, damaged).unwrap();
        cache.invalidate(&Invalidation::Glob("other:*".to_owned())).await;
        assert!(cache.sweep().await);
        assert_eq!(cache.get(KEY).await, None, "byte {byte}");
    }
    assert!(entry_files(directory.path()).is_empty());
    assert_eq!(cache.stats().errors, 0);
}

#[tokio::test]
async fn another_keys_file_is_a_miss_and_is_replaced() {
    let (directory, cache, file) = one_entry().await;
    cache.insert("vm_list:b", "other".into(), EntryOptions::default()).await;
    let files = entry_files(directory.path());
    let other = files.iter().find(|path| **path != file).unwrap();
    // As if both keys had the same hash.
    fs::copy(other, &file).unwrap();
    assert_eq!(cache.get(KEY).await, None);
    assert_eq!(cache.get("vm_list:b").await, Some("other".into()));
    assert_eq!(cache.stats().corrupt, 0);
    cache.insert(KEY, "mine".into(), EntryOptions::default()).await;
    assert_eq!(cache.get(KEY).await, Some("mine".into()));
}

#[tokio::test]
async fn an_entry_from_the_future_is_a_miss() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual();
    let cache = FileCache::builder(directory.path()).clock(clock).open().unwrap();
    cache.insert("a", "met".into(), EntryOptions::default()).await;
    cache.insert("b", "not met".into(), EntryOptions::default()).await;
    time.set_back(Duration::from_millis(1));
    assert_eq!(cache.get("a").await, None);
    time.advance(Duration::from_millis(1));
    assert_eq!(cache.get("a").await, None);
    assert_eq!(cache.get("b").await, Some("not met".into()));
    time.set_back(Duration::from_secs(1));
    assert!(cache.sweep().await);
    time.advance(Duration::from_secs(1));
    assert_eq!((cache.get("b").await, cache.stats().corrupt), (None, 2));
}

#[tokio::test]
async fn a_clock_set_back_does_not_prolong() {
    let directory = tempfile::tempdir().unwrap();
    let (clock, time) = Clock::manual();
    let cache = FileCache::builder(directory.path()).clock(clock).open().unwrap();
    cache.insert("a", "one".into(), EntryOptions::ttl(Duration::from_secs(10))).await;
    time.advance(Duration::from_secs(10));
    assert_eq!(cache.get("a").await, None);
    time.set_back(Duration::from_secs(5));
    assert_eq!((cache.get("a").await, cache.stats().expired), (None, 1));
}

#[tokio::test]
async fn a_damaged_tag_is_a_miss_and_begins_anew() {
    let (directory, cache, _) = one_entry().await;
    let tag = Invalidation::Tag("tag".to_owned());
    let tagged = || EntryOptions::default().with_tag("tag");
    cache.invalidate(&tag).await;
    cache.insert(KEY, "new".into(), tagged()).await;
    assert_eq!(cache.get(KEY).await, Some("new".into()));
    let tags = fs::read_dir(directory.path().join("v1/.tags")).unwrap();
    let [file] = tags.map(|tag| tag.unwrap().path()).collect::<Vec<_>>().try_into().unwrap();
    fs::write(&file, b"").unwrap();
    assert_eq!(cache.get(KEY).await, None);
    cache.insert(KEY, "newer".into(), tagged()).await;
    assert_eq!(cache.get(KEY).await, Some("newer".into()));
}
