//! A file, parsed once and again when it changes.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::{Duration, SystemTime};

use atg_cache::FileValue;
use atg_core::ErrorKind;

/// Writes a version that was last changed so many hours ago.
fn write(path: &Path, text: &str, hours: u64) {
    fs::write(path, text).unwrap();
    let time = SystemTime::now() - Duration::from_secs(3_600 * hours);
    File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

fn number(path: &Path) -> (FileValue<u64>, Arc<AtomicU64>) {
    let parses = Arc::new(AtomicU64::new(0));
    let count = parses.clone();
    let parse = move |bytes: &[u8]| {
        count.fetch_add(1, SeqCst);
        Ok(std::str::from_utf8(bytes)?.trim().parse()?)
    };
    (FileValue::new(path, parse), parses)
}

#[test]
fn it_is_parsed_once_a_version() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("value");
    let (value, parses) = number(&path);
    assert_eq!(value.get().unwrap_err().kind(), ErrorKind::NotFound);
    write(&path, "1", 9);
    for _ in 0..5 {
        assert_eq!(*value.get().unwrap(), 1);
    }
    assert_eq!((parses.load(SeqCst), value.problem().is_none()), (1, true));
    // The same size at another time; the same size and time as another file.
    write(&path, "2", 8);
    assert_eq!(*value.get().unwrap(), 2);
    let other = directory.path().join("other");
    write(&other, "3", 8);
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    File::options().write(true).open(&other).unwrap().set_modified(time).unwrap();
    fs::rename(&other, &path).unwrap();
    assert_eq!(*value.get().unwrap(), 3);
    assert_eq!(parses.load(SeqCst), 3);
}

#[test]
fn a_second_change_within_one_tick_is_seen() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("value");
    let (value, parses) = number(&path);
    write(&path, "1", 0);
    assert_eq!(*value.get().unwrap(), 1);
    assert_eq!(*value.get().unwrap(), 1);
    assert_eq!(parses.load(SeqCst), 1, "the same bytes are not parsed again");
    let time = fs::metadata(&path).unwrap().modified().unwrap();
    fs::write(&path, "2").unwrap();
    File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
    assert_eq!(*value.get().unwrap(), 2);
}

#[test]
fn a_broken_version_keeps_the_value_and_says_so() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("value");
    let (value, parses) = number(&path);
    write(&path, "one", 9);
    assert_eq!(value.get().unwrap_err().kind(), ErrorKind::InvalidData);
    write(&path, "1", 8);
    assert_eq!(*value.get().unwrap(), 1);
    write(&path, "two", 7);
    for _ in 0..3 {
        assert_eq!(*value.get().unwrap(), 1);
    }
    assert_eq!(parses.load(SeqCst), 3, "a broken version is parsed once, too");
    assert!(value.problem().unwrap().report().contains("is not what it must be"));
    fs::remove_file(&path).unwrap();
    assert_eq!(*value.get().unwrap(), 1);
    assert_eq!(value.problem().unwrap().kind(), ErrorKind::NotFound);
    write(&path, "4", 7);
    assert_eq!((*value.get().unwrap(), value.problem().is_none()), (4, true));
}
