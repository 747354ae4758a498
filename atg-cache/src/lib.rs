//! Cache keys and times to live for cloud APIs, part of the atg crates.
//!
//! [`CacheKey`] names an answer so that no two answers ever share a name; [`TimeToLive`] says how
//! long answers of each kind stay good.

mod clock;
mod file_value;
mod json;
mod key;
mod layered;
mod loading;
mod memory;
mod source;
mod stats;
mod time_to_live;

pub use clock::{Clock, ManualTime};
pub use file_value::FileValue;
pub use json::Json;
pub use key::{CacheKey, Caller, KeyBuilder};
pub use layered::Layered;
pub use loading::{
    Cached, CachedCall, LoadError, LoadOptions, LoadStats, Loaded, LoadingCache,
    LoadingCacheBuilder, OperationStats, Validators,
};
pub use memory::{MemoryCache, MemoryCacheBuilder, Policy, RemovalCause};
pub use source::CachedSource;
pub use stats::TierStats;
pub use time_to_live::TimeToLive;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
