//! Processes that hammer one directory and are killed at any moment.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::cast_possible_truncation)]

mod file_support;

use std::hash::{BuildHasher as _, RandomState};
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use atg_cache::FileCache;
use atg_core::{Cache as _, EntryOptions, Invalidation};
use futures::executor::block_on;

const DIRECTORY: &str = "ATG_CACHE_TEST_DIRECTORY";
const KEYS: u64 = 40;
const BOUND: u64 = 300_000;
/// What a child says after each step.
const STEP: u8 = b'+';

fn open(directory: &Path) -> FileCache {
    FileCache::builder(directory).max_bytes(BOUND).open().unwrap()
}

fn key(number: u64) -> String {
    format!("{}:{}", ["vm", "disk", "Net"][(number % 3) as usize], number % KEYS)
}

/// A value that names its key and carries a checksum.
fn value(key: &str, random: u64) -> Vec<u8> {
    let length = (random % 20_000) as usize;
    let mut value = format!("{key};{}", format!("{random:x}").repeat(length / 16)).into_bytes();
    value.extend(crc32fast::hash(&value).to_le_bytes());
    value
}

fn check(key: &str, value: &[u8]) {
    let (text, checksum) = value.split_last_chunk::<4>().expect("a checksum");
    assert_eq!(crc32fast::hash(text).to_le_bytes(), *checksum, "{key}: a torn value");
    assert!(text.starts_with(format!("{key};").as_bytes()), "{key}: another key's value");
}

fn step(cache: &FileCache, random: u64) {
    let key = key(random >> 8);
    let tag = || format!("tag {}", (random >> 16) % 4);
    match random % 64 {
        0 => drop(block_on(cache.invalidate(&Invalidation::Glob("vm:*".to_owned())))),
        1 => drop(block_on(cache.invalidate(&Invalidation::Tag(tag())))),
        2 => drop(block_on(cache.invalidate(&Invalidation::Key(key)))),
        3 => drop(block_on(cache.sweep())),
        4 if random & 0x700 == 0 => block_on(cache.clear()),
        5..20 => cache.insert_blocking(&key, &value(&key, random), EntryOptions::default()),
        20..30 => {
            let options = EntryOptions::ttl(Duration::from_millis(20)).with_tag(tag());
            cache.insert_blocking(&key, &value(&key, random), options);
        }
        _ => {
            if let Some(found) = cache.get_blocking(&key) {
                check(&key, &found);
            }
        }
    }
}

/// Not a test of its own: what the processes of the test below run, until they are killed.
#[test]
#[ignore = "runs in a process of its own"]
fn hammer() {
    let Some(directory) = std::env::var_os(DIRECTORY).map(PathBuf::from) else { return };
    let cache = open(&directory);
    let random = RandomState::new();
    let mut output = std::io::stdout();
    for number in 0_u64.. {
        step(&cache, random.hash_one(number));
        assert_eq!(cache.stats().errors, 0);
        // Nobody listens any more once the test is over.
        output.write_all(&[STEP]).and(output.flush()).expect("the test listens");
    }
}

fn spawn(directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "hammer", "--nocapture"])
        .env(DIRECTORY, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Kills a process once it has done this many steps.
fn kill_after(mut child: Child, steps: usize) {
    let output = BufReader::new(child.stdout.as_mut().unwrap());
    let done = output.bytes().map_while(Result::ok).filter(|byte| *byte == STEP).take(steps);
    assert_eq!(done.count(), steps, "the process ended by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn killed_processes_leave_no_wrong_value() {
    let directory = tempfile::tempdir().unwrap();
    let random = RandomState::new();
    for round in 0..6_u64 {
        std::thread::scope(|scope| {
            for process in 0..4_u64 {
                let steps = 50 + random.hash_one((round, process)) % 300;
                let child = spawn(directory.path());
                scope.spawn(move || kill_after(child, steps as usize));
            }
        });
    }
    let cache = open(directory.path());
    let found = (0..KEYS * 3).filter_map(|number| {
        let key = key(number);
        cache.get_blocking(&key).inspect(|value| check(&key, value))
    });
    found.for_each(drop);
    assert!(block_on(cache.sweep()));
    let stats = cache.stats();
    assert_eq!((stats.errors, stats.corrupt), (0, 0), "{stats}");
    assert!(stats.weight <= BOUND);
    assert!(file_support::temporaries(directory.path()).is_empty());
    // A handle still works on what they left.
    cache.insert_blocking("vm:0", b"after", EntryOptions::default());
    assert_eq!(cache.get_blocking("vm:0"), Some("after".into()));
}
