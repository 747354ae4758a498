//! Caches for cloud APIs, part of the atg crates, and usable without them.
//!
//! | tier | keeps | for |
//! |---|---|---|
//! | [`MemoryCache`] | any value, in memory | one process |
//! | [`FileCache`] | bytes, a file a key | all processes of a machine, and the next run |
//! | `RedisCache` (feature `redis`) | bytes, in a Redis server | all processes of all machines |
//! | [`Json`] | any value, in a tier of bytes | |
//! | [`Layered`] | what two tiers keep | a fast one above a lasting one |
//! | [`NoCache`](atg_core::NoCache) | nothing | caching switched off |
//!
//! Over any of them, [`LoadingCache`] loads what is missing: one load a key, stale values while
//! another is loaded, invalidation by key, glob, tag and event. [`CacheKey`] names an answer so
//! that no two answers ever share a name; [`TimeToLive`] says how long answers of each kind stay
//! good. [`CachedSource`] caches a resource source's lookups, and [`FileValue`] a file that is
//! parsed.

mod clock;
mod file;
mod file_value;
mod json;
mod key;
mod layered;
mod loading;
mod memory;
#[cfg(feature = "redis")]
mod redis;
mod source;
mod stats;
mod time_to_live;

pub use clock::{Clock, ManualTime};
pub use file::{FileCache, FileCacheBuilder, KeyLock};
pub use file_value::FileValue;
pub use json::Json;
pub use key::{CacheKey, Caller, KeyBuilder};
pub use layered::Layered;
pub use loading::{
    Cached, CachedCall, LoadError, LoadOptions, LoadStats, Loaded, LoadingCache,
    LoadingCacheBuilder, OperationStats, Validators,
};
pub use memory::{MemoryCache, MemoryCacheBuilder, Policy, RemovalCause};
#[cfg(feature = "redis")]
pub use redis::{Heard, Listening, RedisBuilder, RedisCache, RedisOpenError};
pub use source::CachedSource;
pub use stats::TierStats;
pub use time_to_live::TimeToLive;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
