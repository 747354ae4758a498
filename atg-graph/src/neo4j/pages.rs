//! Streams made of pages, so that memory is bounded and no transaction stays open between them.

use std::sync::Arc;

use atg_core::{Error, ErrorKind, Result};
use futures::stream::{self, BoxStream, StreamExt as _, TryStreamExt as _};
use tokio::task::JoinSet;

use super::errors::{Class, Failure};
use super::pool::Pool;
use super::work::{self, Work};

/// A page of items, and the reading of the next one; `None` at the end.
pub(super) struct Page<T, W> {
    pub(super) items: Vec<T>,
    pub(super) next: Option<W>,
}

impl<T, W> Page<T, W> {
    /// The page behind which nothing is.
    pub(super) fn last(items: Vec<T>) -> Self {
        Self { items, next: None }
    }
}

/// What a stream goes on with.
enum Next<T, W> {
    Unread(W),
    /// In a task of its own, which ends with the stream.
    Reading(JoinSet<Result<Page<T, W>>>),
}

/// Streams the items of the pages that `first` and those behind it read, each in a transaction of
/// its own. While a page's items are taken, the next one is read, so two pages are in memory at
/// most. Nothing is read before the stream is polled.
pub(super) fn paged<T, W>(pool: &Arc<Pool>, first: W) -> BoxStream<'static, Result<T>>
where
    T: Send + 'static,
    W: Work<Outcome = Page<T, W>> + 'static,
{
    let pool = Arc::clone(pool);
    stream::try_unfold(Some(Next::Unread(first)), move |next| {
        let pool = Arc::clone(&pool);
        async move {
            let page = match next {
                None => return Ok(None),
                Some(Next::Unread(work)) => read(&pool, work).await?,
                Some(Next::Reading(mut task)) => match task.join_next().await {
                    Some(Ok(page)) => page?,
                    Some(Err(ended)) => return Err(interrupted().with_source(ended)),
                    None => return Err(interrupted()),
                },
            };
            let next = page.next.map(|work| {
                let mut task = JoinSet::new();
                task.spawn(async move { read(&pool, work).await });
                Next::Reading(task)
            });
            Ok(Some((stream::iter(page.items).map(Ok), next)))
        }
    })
    .try_flatten()
    .boxed()
}

/// Reads once, trying again what may pass.
pub(super) async fn read<W: Work>(pool: &Pool, mut work: W) -> Result<W::Outcome> {
    Ok(work::perform(pool, &mut work).await?)
}

fn interrupted() -> Error {
    Error::new(ErrorKind::Internal, "read a page", "the task that read it ended without a result")
}

/// The failure of something that is stored and that this store would not have written so.
pub(super) fn foreign(
    what: &str,
    why: impl Into<Box<dyn std::error::Error + Send + Sync>>,
) -> Failure {
    let message = format!("{what} was not written by this store; repair or delete what has it");
    let error = Error::new(ErrorKind::InvalidData, "read from Neo4j", message).with_source(why);
    Failure::new(Class::Fatal, error)
}
