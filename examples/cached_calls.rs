//! What the caches do, on one page: `cargo run --example cached_calls`

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use atg_cache::{
    Cached, Caller, Clock, FileCache, Json, Layered, LoadOptions, LoadingCache, MemoryCache,
    TimeToLive,
};
use atg_core::Invalidation;

/// A cloud that counts how often it is asked.
#[derive(Default)]
struct Cloud {
    asked: AtomicU64,
}

impl Cloud {
    async fn machines(&self) -> Result<String, Infallible> {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(format!("machines, answer {}", self.asked.fetch_add(1, Relaxed) + 1))
    }
}

/// Memory above files, which the next run of this program finds.
type Tiers = Layered<MemoryCache<Cached<String>>, Json<FileCache>>;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = tempfile::tempdir()?;
    let (clock, time) = Clock::manual();
    let memory = MemoryCache::builder(10_000).clock(clock.clone()).build();
    let files = FileCache::builder(directory.path()).clock(clock.clone()).open()?;
    let cache: LoadingCache<String, Infallible, Tiers> =
        LoadingCache::builder(Layered::new(memory.clone(), Json::new(files.clone())))
            .clock(clock)
            .event(
                "vm_delete",
                ["vm_list:*", "vm_status:*"].map(|glob| Invalidation::Glob(glob.into())),
            )
            .build();

    // Keys name the operation, the resource, and always who asks.
    let caller = Caller::new("contoso", "reporting");
    let key = caller.key("vm_list", "virtualmachines").id("/subscriptions/S1").build();
    println!("key: {key}");

    // A call that is cached: five minutes fresh, ten more while another is loaded.
    let listing = cache.cached(
        LoadOptions::fresh_for(TimeToLive::VM_LIST)
            .stale_while_revalidate(2 * TimeToLive::VM_LIST)
            .with_tag("subscription:s1"),
    );
    let cloud = Arc::new(Cloud::default());
    let list = || {
        let cloud = cloud.clone();
        listing.call(&key, move || async move { cloud.machines().await })
    };
    let hundred = futures::future::join_all((0..100).map(|_| list())).await;
    println!("100 callers at once: {:?}, asked {}", hundred[0], cloud.asked.load(Relaxed));

    time.advance(TimeToLive::VM_LIST + Duration::from_secs(1));
    let stale = list().await?;
    println!("stale, served at once: {stale}");
    let mut now = list().await?;
    while now == stale {
        tokio::time::sleep(Duration::from_millis(5)).await;
        now = list().await?;
    }
    println!("loaded meanwhile: {now}");

    // A call that changes something, and what it makes out of date.
    cache.invalidating("vm_delete", async { Ok::<_, Infallible>(()) }).await?;
    println!("after the event: {}", list().await?);
    cache.invalidate(&Invalidation::Tag("subscription:s1".to_owned())).await;
    println!("after the tag: {}", list().await?);

    // Many keys, one call.
    let keys = ["vm_status:a", "vm_status:b", "vm_status:c"];
    let load = |keys: Vec<String>| async move {
        let running = |key: String| (key, "running".to_owned());
        Ok(keys.into_iter().map(running).collect::<HashMap<_, _>>())
    };
    let options = LoadOptions::fresh_for(TimeToLive::VM_STATUS);
    println!("three states: {}", cache.get_many(&keys, &options, load).await?.len());

    println!("\n{}\nmemory: {}\nfiles: {}", cache.stats(), memory.stats(), files.stats());
    Ok(())
}
