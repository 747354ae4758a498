//! Random operations against a map with a clock.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashMap;
use std::path::Path;
use std::time::Duration;

use atg_cache::{Clock, FileCache, ManualTime};
use atg_core::{Cache as _, EntryOptions, Found, Invalidation, glob_matches};
use bytes::Bytes;
use futures::executor::block_on;
use proptest::prelude::*;

const KEYS: [&str; 6] = ["vm:a", "vm:b", "disk:a", "disk", "", "VM:ä\n"];
const GLOBS: [&str; 6] = ["vm:*", "*:a", "d*", "*", "disk", "V*ä*"];
const TAGS: [&str; 3] = ["red", "blue", ""];

#[derive(Debug, Clone)]
enum Operation {
    Insert { key: usize, value: Vec<u8>, time_to_live: Option<Duration>, tags: Vec<usize> },
    Get(usize),
    ForgetKey(usize),
    ForgetGlob(usize),
    ForgetTag(usize),
    Clear,
    Sweep,
    Reopen,
    Advance(Duration),
    SetBack(Duration),
}

fn operation() -> impl Strategy<Value = Operation> {
    use Operation::*;
    let time = || prop_oneof![0..5_000_u64, 0..200_000_000_u64].prop_map(Duration::from_millis);
    let key = || 0..KEYS.len();
    let tags = proptest::collection::vec(0..TAGS.len(), 0..3);
    let value = proptest::collection::vec(any::<u8>(), 0..40);
    prop_oneof![
        8 => (key(), value, proptest::option::of(time()), tags)
            .prop_map(|(key, value, time_to_live, tags)| Insert { key, value, time_to_live, tags }),
        10 => key().prop_map(Get),
        2 => key().prop_map(ForgetKey),
        1 => (0..GLOBS.len()).prop_map(ForgetGlob),
        2 => (0..TAGS.len()).prop_map(ForgetTag),
        1 => Just(Sweep),
        1 => Just(Reopen),
        1 => Just(Clear),
        3 => time().prop_map(Advance),
        1 => (0..3_000_u64).prop_map(Duration::from_millis).prop_map(SetBack),
    ]
}

struct Entry {
    value: Bytes,
    created: u64,
    expires: Option<u64>,
    tags: Vec<String>,
}

impl Entry {
    fn good(&self, now: u64) -> bool {
        self.created <= now && self.expires.is_none_or(|expires| now < expires)
    }
}

struct Subject<'a> {
    directory: &'a Path,
    clock: Clock,
    time: ManualTime,
    cache: FileCache,
    model: HashMap<&'static str, Entry>,
}

impl<'a> Subject<'a> {
    fn new(directory: &'a Path) -> Self {
        let (clock, time) = Clock::manual();
        let cache = Self::open(directory, &clock);
        Self { directory, clock, time, cache, model: HashMap::new() }
    }

    fn open(directory: &Path, clock: &Clock) -> FileCache {
        FileCache::builder(directory).clock(clock.clone()).open().unwrap()
    }

    fn run(&mut self, operation: Operation) {
        match operation {
            Operation::Insert { key, value, time_to_live, tags } => {
                let tags = tags.iter().map(|tag| TAGS[*tag].to_owned()).collect();
                self.insert(KEYS[key], value.into(), EntryOptions { time_to_live, tags });
            }
            Operation::Get(key) => self.get(KEYS[key]),
            Operation::ForgetKey(key) => {
                self.forget(&Invalidation::Key(KEYS[key].to_owned()), |name, _| name == KEYS[key]);
            }
            Operation::ForgetGlob(glob) => {
                let what = Invalidation::Glob(GLOBS[glob].to_owned());
                self.forget(&what, |key, _| glob_matches(GLOBS[glob], key));
            }
            Operation::ForgetTag(tag) => {
                let what = Invalidation::Tag(TAGS[tag].to_owned());
                self.forget(&what, |_, entry| entry.tags.iter().any(|name| name == TAGS[tag]));
            }
            Operation::Clear => {
                block_on(self.cache.clear());
                self.model.clear();
            }
            Operation::Sweep => {
                assert!(block_on(self.cache.sweep()));
                let now = self.clock.wall();
                self.model.retain(|_, entry| entry.good(now));
                assert_eq!(self.cache.stats().entries, self.model.len() as u64);
            }
            Operation::Reopen => self.cache = Self::open(self.directory, &self.clock),
            Operation::Advance(by) => self.time.advance(by),
            Operation::SetBack(by) => self.time.set_back(by),
        }
    }

    fn insert(&mut self, key: &'static str, value: Bytes, options: EntryOptions) {
        block_on(self.cache.insert(key, value.clone(), options.clone()));
        self.model.remove(key);
        let created = self.clock.wall();
        let time = options.time_to_live.map(|time| u64::try_from(time.as_millis()).unwrap());
        if time != Some(0) {
            let expires = time.map(|time| created + time);
            self.model.insert(key, Entry { value, created, expires, tags: options.tags });
        }
    }

    fn get(&mut self, key: &'static str) {
        let now = self.clock.wall();
        if self.model.get(key).is_some_and(|entry| !entry.good(now)) {
            self.model.remove(key);
        }
        let expected = self.model.get(key).map(|entry| {
            let time_to_live = entry.expires.map(|expires| Duration::from_millis(expires - now));
            let options = Some(EntryOptions { time_to_live, tags: entry.tags.clone() });
            Found { value: entry.value.clone(), options }
        });
        assert_eq!(block_on(self.cache.find(key)), expected, "{key:?}");
    }

    fn forget(&mut self, what: &Invalidation, goes: impl Fn(&str, &Entry) -> bool) {
        block_on(self.cache.invalidate(what));
        self.model.retain(|key, entry| !goes(key, entry));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..Default::default() })]

    #[test]
    fn it_behaves_as_a_map_with_a_clock(
        operations in proptest::collection::vec(operation(), 1..80),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let mut subject = Subject::new(directory.path());
        for operation in operations {
            subject.run(operation);
        }
        for key in KEYS {
            subject.get(key);
        }
        prop_assert_eq!(subject.cache.stats().errors, 0);
    }
}
