//! The suite of sources.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::select_all;

use super::suite::{Broken, ConformanceFailure, Outcome, Suite, ensure, equal};
use crate::{Page, Read, ResourceSource, Scope, ScopeEnd, ScopeStatus, Text};

/// Checks a [`ResourceSource`] against its contract. `make` gives a source at each call; each
/// must have the same resources, some at least, and have its scopes end alike.
///
/// Reads the whole source about ten times: give it a small one. The checks on dropped streams
/// see little where each scope is one page.
///
/// # Errors
/// Every check that failed, with what it found.
pub async fn source<S, F, Fut>(make: F) -> Result<(), ConformanceFailure>
where
    F: Fn() -> Fut,
    Fut: Future<Output = S>,
    S: ResourceSource,
{
    let mut suite = Suite::new("source", || async { Ok(make().await) });
    suite.check("scopes_are_stable_and_distinct", scopes_are_stable_and_distinct).await;
    suite.check("every_stream_has_one_end_and_it_is_last", one_end).await;
    suite.check("an_end_says_why_it_is_not_complete", ends_say_why).await;
    suite.check("pages_count_their_bytes", pages_count_their_bytes).await;
    suite.check("skipped_items_say_which_and_why", skipped_items_say_why).await;
    suite.check("reading_twice_gives_the_same", reading_twice_gives_the_same).await;
    suite.check("scopes_are_read_at_once", scopes_are_read_at_once).await;
    suite.check("a_dropped_stream_harms_nothing", a_dropped_stream_harms_nothing).await;
    suite.check("usage_only_grows", usage_only_grows).await;
    suite.finish()
}

/// A scope as far as it was read.
#[derive(Default)]
struct Told {
    pages: Vec<Page>,
    end: Option<ScopeEnd>,
}

/// What a scope holds, for comparing: resources by key with what they say, skipped items, status.
type Facts = (BTreeMap<Text, String>, Vec<(Text, Text)>, Option<ScopeStatus>);

impl Told {
    /// Takes one event; fails if it follows the end.
    fn take(&mut self, event: Read) -> Outcome {
        ensure(self.end.is_none(), || "something follows the end of a stream".to_owned())?;
        match event {
            Read::Page(page) => self.pages.push(page),
            Read::End(end) => self.end = Some(end),
        }
        Ok(())
    }

    /// The whole, which must have an end.
    fn whole(self) -> Result<Self, Broken> {
        ensure(self.end.is_some(), || "a stream ended without Read::End".to_owned())?;
        Ok(self)
    }

    fn facts(&self) -> Facts {
        let resources = self.pages.iter().flat_map(|page| &page.resources);
        let resources = resources.map(|one| (one.id.key().clone(), format!("{one:?}"))).collect();
        let skipped = self.pages.iter().flat_map(|page| &page.skipped);
        let mut skipped: Vec<_> = skipped.map(|item| (item.id.clone(), item.why.clone())).collect();
        skipped.sort();
        (resources, skipped, self.end.as_ref().map(|end| end.status))
    }
}

/// Reads a scope to its end.
async fn told<S: ResourceSource>(source: &S, scope: &Scope) -> Result<Told, Broken> {
    let mut told = Told::default();
    let mut stream = source.read(scope);
    while let Some(event) = stream.next().await {
        told.take(event)?;
    }
    told.whole()
}

async fn told_all<S: ResourceSource>(source: &S) -> Result<Vec<(Scope, Told)>, Broken> {
    let mut all = Vec::new();
    for scope in source.scopes().await? {
        let told = told(source, &scope).await?;
        all.push((scope, told));
    }
    let resources =
        all.iter().flat_map(|(_, told)| &told.pages).any(|page| !page.resources.is_empty());
    ensure(resources, || "no scope gave a resource: nothing is tested".to_owned())?;
    Ok(all)
}

async fn facts<S: ResourceSource>(source: &S) -> Result<Vec<(Text, Facts)>, Broken> {
    let all = told_all(source).await?;
    Ok(all.iter().map(|(scope, told)| (scope.name.clone(), told.facts())).collect())
}

async fn scopes_are_stable_and_distinct<S: ResourceSource>(source: Arc<S>) -> Outcome {
    let names =
        |scopes: Vec<Scope>| -> Vec<Text> { scopes.into_iter().map(|scope| scope.name).collect() };
    let first = names(source.scopes().await?);
    told_all(source.as_ref()).await?;
    equal("scopes asked for again", &names(source.scopes().await?), &first)?;
    let mut distinct = first.clone();
    distinct.sort_unstable();
    distinct.dedup();
    equal("how many names are distinct", &distinct.len(), &first.len())
}

async fn one_end<S: ResourceSource>(source: Arc<S>) -> Outcome {
    told_all(source.as_ref()).await.map(drop)
}

async fn ends_say_why<S: ResourceSource>(source: Arc<S>) -> Outcome {
    for (scope, told) in told_all(source.as_ref()).await? {
        let Some(end) = told.end else { continue };
        let complete = end.status == ScopeStatus::Complete;
        ensure(complete == end.error.is_none(), || {
            format!("{:?} ended as {} with {:?}", scope.name, end.status, end.error)
        })?;
    }
    Ok(())
}

async fn pages_count_their_bytes<S: ResourceSource>(source: Arc<S>) -> Outcome {
    for (scope, told) in told_all(source.as_ref()).await? {
        for page in told.pages {
            ensure(page.resources.is_empty() || page.bytes > 0, || {
                format!("{:?}: a page with resources says that it keeps no bytes", scope.name)
            })?;
        }
    }
    Ok(())
}

async fn skipped_items_say_why<S: ResourceSource>(source: Arc<S>) -> Outcome {
    for (scope, told) in told_all(source.as_ref()).await? {
        for item in told.pages.iter().flat_map(|page| &page.skipped) {
            ensure(!item.id.is_empty() && !item.why.is_empty(), || {
                format!("{:?}: a skipped item without id or reason: {item:?}", scope.name)
            })?;
        }
    }
    Ok(())
}

async fn reading_twice_gives_the_same<S: ResourceSource>(source: Arc<S>) -> Outcome {
    let first = facts(source.as_ref()).await?;
    equal("what a second reading gives", &facts(source.as_ref()).await?, &first)
}

async fn scopes_are_read_at_once<S: ResourceSource>(source: Arc<S>) -> Outcome {
    let alone = facts(source.as_ref()).await?;
    let scopes = source.scopes().await?;
    // Each scope twice, by two streams of its own, an event from each in turn.
    let twice: Vec<&Scope> = scopes.iter().chain(&scopes).collect();
    let streams = twice.iter().enumerate();
    let streams = streams.map(|(number, scope)| source.read(scope).map(move |one| (number, one)));
    let mut events = select_all(streams);
    let mut readings: BTreeMap<usize, Told> = BTreeMap::new();
    while let Some((number, event)) = events.next().await {
        readings.entry(number).or_default().take(event)?;
    }
    let mut together = Vec::new();
    for (number, scope) in twice.iter().enumerate() {
        let told = readings.remove(&number).unwrap_or_default().whole()?;
        together.push((scope.name.clone(), told.facts()));
    }
    equal("what streams side by side give", &together, &[alone.clone(), alone].concat())
}

async fn a_dropped_stream_harms_nothing<S: ResourceSource>(source: Arc<S>) -> Outcome {
    let undisturbed = facts(source.as_ref()).await?;
    let scopes = source.scopes().await?;
    for taken in 0..3 {
        for scope in &scopes {
            let beside = source.read(scope);
            let _ = source.read(scope).take(taken).count().await;
            let events = beside.count().await;
            ensure(events > 0, || format!("{:?}: a stream gave nothing", scope.name))?;
        }
    }
    equal("what is read after dropped streams", &facts(source.as_ref()).await?, &undisturbed)
}

async fn usage_only_grows<S: ResourceSource>(source: Arc<S>) -> Outcome {
    let mut before = source.usage();
    for _ in 0..2 {
        told_all(source.as_ref()).await?;
        let now = source.usage();
        let grown = now.requests >= before.requests
            && now.throttled >= before.throttled
            && now.waited >= before.waited
            && now.bytes >= before.bytes;
        ensure(grown, || format!("usage went from {before:?} to {now:?}"))?;
        before = now;
    }
    Ok(())
}
