//! [`MemorySource`]: resources from a list.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use futures::StreamExt as _;
use futures::stream::{self, BoxStream};

use crate::{
    Error, ErrorKind, Page, Read, Resource, ResourceSource, Result, Scope, ScopeEnd, ScopeStatus,
    Skipped, SourceUsage, Text,
};

/// A source that holds its resources in memory, scope by scope, and ends each scope as told.
///
/// A page counts as one request in [`usage`](ResourceSource::usage). Reading a scope that was
/// never added ends as `Failed` with `NotFound`.
///
/// ```
/// use atg_core::memory::MemorySource;
/// use atg_core::{ErrorKind, Resource, ResourceId, ScopeStatus};
/// let resource = Resource::new(ResourceId::parse("/subscriptions/s")?);
/// let source = MemorySource::new()
///     .with_scope("all", vec![resource])
///     .with_scope("secret", vec![])
///     .with_end("secret", ScopeStatus::Denied, ErrorKind::PermissionDenied, "no right to read");
/// # Ok::<(), atg_core::Error>(())
/// ```
#[derive(Debug)]
pub struct MemorySource {
    scopes: Vec<Scripted>,
    page_size: usize,
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// One scope: what it holds, and how it ends.
#[derive(Debug)]
struct Scripted {
    scope: Scope,
    resources: Vec<Resource>,
    skipped: Vec<Skipped>,
    end: Option<(ScopeStatus, ErrorKind, String)>,
}

impl Default for MemorySource {
    fn default() -> Self {
        Self::new()
    }
}

impl MemorySource {
    /// A source without scopes, whose pages hold 100 resources.
    pub fn new() -> Self {
        Self {
            scopes: Vec::new(),
            page_size: 100,
            requests: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        }
    }

    /// The same source with pages of this many resources, at least 1; default 100.
    #[must_use]
    pub fn with_page_size(mut self, resources: usize) -> Self {
        self.page_size = resources.max(1);
        self
    }

    /// The same source with one more scope, which is read completely; a scope of that name that
    /// was there gets these resources instead.
    #[must_use]
    pub fn with_scope(mut self, name: impl Into<Text>, resources: Vec<Resource>) -> Self {
        let scripted = self.scripted(name.into());
        scripted.scope.estimate = Some(resources.len() as u64);
        scripted.resources = resources;
        self
    }

    /// The same source, naming these items as skipped on the last page of the scope.
    #[must_use]
    pub fn with_skipped(mut self, scope: impl Into<Text>, skipped: Vec<Skipped>) -> Self {
        self.scripted(scope.into()).skipped = skipped;
        self
    }

    /// The same source, ending the scope after its pages with this status and error. `Complete`
    /// ends without an error, whatever is given.
    #[must_use]
    pub fn with_end(
        mut self,
        scope: impl Into<Text>,
        status: ScopeStatus,
        kind: ErrorKind,
        message: impl Into<String>,
    ) -> Self {
        let end = (status != ScopeStatus::Complete).then(|| (status, kind, message.into()));
        self.scripted(scope.into()).end = end;
        self
    }

    fn scripted(&mut self, name: Text) -> &mut Scripted {
        let at = self.scopes.iter().position(|one| one.scope.name == name).unwrap_or_else(|| {
            self.scopes.push(Scripted {
                scope: Scope::new(name),
                resources: Vec::new(),
                skipped: Vec::new(),
                end: None,
            });
            self.scopes.len() - 1
        });
        &mut self.scopes[at]
    }

    fn page(&self, scripted: &Scripted, number: usize) -> Page {
        let start = (number * self.page_size).min(scripted.resources.len());
        let end = (start + self.page_size).min(scripted.resources.len());
        let resources = scripted.resources[start..end].to_vec();
        let last = end == scripted.resources.len();
        let skipped = if last { scripted.skipped.clone() } else { Vec::new() };
        let bytes = resources.iter().map(Resource::size).sum();
        self.requests.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        Page { resources, skipped, bytes }
    }
}

impl Scripted {
    fn end(&self) -> ScopeEnd {
        match &self.end {
            None => ScopeEnd { status: ScopeStatus::Complete, error: None },
            Some((status, kind, message)) => ScopeEnd {
                status: *status,
                error: Some(Error::new(*kind, "read scope", message.clone())),
            },
        }
    }
}

#[async_trait]
impl ResourceSource for MemorySource {
    async fn scopes(&self) -> Result<Vec<Scope>> {
        Ok(self.scopes.iter().map(|scripted| scripted.scope.clone()).collect())
    }

    fn read<'a>(&'a self, scope: &'a Scope) -> BoxStream<'a, Read> {
        let Some(scripted) = self.scopes.iter().find(|one| one.scope.name == scope.name) else {
            let message = format!("there is no scope {:?}", scope.name);
            let error = Some(Error::new(ErrorKind::NotFound, "read scope", message));
            let end = ScopeEnd { status: ScopeStatus::Failed, error };
            return stream::iter([Read::End(end)]).boxed();
        };
        let full = scripted.resources.len().div_ceil(self.page_size);
        let pages = full.max(usize::from(!scripted.skipped.is_empty()));
        stream::iter(0..pages)
            .map(|number| Read::Page(self.page(scripted, number)))
            .chain(stream::iter([()]).map(|()| Read::End(scripted.end())))
            .boxed()
    }

    fn usage(&self) -> SourceUsage {
        SourceUsage {
            requests: self.requests.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            ..SourceUsage::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt as _;

    use super::MemorySource;
    use crate::{
        ErrorKind, Read, Resource, ResourceId, ResourceSource as _, Scope, ScopeStatus, Skipped,
    };

    fn resources(count: usize) -> Vec<Resource> {
        (0..count)
            .map(|number| ResourceId::parse(format!("/subscriptions/{number}")).unwrap())
            .map(Resource::new)
            .collect()
    }

    async fn read(source: &MemorySource, name: &str) -> (Vec<usize>, usize, ScopeStatus) {
        let scope = Scope::new(name);
        let events: Vec<Read> = source.read(&scope).collect().await;
        let (mut sizes, mut skipped, mut status) = (Vec::new(), 0, None);
        for event in events {
            match event {
                Read::Page(page) => {
                    sizes.push(page.resources.len());
                    skipped += page.skipped.len();
                }
                Read::End(end) => status = Some(end.status),
            }
        }
        (sizes, skipped, status.unwrap())
    }

    #[tokio::test]
    async fn pages_skips_and_ends_come_as_scripted() {
        let skip = Skipped { id: "items[3]".into(), why: "no id".into() };
        let source = MemorySource::new()
            .with_page_size(2)
            .with_scope("five", resources(5))
            .with_scope("none", vec![])
            .with_scope("bad", vec![])
            .with_skipped("bad", vec![skip])
            .with_end("bad", ScopeStatus::Partial, ErrorKind::Timeout, "no answer");
        assert_eq!(read(&source, "five").await, (vec![2, 2, 1], 0, ScopeStatus::Complete));
        assert_eq!(source.usage().requests, 3);
        assert_eq!(read(&source, "none").await, (vec![], 0, ScopeStatus::Complete));
        assert_eq!(read(&source, "bad").await, (vec![0], 1, ScopeStatus::Partial));
        assert_eq!(read(&source, "other").await, (vec![], 0, ScopeStatus::Failed));
    }
}
