//! Reading one scope: a chain of pages as a stream.

use std::sync::Arc;

use atg_core::{
    Error, ErrorKind, OperationClass, Pace, Page, Read, Result, ScopeEnd, ScopeStatus, Text,
};
use futures::stream::{self, BoxStream, StreamExt};

use super::{AzureScope, AzureSource, graph_request};
use crate::Transport;
use crate::client::{Links, Request, broken, operation_name};
use crate::query::{self, GraphTable, Partition};
use crate::scan::{Answer, Scanner, Shape};

/// Reads a scope.
pub(super) fn read<T: Transport + 'static, P: Pace + 'static>(
    source: &AzureSource<T, P>,
    scope: AzureScope,
) -> BoxStream<'_, Read> {
    match scope {
        AzureScope::Rows { subscriptions, table, partition } => {
            rows(source, subscriptions, table, partition)
        }
        AzureScope::Listing { subscription, resource_type } => {
            listing(source, subscription, resource_type)
        }
    }
}

/// A scope that ends before it began.
pub(super) fn ended<'a>(error: Error) -> BoxStream<'a, Read> {
    stream::iter([Read::End(scope_end(Err(error), false))]).boxed()
}

/// What the next request of a chain is.
enum Next {
    Query(Option<String>),
    Link(String),
    Version { subscription: String, resource_type: String },
}

struct Chain<'a, T, P> {
    source: &'a AzureSource<T, P>,
    scanner: Scanner,
    links: Links,
    query: String,
    subscriptions: Arc<[String]>,
    next: Option<Next>,
    delivered: bool,
    rows: u64,
    expected: Option<u64>,
}

fn rows<T: Transport + 'static, P: Pace + 'static>(
    source: &AzureSource<T, P>,
    subscriptions: Arc<[String]>,
    table: GraphTable,
    partition: Partition,
) -> BoxStream<'_, Read> {
    let mut chain = Chain::new(source, Next::Query(None));
    chain.query = query::rows_query(table, partition);
    chain.subscriptions = subscriptions;
    chain.stream()
}

/// Reads a listing that starts at `link`.
pub(super) fn list<T: Transport + 'static, P: Pace + 'static>(
    source: &AzureSource<T, P>,
    link: String,
) -> BoxStream<'_, Read> {
    Chain::new(source, Next::Link(link)).stream()
}

fn listing<T: Transport + 'static, P: Pace + 'static>(
    source: &AzureSource<T, P>,
    subscription: String,
    resource_type: String,
) -> BoxStream<'_, Read> {
    Chain::new(source, Next::Version { subscription, resource_type }).stream()
}

impl<'a, T: Transport + 'static, P: Pace + 'static> Chain<'a, T, P> {
    fn new(source: &'a AzureSource<T, P>, next: Next) -> Self {
        Self {
            scanner: Scanner::new(source.rules.clone()),
            source,
            links: Links::default(),
            query: String::new(),
            subscriptions: [].into(),
            next: Some(next),
            delivered: false,
            rows: 0,
            expected: None,
        }
    }

    /// A stream of the chain's pages and its end.
    fn stream(self) -> BoxStream<'a, Read> {
        stream::unfold(Some(self), |chain| async move {
            let mut chain = chain?;
            match chain.page().await {
                Ok(Some(page)) => {
                    chain.delivered |= !page.resources.is_empty();
                    Some((Read::Page(page), Some(chain)))
                }
                Ok(None) => Some((Read::End(chain.end()), None)),
                Err(error) => Some((Read::End(scope_end(Err(error), chain.delivered)), None)),
            }
        })
        .boxed()
    }

    /// The next page; `None` at the end of the chain.
    async fn page(&mut self) -> Result<Option<Page>> {
        let Some(next) = self.next.take() else { return Ok(None) };
        let request = self.request(next).await?;
        let scanner = &mut self.scanner;
        let answer = self
            .source
            .client
            .send_checked(&request, |body| scan(scanner, &request, &body))
            .await?;
        self.next = self.following(&answer)?;
        self.rows += answer.items as u64;
        self.expected = self.expected.or(answer.total_records);
        Ok(Some(page_of(answer)))
    }

    async fn request(&mut self, next: Next) -> Result<Request> {
        let link = match next {
            Next::Query(token) => {
                return graph_request(&self.subscriptions, &self.query, token.as_deref());
            }
            Next::Link(link) => link,
            Next::Version { subscription, resource_type } => {
                let source = self.source;
                let versions = &source.api_versions;
                let version = versions.of(&source.client, &subscription, &resource_type).await?;
                format!(
                    "/subscriptions/{subscription}/providers/{resource_type}?api-version={version}"
                )
            }
        };
        let link = self.links.next(self.source.client.cloud(), Some(&link))?.unwrap_or(link);
        Ok(Request::get(link))
    }

    /// What follows an answer: Resource Graph is driven by its token alone, for it calls results
    /// complete that are not; a listing by its link.
    fn following(&mut self, answer: &Answer) -> Result<Option<Next>> {
        if answer.shape == Shape::ResourceGraph {
            return Ok(self
                .links
                .next_token(answer.skip_token.clone())?
                .map(|t| Next::Query(Some(t))));
        }
        Ok(answer.next_link.clone().filter(|link| !link.trim().is_empty()).map(Next::Link))
    }

    /// The end of a chain that ran out: complete, unless fewer rows came than were promised.
    fn end(&self) -> ScopeEnd {
        match self.expected {
            Some(expected) if self.rows < expected => scope_end(
                Err(Error::new(
                    ErrorKind::InvalidData,
                    "read pages",
                    format!(
                        "the listing ended after {} of {expected} rows; the tenant changed \
                         meanwhile, or pages are missing: read the scope again",
                        self.rows
                    ),
                )),
                true,
            ),
            _ => scope_end(Ok(()), self.delivered),
        }
    }
}

/// Scans an answer; one that is no listing is an error.
fn scan(scanner: &mut Scanner, request: &Request, body: &Text) -> Result<Answer> {
    let answer = scanner
        .scan(body)
        .map_err(|error| broken(request, "the answer is cut off or no JSON").with_source(error))?;
    if let Some(error) = answer.error {
        return Err(error.into_error(operation_name(request)));
    }
    let expected = match request.operation {
        OperationClass::Query => Shape::ResourceGraph,
        _ => Shape::List,
    };
    // Whatever a gateway says with status 200, a scope is complete on the word of a listing only.
    if answer.shape != expected {
        return Err(broken(request, "the answer is JSON, but not the listing asked for"));
    }
    Ok(answer)
}

fn page_of(answer: Answer) -> Page {
    Page { resources: answer.resources, skipped: answer.skipped, bytes: answer.bytes }
}

fn scope_end(result: Result<()>, delivered: bool) -> ScopeEnd {
    let Err(error) = result else {
        return ScopeEnd { status: ScopeStatus::Complete, error: None };
    };
    let status = match error.kind() {
        ErrorKind::PermissionDenied if !delivered => ScopeStatus::Denied,
        _ if delivered => ScopeStatus::Partial,
        _ => ScopeStatus::Failed,
    };
    ScopeEnd { status, error: Some(error) }
}
