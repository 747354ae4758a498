//! Failures of the store: an error of `open`, a miss ever after.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod file_support;

use std::fs;
use std::time::Duration;

use atg_cache::FileCache;
use atg_core::{Cache as _, EntryOptions, ErrorKind, Invalidation};
use file_support::{only_entry, temporaries};

#[test]
fn open_says_what_is_in_the_way() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"").unwrap();
    for path in [file.join("below"), file] {
        let error = FileCache::builder(path).open().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{}", error.report());
        assert!(error.to_string().contains("something other than a directory is in the way"));
    }
    let error = FileCache::builder("nul\0").open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput, "{}", error.report());
}

#[tokio::test]
async fn a_store_that_breaks_is_a_miss() {
    let directory = tempfile::tempdir().unwrap();
    let cache = FileCache::builder(directory.path()).open().unwrap();
    cache.insert("a:1", "one".into(), EntryOptions::default()).await;
    fs::remove_dir_all(directory.path().join("v1")).unwrap();
    fs::write(directory.path().join("v1"), b"in the way").unwrap();
    cache.insert("a:1", "two".into(), EntryOptions::default().with_tag("tag")).await;
    assert_eq!(cache.get("a:1").await, None);
    for what in [
        Invalidation::Key("a:1".to_owned()),
        Invalidation::Glob("a:*".to_owned()),
        Invalidation::Tag("tag".to_owned()),
    ] {
        assert_eq!(cache.invalidate(&what).await, 0);
    }
    cache.clear().await;
    assert!(!cache.sweep().await);
    assert!(cache.lock_key("a:1", Duration::ZERO).await.is_none());
    let stats = cache.stats();
    assert!(stats.errors >= 4 && stats.hits == 0 && stats.misses == 1, "{stats}");
}

#[tokio::test]
async fn a_directory_that_went_is_made_again() {
    let directory = tempfile::tempdir().unwrap();
    let cache = FileCache::builder(directory.path()).open().unwrap();
    for value in [b"1", b"2"].map(|value| value.repeat(20_000)) {
        cache.insert("a:1", value.clone().into(), EntryOptions::default()).await;
        assert_eq!(cache.get("a:1").await, Some(value.into()));
        fs::remove_dir_all(directory.path().join("v1")).unwrap();
        assert_eq!(cache.get("a:1").await, None);
    }
    assert!(cache.sweep().await);
    assert!(cache.lock_key("a:1", Duration::ZERO).await.is_some());
    assert_eq!(cache.stats().errors, 0);
}

/// A tag that cannot be invalidated: the entries that could have it are not served any more.
#[tokio::test]
async fn an_invalidation_that_fails_is_not_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let cache = FileCache::builder(directory.path()).open().unwrap();
    cache.insert("a", "one".into(), EntryOptions::default().with_tag("tag")).await;
    fs::write(directory.path().join("v1/.tags"), b"in the way").unwrap();
    assert_eq!(cache.invalidate(&Invalidation::Tag("tag".to_owned())).await, 0);
    fs::remove_file(directory.path().join("v1/.tags")).unwrap();
    assert_eq!((cache.get("a").await, cache.stats().errors), (None, 1));
}

#[tokio::test]
async fn a_value_that_cannot_be_kept_takes_the_one_before_with_it() {
    let directory = tempfile::tempdir().unwrap();
    let cache = FileCache::builder(directory.path()).max_entry_bytes(200).open().unwrap();
    let insert = async |value: &[u8], options| {
        cache.insert("a", value.to_vec().into(), options).await;
        cache.get("a").await
    };
    assert!(insert(&[0; 151], EntryOptions::default()).await.is_some());
    assert_eq!(insert(&[0; 152], EntryOptions::default()).await, None);
    assert!(insert(b"", EntryOptions::default()).await.is_some());
    assert_eq!(insert(b"", EntryOptions::ttl(Duration::ZERO)).await, None);
    assert!(insert(b"", EntryOptions::default()).await.is_some());
    assert_eq!(insert(b"", EntryOptions::default().with_tag("t".repeat(2_000_000))).await, None);
    let stats = cache.stats();
    assert_eq!((stats.rejected, stats.replaced, stats.inserted, stats.entries), (3, 3, 3, 0));

    // The write fails: its place is counted in a file that is no file.
    assert!(insert(b"before", EntryOptions::default()).await.is_some());
    let written = directory.path().join("v1/.written");
    let _ = fs::remove_file(&written);
    fs::create_dir(&written).unwrap();
    let cache = FileCache::builder(directory.path()).open().unwrap();
    cache.insert("a", vec![0; 100_000].into(), EntryOptions::default()).await;
    assert_eq!((cache.get("a").await, cache.stats().errors), (None, 1));
    assert!(temporaries(directory.path()).is_empty());
}

#[cfg(unix)]
#[tokio::test]
async fn files_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let root = directory.path().join("cache");
    let cache = FileCache::builder(&root).open().unwrap();
    cache.insert("a:1", "one".into(), EntryOptions::default()).await;
    let mut path = only_entry(&root);
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    while path != root {
        path.pop();
        assert_eq!(mode(&path), 0o700, "{}", path.display());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_directory_that_may_only_be_read_serves_and_keeps_nothing() {
    use std::os::unix::fs::PermissionsExt as _;
    let directory = tempfile::tempdir().unwrap();
    let cache = FileCache::builder(directory.path()).open().unwrap();
    cache.insert("a:1", "one".into(), EntryOptions::default()).await;
    let set = |mode| {
        let shard = only_entry(directory.path()).parent().unwrap().to_owned();
        let places = [directory.path().join("v1/.temporaries"), shard];
        for place in places {
            fs::set_permissions(place, fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    set(0o500);
    let root_may_write = fs::write(directory.path().join("v1/.temporaries/x"), b"").is_ok();
    if !root_may_write {
        let cache = FileCache::builder(directory.path()).open().unwrap();
        cache.insert("b:1", "two".into(), EntryOptions::default()).await;
        assert_eq!(cache.get("a:1").await, Some("one".into()));
        assert_eq!((cache.get("b:1").await, cache.stats().errors), (None, 1));
        // The value before cannot be removed, and must not be served.
        cache.insert("a:1", "newer".into(), EntryOptions::default()).await;
        assert_eq!(cache.get("a:1").await, None);
    }
    set(0o700);
}
