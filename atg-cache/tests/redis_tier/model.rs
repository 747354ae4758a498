//! Random steps against a map.

use std::collections::HashMap;
use std::time::Duration;

use atg_cache::{Clock, ManualTime, RedisCache};
use atg_core::{Cache as _, EntryOptions, Invalidation, glob_matches};
use proptest::prelude::*;

use crate::support::{address, builder, value};

const KEYS: [&str; 5] = ["a", "ab", "a*", "[a]", ""];
const TAGS: [&str; 3] = ["", "red", "red*"];

#[derive(Debug, Clone)]
enum Step {
    Insert { key: usize, text: String, seconds: Option<u64>, tags: Vec<usize> },
    Invalidate(Invalidation),
    Clear,
    Advance(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let tags = prop::collection::vec(0..TAGS.len(), 0..3);
    let seconds = prop::option::of(0..20_u64);
    let insert = (0..KEYS.len(), "[a-z]{0,9}", seconds, tags)
        .prop_map(|(key, text, seconds, tags)| Step::Insert { key, text, seconds, tags });
    let invalidation = prop_oneof![
        prop::sample::select(&KEYS[..]).prop_map(|key| Invalidation::Key(key.to_owned())),
        prop::sample::select(&["*", "a*", "[a]", "*]", "**b"][..])
            .prop_map(|glob| Invalidation::Glob(glob.to_owned())),
        prop::sample::select(&TAGS[..]).prop_map(|tag| Invalidation::Tag(tag.to_owned())),
    ];
    prop_oneof![
        6 => insert,
        2 => invalidation.prop_map(Step::Invalidate),
        1 => Just(Step::Clear),
        2 => (0..15_u64).prop_map(Step::Advance),
    ]
}

/// An entry, when it ends, and its tags.
type Model = HashMap<&'static str, (String, Option<u64>, Vec<&'static str>)>;

async fn apply(step: &Step, cache: &RedisCache, model: &mut Model, now: &mut u64, by: &ManualTime) {
    match step {
        Step::Insert { key, text, seconds, tags } => {
            let tags: Vec<_> = tags.iter().map(|tag| TAGS[*tag]).collect();
            let time_to_live = seconds.map(Duration::from_secs);
            let names = tags.iter().map(ToString::to_string).collect();
            let options = EntryOptions { time_to_live, tags: names };
            cache.insert(KEYS[*key], value(text), options).await;
            let end = seconds.map(|seconds| *now + seconds);
            model.insert(KEYS[*key], (text.clone(), end, tags));
        }
        Step::Invalidate(what) => {
            cache.invalidate(what).await;
            model.retain(|key, (_, _, tags)| match what {
                Invalidation::Key(named) => key != named,
                Invalidation::Glob(glob) => !glob_matches(glob, key),
                Invalidation::Tag(tag) => !tags.contains(&tag.as_str()),
            });
        }
        Step::Clear => {
            cache.clear().await;
            model.clear();
        }
        Step::Advance(seconds) => {
            by.advance(Duration::from_secs(*seconds));
            *now += seconds;
        }
    }
    model.retain(|_, (_, end, _)| end.is_none_or(|end| end > *now));
}

#[test]
fn it_does_what_a_map_does() {
    let Some(address) = address() else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let steps = prop::collection::vec(step(), 1..40);
    proptest!(ProptestConfig::with_cases(48), |(steps in steps)| {
        let (clock, time) = Clock::manual();
        let cache = builder(&address).clock(clock).open().unwrap();
        let (mut model, mut now) = (Model::new(), 0);
        for step in &steps {
            runtime.block_on(apply(step, &cache, &mut model, &mut now, &time));
            let found = runtime.block_on(cache.get_many(&KEYS));
            let expected = KEYS.map(|key| model.get(key).map(|(text, _, _)| value(text)));
            prop_assert_eq!(found, expected, "after {:?}", step);
        }
        prop_assert_eq!(cache.stats().errors + cache.stats().corrupt, 0);
    });
}
